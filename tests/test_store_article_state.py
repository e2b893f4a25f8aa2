"""An article moves only as the state machine says, whatever happens to it in whatever order."""

from __future__ import annotations

import ast
import datetime as dt
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

import pipeline
from pipeline.records import Article, Outcome, Reason, Stage
from pipeline.store import NewArticle, StageResult, article_state
from pipeline.store.ledger import Ledger
from pipeline.store.outbox import GroupsToSettle
from pipeline.store.rows import DROPPED, PENDING, QUARANTINED, REMOVED
from pipeline.store.schema import metadata
from pipeline.store.schema.articles import items
from tests.helpers.support import NOW

PACKAGE = Path(pipeline.__file__).parent
MINUTE = dt.timedelta(minutes=1)
IDS = ("a", "b")


class Removals:
    """An outbox that nothing is taken from."""

    def add_documents(self, connection, ids):
        """Take no notice."""


def new_ledger(owner="me"):
    return Ledger(owner, Removals(), GroupsToSettle())


@pytest.fixture
def connection():
    engine = sa.create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.connect() as opened:
        new_ledger().insert_articles(opened, [NewArticle(id=name, source="Times", first_seen=NOW) for name in IDS], NOW)
        yield opened
    engine.dispose()


def row(connection, name="a"):
    return connection.execute(sa.select(items).where(items.c.id == name)).mappings().one()


def record_of(stage, article):
    return Article(id=article.id) if stage is Stage.EXTRACT else None


def pass_stages(connection, until=None, ledger=None):
    """Let every article pass the stages before ``until`` (None: all of them)."""
    ledger = ledger or new_ledger()
    for stage in list(Stage)[1:]:
        if stage is until:
            return
        claimed = ledger.claim(connection, stage, NOW, limit=9, seconds=60)
        results = [
            StageResult(article=article, outcome=Outcome.DONE, record=record_of(stage, article)) for article in claimed
        ]
        ledger.finish(connection, stage, results, NOW, max_attempts=3)


def test_no_other_module_writes_items():
    writers = set()
    for path in PACKAGE.rglob("*.py"):
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in {"insert", "update", "delete"}:
                if isinstance(node.value, ast.Name) and node.value.id == "items":
                    writers.add(path.name)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "UPDATE items" in node.value:
                writers.add(path.name)
    assert writers == {"article_state.py"}


def test_an_article_passes_the_stages_in_their_order(connection):
    for stage, following in zip(list(Stage)[1:], [*list(Stage)[2:], None], strict=True):
        assert row(connection)["stage"] == stage
        pass_stages(connection, following)
        assert (row(connection)["state"], row(connection)["stage"]) == (PENDING, following)


@pytest.mark.parametrize(
    ("outcome", "state"), [(Outcome.DROPPED, DROPPED), (Outcome.QUARANTINED, QUARANTINED), (Outcome.RETRY, PENDING)]
)
def test_an_article_that_a_stage_gives_up_stays_there_until_it_is_queued_again(connection, outcome, state):
    pass_stages(connection, Stage.EXTRACT)
    ledger = new_ledger()
    claimed = ledger.claim(connection, Stage.EXTRACT, NOW, limit=9, seconds=60)
    results = [StageResult(article=article, outcome=outcome, retry_at=NOW + MINUTE) for article in claimed]
    ledger.finish(connection, Stage.EXTRACT, results, NOW, max_attempts=3)
    assert (row(connection)["state"], row(connection)["stage"]) == (state, Stage.EXTRACT)
    assert ledger.claim(connection, Stage.EXTRACT, NOW, limit=9, seconds=60) == []
    assert article_state.requeue(connection, [items.c.id == "a"], NOW) == 1
    assert [article.id for article in ledger.claim(connection, Stage.EXTRACT, NOW, limit=9, seconds=60)] == ["a"]
    assert row(connection)["attempts"] == 0


def test_an_article_that_is_sent_back_is_taken_from_its_worker(connection):
    pass_stages(connection, Stage.DEDUPE)
    ledger = new_ledger()
    (article, _) = ledger.claim(connection, Stage.DEDUPE, NOW, limit=9, seconds=60)
    assert article_state.send_back(connection, [items.c.id == "a"], Stage.EXTRACT, NOW) == 1
    result = StageResult(article=article, outcome=Outcome.DONE)
    assert ledger.finish(connection, Stage.DEDUPE, [result], NOW, max_attempts=3) == []
    assert row(connection)["stage"] == Stage.EXTRACT


def test_an_article_that_is_queued_again_is_taken_from_its_worker(connection):
    pass_stages(connection, Stage.DEDUPE)
    ledger = new_ledger()
    (article, _) = ledger.claim(connection, Stage.DEDUPE, NOW, limit=9, seconds=60)
    article_state.bump_revision(connection, items.c.id == "a")
    assert row(connection)["lease_owner"]  # a change of its document alone takes it from nobody
    assert article_state.requeue(connection, [items.c.id == "a"], NOW) == 1
    other = new_ledger("other")
    assert [again.id for again in other.claim(connection, Stage.DEDUPE, NOW, limit=9, seconds=60)] == ["a"]
    result = StageResult(article=article, outcome=Outcome.DONE)
    assert ledger.finish(connection, Stage.DEDUPE, [result], NOW, max_attempts=3) == []


@pytest.mark.parametrize(("waiting_for_index", "revision"), [(True, 1), (False, 0)])
def test_one_that_waited_for_the_index_waits_for_it_again(connection, waiting_for_index, revision):
    pass_stages(connection, Stage.INDEX if waiting_for_index else None)
    article_state.send_back(connection, [items.c.id == "a"], Stage.FETCH, NOW, version=2)
    assert (row(connection)["version"], row(connection)["revision"]) == (2, revision)


def test_a_removed_article_never_comes_back(connection):
    pass_stages(connection)
    article_state.remove(connection, ["a"])
    removed = row(connection)
    assert article_state.send_back(connection, [items.c.id == "a"], Stage.FETCH, NOW, version=2) == 0
    assert article_state.requeue(connection, [items.c.id == "a"], NOW) == 0
    article_state.requeue_for_index(connection, sa.true())
    assert row(connection) == removed
    assert (removed["state"], removed["stage"], removed["lease_until"]) == (REMOVED, None, None)


def test_a_version_that_cannot_be_had_leaves_the_article_at_the_one_before(connection):
    pass_stages(connection)
    ledger = new_ledger()
    article_state.send_back(connection, [items.c.id == "a"], Stage.FETCH, NOW, version=2)
    (article,) = ledger.claim(connection, Stage.FETCH, NOW, limit=9, seconds=60)
    gone = StageResult(article=article, outcome=Outcome.DROPPED, reason=Reason.GONE)
    ledger.finish(connection, Stage.FETCH, [gone], NOW, max_attempts=3)
    assert [row(connection)[name] for name in ("version", "state", "stage")] == [1, PENDING, None]


OUTCOMES = st.sampled_from(
    [
        *[(Outcome.DONE, None)] * 4,
        (Outcome.RETRY, Reason.TIMEOUT),
        (Outcome.DROPPED, Reason.GONE),
        (Outcome.DROPPED, Reason.DUPLICATE),
        (Outcome.QUARANTINED, Reason.CRASHED),
    ]
)
STAGES = st.sampled_from(list(Stage)[1:])
STEPS = st.one_of(
    st.tuples(st.just("pass_all")),
    st.tuples(st.just("claim"), STAGES),
    st.tuples(st.just("finish"), OUTCOMES),
    st.tuples(st.just("release")),
    st.tuples(st.just("send_back"), STAGES, st.booleans(), st.booleans()),
    st.tuples(st.just("requeue")),
    st.tuples(st.just("bump_revision")),
    st.tuples(st.just("requeue_all_for_index")),
    st.tuples(st.just("remove"), st.sampled_from(IDS)),
)


class Life:
    """Two articles and a worker to whom anything happens, a minute after each other; leases last for two."""

    def __init__(self, connection):
        self.connection, self.ledger, self.now = connection, new_ledger(), NOW
        self.claimed = []  # (stage, what was claimed for it)
        self.removed = set()

    def step(self, kind, *arguments):
        self.now += MINUTE
        getattr(self, kind)(*arguments)

    def pass_all(self):
        for stage in list(Stage)[1:]:
            self.claim(stage)
            self.finish((Outcome.DONE, None))

    def claim(self, stage):
        claimed = self.ledger.claim(self.connection, stage, self.now, limit=9, seconds=120)
        self.claimed.append((stage, claimed))

    def finish(self, result):
        if not self.claimed:
            return
        (stage, claimed), (outcome, reason) = self.claimed.pop(), result
        results = [
            StageResult(
                article=article,
                outcome=outcome,
                reason=reason,
                record=record_of(stage, article) if outcome is Outcome.DONE else None,
            )
            for article in claimed
        ]
        self.ledger.finish(self.connection, stage, results, self.now, max_attempts=2)

    def release(self):
        if self.claimed:
            self.ledger.release(self.connection, self.claimed.pop()[1])

    def send_back(self, stage, new_version, new_revision):
        version = items.c.version + 1 if new_version else None
        passed = [article_state.has_passed(stage)]
        article_state.send_back(self.connection, passed, stage, self.now, version=version, new_revision=new_revision)

    def requeue(self):
        article_state.requeue(self.connection, [items.c.state.in_([DROPPED, QUARANTINED])], self.now)

    def bump_revision(self):
        self.ledger.bump_revision(self.connection, ids=["a"])

    def requeue_all_for_index(self):
        self.ledger.requeue_all_for_index(self.connection)

    def remove(self, name):
        self.removed.add(name)
        article_state.remove(self.connection, [name])


@given(st.lists(STEPS, max_size=20))
def test_whatever_happens_an_article_is_in_one_of_the_states_and_nothing_of_it_is_lost(steps):
    engine = sa.create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.connect() as connection:
        arrivals = [NewArticle(id=name, source="Times", first_seen=NOW) for name in IDS]
        new_ledger().insert_articles(connection, arrivals, NOW)
        life = Life(connection)
        for step in steps:
            life.step(*step)
            for name in IDS:
                article = row(connection, name)
                assert article["state"] in {PENDING, DROPPED, QUARANTINED, REMOVED}
                assert (article["state"] == REMOVED) == (name in life.removed)
                assert (article["lease_owner"] is None) == (article["lease_until"] is None)
                if article["state"] in {DROPPED, QUARANTINED}:
                    assert article["stage"]  # where it goes on when it is tried again
                if article["state"] == PENDING and article["stage"] is None:
                    assert article["indexed"] == article["revision"]  # what is through is in the index as it is
                assert article["version"] >= 1
                assert article["attempts"] <= 2
    engine.dispose()
