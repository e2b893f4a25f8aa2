"""A new generation of the index is filled beside the one that is searched: whatever happens meanwhile, nothing is lost,
nothing comes back, and no search sees less.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import tempfile
import threading
import time
import uuid
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import reindex
from pipeline.audit import Depth, run_audit
from pipeline.context import Context
from pipeline.editorial.takedown import take_down
from pipeline.errors import BusyError, IndexRefusedError, UsageError
from pipeline.index import MAX_HITS, Query
from pipeline.index._sqlite import SqliteIndex
from pipeline.records import Article, Copy, Names, Stage
from pipeline.settings import IndexSettings, Settings
from pipeline.stages import run_one
from pipeline.stages.index import IndexHandler
from pipeline.store import NewArticle, Selection, Store
from tests.helpers.support import NOW, REPO, places

COUNT = 7


@contextlib.contextmanager
def newsroom(folder, **index):
    """Open a context whose articles have passed cluster and are in the index."""
    environment = places(folder)
    if index:
        environment = msgspec.structs.replace(environment, index_url=index.pop("url"))
    chosen = Settings(index=IndexSettings(**index))
    with Context(chosen, [], environment, config=REPO / "config", clock=lambda: NOW) as context:
        arrive(context, COUNT)
        run_one(context, Stage.INDEX)
        context.index.refresh()
        yield context


@contextlib.contextmanager
def on_elasticsearch(folder):
    from elasticsearch import Elasticsearch

    url, alias = os.environ.get("NEWSWIRE_TEST_ELASTICSEARCH", "http://127.0.0.1:9200"), f"test-{uuid.uuid4().hex}"
    try:
        with newsroom(folder, url=url, alias=alias) as context:
            yield context
    finally:
        with Elasticsearch(url) as client:
            for name in client.indices.get(index=f"{alias}*"):
                client.indices.delete(index=name)
            client.options(ignore_status=404).indices.delete_index_template(name=alias)


@pytest.fixture(params=[newsroom, pytest.param(on_elasticsearch, marks=pytest.mark.servers)])
def context(request, tmp_path):
    with request.param(tmp_path) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(reindex, "_BATCH", 2)


def arrive(context, count, numbers=itertools.count()):  # noqa: B008  every article of a test run has another number
    """Let articles come that have passed all stages but the index."""
    articles = []
    for number in itertools.islice(numbers, count):
        name = f"{number:020x}"
        records = (Article(id=name, title=f"Dam {number}", text="It broke."), Copy(id=name, group=name), Names(id=name))
        articles.append(
            NewArticle(id=name, source="Herald", first_seen=NOW, url=None, stage=Stage.CLUSTER, records=records)
        )
    with context.store.write() as connection:
        context.store.ledger.insert_articles(connection, articles, NOW)
    run_one(context, Stage.CLUSTER)
    return [article.id for article in articles]


def rows_of(context):
    with context.store.read() as connection:
        return context.store.ledger.documented_page(connection, 0, 1 << 40, NOW, 1000)


def found(context):
    context.index.refresh()
    return {hit.document.id: hit.document.revision for hit in context.index.search(Query(size=MAX_HITS)).hits}


def faults(context):
    names = ["index", "documents"]
    return [result for result in run_audit(context, names, documents=Depth.ALL, pause_seconds=0) if result.faults]


def step(context):
    """Build one batch."""
    asked = []
    return reindex.build(context, is_ending=lambda: bool(asked) or asked.append(1))


def complete(context):
    reindex.build(context)
    assert reindex.verify(context, pause_seconds=0) == []
    return reindex.switch(context)


# --- what it comes to


def test_searches_see_the_new_generation_with_the_same_documents_and_nothing_is_written_again(context):
    before, identity = found(context), context.index.identity()
    built = complete(context)
    assert (found(context), built.read, built.articles) == (before, COUNT, COUNT)
    assert context.index.identity() == built.identity != identity
    assert run_one(context, Stage.INDEX).to_plain()["in"] == 0
    assert faults(context) == []
    assert [(one.number, one.is_current) for one in context.index.list_generations()] == [(1, False), (2, True)]
    assert reindex.drop_former(context) == [1]
    assert (found(context), reindex.drop_former(context)) == (before, [])


def test_what_is_written_and_removed_meanwhile_is_so_in_both(context):
    step(context)
    rows = rows_of(context)
    take_down(context, rows[0])
    with context.store.write() as connection:
        context.store.ledger.bump_revision(connection, ids=[rows[1].id])
    (new,) = arrive(context, 1)
    run_one(context, Stage.INDEX)
    complete(context)
    expected = {row.id: 1 if row in rows[2:] else 2 for row in rows[1:]} | {new: 0}
    assert found(context).keys() == expected.keys()
    assert found(context)[rows[1].id] > rows[1].revision
    assert faults(context) == []


def test_articles_that_pass_stages_again_keep_their_documents_until_they_are_through(context):
    before = found(context)
    with context.store.write() as connection:
        context.store.admin.redo_stage(connection, Stage.CLUSTER, Selection(), NOW)
    complete(context)
    assert found(context).keys() == before.keys()
    run_one(context, Stage.CLUSTER)
    run_one(context, Stage.INDEX)
    assert (found(context).keys(), faults(context)) == (before.keys(), [])


def test_a_takedown_reaches_the_former_generation_that_is_kept(context):
    complete(context)
    row = rows_of(context)[0]
    take_down(context, row)
    former = context.index.open_generation(1)
    former.refresh()
    assert (former.get(row.id), former.count()) == (None, COUNT - 1)


def test_a_third_generation_takes_the_place_of_the_first(context):
    complete(context)
    complete(context)
    assert [one.number for one in context.index.list_generations()] == [2, 3]


# --- cut off, refused, faulty


def test_one_that_was_cut_off_goes_on_where_it_was(context):
    step(context)
    begun = step(context)
    assert (begun.read, begun.is_complete) == (4, False)
    done = reindex.build(context)
    assert (done.generation, done.read, done.is_complete) == (begun.generation, COUNT, True)


def test_one_that_was_cut_off_can_be_given_up(context):
    step(context)
    assert reindex.drop_former(context) == [2]
    assert reindex.load_build(context) is None
    assert complete(context).read == COUNT


def test_one_that_ended_right_after_the_switch_is_noted_by_whoever_comes_next(context, monkeypatch):
    reindex.build(context)
    reindex.verify(context, pause_seconds=0)
    with monkeypatch.context() as patched:
        patched.setattr(reindex, "_note_switched", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            reindex.switch(context)
    assert run_one(context, Stage.INDEX).to_plain()["in"] == 0  # it is known to be filled
    assert (len(found(context)), faults(context)) == (COUNT, [])
    assert complete(context).generation == 3


def test_a_second_one_at_once_is_refused_with_the_name_of_the_first(context):
    other = Store(context.environment.store_url)
    try:
        assert other.keep_lock(reindex.LOCK, NOW, 600) is None
        for attempt in (reindex.build, reindex.verify, reindex.switch, reindex.drop_former):
            with pytest.raises(BusyError, match=f"^{other.owner} is building the index anew; newswire status"):
                attempt(context)
    finally:
        other.close()


def test_nothing_is_switched_to_that_is_not_complete_and_verified(context):
    with pytest.raises(UsageError, match="newswire reindex builds one"):
        reindex.switch(context)
    step(context)
    with pytest.raises(UsageError, match="no new generation of the index is complete"):
        reindex.verify(context)
    reindex.build(context)
    with pytest.raises(UsageError, match="not verified"):
        reindex.switch(context)


def test_a_document_that_is_missing_is_found_and_searches_stay_where_they_are(context):
    built = reindex.build(context)
    gone = rows_of(context)[3].id
    context.index.open_generation(built.generation).delete([gone])
    wrong = reindex.verify(context, pause_seconds=0)
    assert {gone in line for line in wrong} == {True}
    with pytest.raises(IndexRefusedError, match=f"searches stay with the former one: .*{gone}"):
        reindex.require_nothing_wrong(wrong)
    with pytest.raises(UsageError, match="not verified"):
        reindex.switch(context)


# --- whatever happens in between


class Newsroom:
    """What may happen while a generation is built, in any order; each happens as a whole, but see ``at``."""

    def __init__(self, context, draw):
        self.context = context
        self._draw = draw
        self._depth = 0
        self._removed = set()
        self.switches = 0
        self.is_at_index = False

    def happen(self, kind):
        getattr(self, kind)()

    def pick(self):
        rows = rows_of(self.context)
        return rows[self._draw(st.integers(0, len(rows) - 1))] if rows else None

    def arrive(self):
        arrive(self.context, 1)

    def change(self):
        if row := self.pick():
            with self.context.store.write() as connection:
                self.context.store.ledger.bump_revision(connection, ids=[row.id])

    def withdraw(self):
        if row := self.pick():
            with self.context.store.write() as connection:
                self.context.store.ledger.withdraw(connection, row, "taken back", NOW)
            self._removed.add(row.id)

    def take_down(self):
        if row := self.pick():
            take_down(self.context, row)
            self._removed.add(row.id)

    def redo(self):
        if row := self.pick():
            with self.context.store.write() as connection:
                which = Selection(ids=(row.id,))
                self.context.store.admin.redo_stage(connection, Stage.CLUSTER, which, NOW)

    def cluster(self):
        run_one(self.context, Stage.CLUSTER)

    def index(self):
        run_one(self.context, Stage.INDEX, limit=self._draw(st.integers(1, 3)))

    def step(self):
        with contextlib.suppress(BusyError):
            step(self.context)

    def switch(self):
        """Verify and switch, if it is complete: nothing that searches found is missing, or older, or was removed."""
        build = reindex.load_build(self.context)
        if build is None or not build.is_complete:
            return
        assert reindex.verify(self.context, pause_seconds=0) == []
        before = found(self.context)
        reindex.switch(self.context)
        after = found(self.context)
        self.switches += 1
        with self.context.store.read() as connection:
            hidden = self.context.store.ledger.find_hidden(connection, before.keys() | after.keys(), NOW)
        assert before.keys() - after.keys() <= hidden  # stage index would have removed them next
        assert all(after[name] >= revision for name, revision in before.items() if name in after)
        assert not (after.keys() - before.keys()) & (hidden | self._removed)

    def at(self, kinds):
        """Let something happen in the middle of something else."""
        if self._depth == 0:
            self._depth += 1
            for kind in self._draw(st.lists(st.sampled_from(kinds), max_size=2)):
                self.happen(kind)
            self._depth -= 1


IN_A_STEP = ["arrive", "change", "withdraw", "take_down", "redo", "cluster", "index"]
IN_STAGE_INDEX = ["arrive", "change", "withdraw", "redo", "cluster", "step", "switch"]


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_whatever_happens_in_whatever_order_nothing_is_lost_and_nothing_comes_back(data):
    kinds = [*IN_A_STEP, "step", "step", "step", "switch"]
    with contextlib.ExitStack() as stack:
        context = stack.enter_context(newsroom(Path(stack.enter_context(tempfile.TemporaryDirectory()))))
        patched = stack.enter_context(pytest.MonkeyPatch.context())
        room = Newsroom(context, data.draw)
        put, decide, numbers = reindex._put, IndexHandler.decide, SqliteIndex._numbers

        def put_with_company(*arguments):
            room.at(IN_A_STEP)
            put(*arguments)
            room.at(IN_A_STEP)

        def decide_with_company(handler, *arguments):
            room.at(IN_STAGE_INDEX)
            room.is_at_index = True
            decide(handler, *arguments)
            room.is_at_index = False
            room.at(IN_STAGE_INDEX)

        def numbers_with_company(index):
            """A generation may be begun, filled and switched to after stage index has looked which ones there are."""
            listed = numbers(index)
            if room.is_at_index:
                room.at(IN_STAGE_INDEX)
            return listed

        patched.setattr(reindex, "_BATCH", 2)
        patched.setattr(reindex, "_put", put_with_company)
        patched.setattr(IndexHandler, "decide", decide_with_company)
        patched.setattr(SqliteIndex, "_numbers", numbers_with_company)
        for kind in data.draw(st.lists(st.sampled_from(kinds), min_size=4, max_size=24)):
            room.happen(kind)
        reindex.build(context)
        room.switch()
        assert room.switches
        patched.undo()
        run_one(context, Stage.CLUSTER)
        run_one(context, Stage.INDEX)
        assert faults(context) == []


def test_searches_and_writes_that_never_pause_miss_nothing(context):
    """Under a search after the other, and a round of writes after each batch that is built."""
    ended, wrong, least = threading.Event(), [], [COUNT]

    def search():
        while not ended.is_set():
            try:
                seen = context.index.search(Query(size=1)).articles
            except Exception as error:  # noqa: BLE001  any is a failure
                wrong.append(repr(error))
                return
            if seen < least[0]:
                wrong.append(f"{seen} after {least[0]}")
            least[0] = max(least[0], seen)
            time.sleep(0.005)

    searcher = threading.Thread(target=search)
    searcher.start()
    written = 0
    try:
        while not reindex.build(context, is_ending=iter([False, True]).__next__).is_complete:
            arrive(context, 1)
            run_one(context, Stage.INDEX)
            written += 1
        complete(context)
    finally:
        ended.set()
        searcher.join()
    assert wrong == []
    assert len(found(context)) == COUNT + written > COUNT
    assert faults(context) == []
