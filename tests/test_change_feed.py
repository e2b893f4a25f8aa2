"""Facts about the change feed: whoever follows it comes to hold what the index holds, whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import random
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.change_feed import ChangeReader, iter_changes
from pipeline.change_records import ENDINGS, ChangeKind
from pipeline.decisions import DecisionAuthor
from pipeline.editorial.copies import merge_groups
from pipeline.editorial.lookup import find_article
from pipeline.editorial.stories import merge_stories
from pipeline.editorial.takedown import take_down
from pipeline.editorial.undo import undo_decision
from pipeline.editorial.withdrawals import withdraw_by_editor
from pipeline.errors import ExpiredError, NewswireError, UsageError
from pipeline.records import Article, Copy, Entry, Placement, Stage
from pipeline.settings import Settings
from pipeline.stages import Context, run_one
from pipeline.store import NewArticle
from tests.helpers.arriving import NOW, arrive, change, through
from tests.helpers.support import REPO, places

EDITOR = DecisionAuthor(name="Ana")
TEXTS = (
    "The dam above the town leaks, and nobody knows since when, the mayor said on Friday morning.",
    "The harbour of Lisbon opens again after the storm of last week, with two cranes fewer than before.",
    "A court in Porto has freed three engineers who had warned of the bridge for eleven years.",
)


class Mirror:
    """What another program keeps that follows the feed."""

    def __init__(self, context):
        self.reader = ChangeReader(context)
        self.documents = {}
        self.kinds = []
        self.cursor = None

    def read(self, limit=1000):
        batch, _ = self.reader.read_batch(self.reader.place(self.cursor), limit)
        for entry in batch.changes:
            self.kinds.append((entry.id, str(entry.kind)))
            if entry.kind in ENDINGS:
                self.documents.pop(entry.id, None)
            elif entry.document is not None:
                self.documents[entry.id] = entry.document
        self.cursor = batch.cursor
        return batch

    def read_all(self):
        while self.read().more:
            continue


def kinds_of(context):
    mirror = Mirror(context)
    mirror.read_all()
    return mirror.kinds


def in_index(context):
    context.index.refresh()
    return {name: context.index.get(name) for name, _ in context.index.revisions()}


def test_the_feed_names_what_became_of_articles_in_order(context):
    arrive(context, "a", TEXTS[0])
    arrive(context, "b", TEXTS[1])
    through(context)
    change(context, "a", TEXTS[2])
    through(context)
    with context.store.read() as connection:
        take_down(context, context.store.ledger.find_article(connection, "b"))
    through(context)
    assert kinds_of(context) == [("a", "created"), ("b", "created"), ("a", "revised"), ("b", "removed")]


def test_an_article_that_comes_back_is_created_anew(context):
    arrive(context, "a", TEXTS[0])
    through(context)
    decision = withdraw_by_editor(context, find_article(context, "a"), EDITOR)
    through(context)
    undo_decision(context, decision.n, EDITOR)
    through(context)
    assert [kind for _, kind in kinds_of(context)] == ["created", "withdrawn", "created"]


def test_an_index_that_is_filled_anew_is_no_change(context):
    arrive(context, "a", TEXTS[0])
    through(context)
    before = kinds_of(context)
    context.index.wipe()
    through(context)
    assert kinds_of(context) == before


def test_a_document_that_searches_have_lost_comes_from_the_ledger(context):
    arrive(context, "a", TEXTS[0])
    through(context)
    context.index.delete(["a"])
    mirror = Mirror(context)
    mirror.read_all()
    assert mirror.documents["a"].text == TEXTS[0]


def test_superseded_changes_may_go_and_a_mirror_comes_to_the_same_end(context):
    arrive(context, "a", TEXTS[0])
    arrive(context, "b", TEXTS[1])
    through(context)
    early = Mirror(context)
    early.read(1)
    change(context, "a", TEXTS[2])
    through(context)
    context.store.admin.delete_expired(copies_before=NOW, names_before=NOW, history=NOW.replace(year=2030))
    late = Mirror(context)
    for mirror in (early, late):
        mirror.read_all()
        assert mirror.documents == in_index(context)
    assert late.kinds == [("b", "created"), ("a", "revised")]


def test_a_cursor_of_another_ledger_or_ahead_of_this_one_has_expired(context):
    arrive(context, "a", TEXTS[0])
    through(context)
    mirror = Mirror(context)
    mirror.read_all()
    with context.store.write() as connection:
        context.store.values.save(connection, "change feed", "another")
    with pytest.raises(ExpiredError, match="begin again"):
        ChangeReader(context).place(mirror.cursor)
    with pytest.raises(UsageError, match="none that was handed out"):
        ChangeReader(context).place("AAAA")


@pytest.mark.servers
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_what_commits_late_stands_behind_what_was_read_before(context):
    arrive(context, "a", TEXTS[0])
    arrive(context, "b", TEXTS[1])
    through(context)
    mirror = Mirror(context)
    mirror.read_all()
    ledger = context.store.ledger
    rows = {name: find_article(context, name) for name in "ab"}
    with contextlib.ExitStack() as late:
        slow = late.enter_context(context.store.write())
        context.store.pending_removals.add_documents(slow, ["a"], NOW)  # has its number, and isn't committed
        with context.store.write() as fast:
            assert ledger.withdraw(fast, rows["b"], "said so", NOW)
        mirror.read_all()
        assert mirror.kinds[2:] == [("b", "withdrawn")]
    mirror.read_all()
    assert mirror.kinds[2:] == [("b", "withdrawn"), ("a", "withdrawn")]


ACTIONS = st.sampled_from(
    [
        "arrive",
        "change",
        "take down",
        "withdraw",
        "undo",
        "merge groups",
        "merge stories",
        "index",
        "die",
        "read",
        "crash",
    ]
)


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(actions=st.lists(st.tuples(ACTIONS, st.integers(0, 5)), min_size=3, max_size=14))
def test_a_mirror_holds_what_the_index_holds_whatever_happens(tmp_path_factory, actions):
    folder = tmp_path_factory.mktemp("mirror")
    with Context(Settings(), [], places(folder), config=REPO / "config", clock=lambda: NOW) as context:
        context.index.prepare()
        mirror, kept = Mirror(context), ({}, None)
        for number, (action, choice) in enumerate(actions):
            if action == "read":
                mirror.read(limit=1 + choice)
                kept = (dict(mirror.documents), mirror.cursor)
            elif action == "crash":  # what it read since it last saved is lost with it
                mirror.read(limit=1 + choice)
                mirror.documents, mirror.cursor = dict(kept[0]), kept[1]
            else:
                with contextlib.suppress(UsageError):  # there is no such article now, or no decision
                    act(context, action, number, choice)
        through(context)
        mirror.read_all()
        assert mirror.documents == in_index(context)


def act(context, action, number, choice):
    names = sorted(in_index(context)) if action != "arrive" else []
    name = names[choice % len(names)] if names else "none"
    match action:
        case "arrive":
            arrive(context, f"n{number}", TEXTS[choice % 3] + (f" So said witness {number}." if choice > 2 else ""))
        case "change" if names:
            change(context, name, f"{TEXTS[choice % 3]} It was corrected {number} times.")
        case "take down" if names:
            take_down(context, find_article(context, name))
        case "withdraw" if names:
            withdraw_by_editor(context, find_article(context, name), EDITOR)
        case "undo":
            undo_decision(context, choice, EDITOR)
        case "merge groups" if len(names) > 1:
            merge_groups(context, [find_article(context, each) for each in names[:2]], EDITOR)
        case "merge stories" if len(names) > 1:
            merge_stories(context, names[0], names[-1], EDITOR)
        case "index":
            through(context)
        case "die":
            die_between_index_and_ledger(context)


def die_between_index_and_ledger(context):
    for stage in (Stage.DEDUPE, Stage.ENRICH, Stage.CLUSTER):
        run_one(context, stage)
    finish = context.store.ledger.finish

    def cut_off(*args, **named):
        finish(*args, **named)
        raise NewswireError("cut off")

    context.store.ledger.finish = cut_off
    try:
        with contextlib.suppress(NewswireError):
            run_one(context, Stage.INDEX)
    finally:
        context.store.ledger.finish = finish


def put_in(context, name, text):
    """Let an article arrive that has passed all stages but the last."""
    records = (
        Entry(id=name, url=f"https://daily.example/{name}", source="Daily", first_seen=NOW),
        Article(id=name, url=None, text=text),
        Copy(id=name, group=name),
        Placement(id=name, story=f"s{name}"),
    )
    new = NewArticle(id=name, source="Daily", first_seen=NOW, url=records[0].url, records=records, stage=Stage.INDEX)
    with context.store.write() as connection:
        context.store.ledger.insert_articles(connection, [new], NOW)


def write_and_die(context, seed, rounds):
    """Put articles in, change and remove them; now and then a transaction is cut off behind what the index did."""
    chance, store = random.Random(seed), context.store
    finish = store.ledger.finish

    def may_be_cut_off(*args, **named):
        saved = finish(*args, **named)
        if chance.random() < 0.3:
            raise NewswireError("cut off")
        return saved

    store.ledger.finish = may_be_cut_off
    for number in range(rounds):
        put_in(context, f"{seed}-{number}", TEXTS[number % 3])
        other = f"{chance.randrange(3)}-{chance.randrange(number + 1)}"
        with store.write() as connection:
            if chance.random() < 0.5:
                store.ledger.bump_revision(connection, ids=[other])
            elif article := store.ledger.get_articles(connection, [other]).get(other):
                store.admin.remove_articles(connection, [article], NOW)
        with contextlib.suppress(NewswireError):
            run_one(context, Stage.INDEX)
    store.ledger.finish = finish


def test_a_mirror_misses_nothing_under_writers_that_run_at_the_same_time_and_are_cut_off(tmp_path, store_url):
    def opened():
        return Context(Settings(), [], places(tmp_path, store_url), config=REPO / "config", clock=lambda: NOW)

    with opened() as context, contextlib.ExitStack() as stack:
        run_one(context, Stage.INDEX)
        mirror = Mirror(context)
        writers = [
            threading.Thread(target=write_and_die, args=(stack.enter_context(opened()), seed, 8)) for seed in range(3)
        ]
        for writer in writers:
            writer.start()
        while any(writer.is_alive() for writer in writers):
            mirror.read(limit=3)
        for writer in writers:
            writer.join()
        run_one(context, Stage.INDEX)
        mirror.read_all()
        assert mirror.documents == in_index(context)
        assert mirror.documents
        again = Mirror(context)
        for batch in iter_changes(again.reader, again.reader.place(None), 5):
            again.kinds += [(entry.id, str(entry.kind)) for entry in batch.changes]
        assert again.kinds == mirror.kinds  # who reads later reads the same, in the same order
        assert {ChangeKind.CREATED, ChangeKind.REMOVED} <= {kind for _, kind in mirror.kinds}
