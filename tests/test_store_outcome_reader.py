"""Whoever reads the history page by page misses nothing, whatever commits late, and meets nothing twice."""

from __future__ import annotations

import time

import pytest
import sqlalchemy as sa

from pipeline.records import Outcome, Reason, Stage
from pipeline.store import OutcomeCursor
from pipeline.store.schema.articles import outcomes
from tests.helpers.arriving import NOW, arrive, finish

FEED = "https://daily.example/feed"


def log(store, connection, name):
    store.ledger.log_outcome(connection, name, Stage.POLL, Outcome.RETRY, Reason.TIMEOUT, "slow", NOW)


def read_on(store, cursor, limit=100):
    """Return the next page: all that is settled by now."""
    with store.read() as connection:
        return store.outcome_reader.read_page(connection, store.outcome_reader.settle(connection, cursor), limit)


def read_all(store, cursor, limit=100):
    """Return the next page when all that is committed is settled: transactions of other tests hold that up."""
    while True:
        with store.read() as connection:
            cursor = store.outcome_reader.settle(connection, cursor)
            if cursor.settled >= (connection.scalar(sa.select(sa.func.max(outcomes.c.n))) or 0):
                return store.outcome_reader.read_page(connection, cursor, limit)
        time.sleep(0.01)


def test_pages_follow_one_another_and_tell_what_is_known_of_articles_and_feeds(context):
    arrive(context, "a", "The council met on Monday and agreed to mend the old bridge.")
    finish(context, Stage.DEDUPE, outcome=Outcome.DROPPED, reason=Reason.DUPLICATE)
    with context.store.write() as connection:
        log(context.store, connection, FEED)
    first, cursor = read_all(context.store, OutcomeCursor(), 2)
    rest, cursor = read_all(context.store, cursor)
    assert read_all(context.store, cursor)[0] == []
    assert [(line.kind, line.stage, line.outcome) for line in first + rest] == [
        ("new", "poll", "done"),
        ("attempt", "dedupe", "dropped"),
        ("attempt", "poll", "retry"),
    ]
    assert (first[1].source, first[1].url, first[1].before) == ("Daily", "https://daily.example/a", first[0].at)
    assert rest[0].is_feed
    assert rest[0].before is None


def test_of_an_article_that_was_taken_down_neither_address_nor_detail_is_told(context):
    for name in ("a", "b"):
        arrive(context, name, "The council met on Monday and agreed to mend the old bridge.")
        with context.store.write() as connection:
            log(context.store, connection, name)
    with context.store.write() as connection:
        row = context.store.ledger.find_article(connection, "a")
        context.store.admin.remove_articles(connection, [row], NOW)
    lines, _ = read_all(context.store, OutcomeCursor())
    of_a = [line for line in lines if line.id == "a"]
    assert {(line.url, line.detail) for line in of_a} == {(None, None)}
    assert (of_a[-1].reason, of_a[0].source) == ("taken down", "Daily")
    assert "slow" in {line.detail for line in lines if line.id == "b"}


def test_the_index_has_an_article_for_the_first_time_once(context):
    arrive(context, "a", "The council met on Monday and agreed to mend the old bridge.")
    for stage in (Stage.DEDUPE, Stage.ENRICH, Stage.CLUSTER, Stage.INDEX):
        finish(context, stage, outcome=Outcome.DONE)
    for _ in range(2):
        with context.store.write() as connection:
            context.store.ledger.requeue_for_index(connection, ids=["a"])
        finish(context, Stage.INDEX, outcome=Outcome.DONE)
    firsts, cursor = [], OutcomeCursor()
    while True:
        lines, cursor = read_all(context.store, cursor, 3)  # also where the first one lies on an earlier page
        if not lines:
            break
        firsts += [line.is_first for line in lines if line.stage == "index"]
    assert firsts == [True, False, False]


def test_numbers_that_begin_anew_are_read(store):
    with store.write() as connection:
        log(store, connection, FEED)
        log(store, connection, FEED)
    _, cursor = read_all(store, OutcomeCursor())
    with store.write() as connection:
        connection.execute(outcomes.delete())
    with store.write() as connection:
        log(store, connection, FEED)
    assert len(read_all(store, cursor)[0]) == 1


@pytest.mark.servers
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_what_commits_late_is_read_when_it_is_there(store):
    with store.engine.connect() as slow, store.engine.connect() as slower:
        log(store, slow, "https://a.example/feed")  # 1, not committed
        with store.write() as connection:
            log(store, connection, "https://b.example/feed")  # 2
        seen, cursor = read_on(store, OutcomeCursor())
        assert seen == []
        log(store, slower, "https://c.example/feed")  # 3, begun after the fence
        slow.commit()
        seen, cursor = read_all(store, cursor)
        assert [line.id[8] for line in seen] == ["a", "b"]
        with store.write() as connection:
            log(store, connection, "https://d.example/feed")  # 4
        assert read_on(store, cursor)[0] == []
        slower.rollback()  # 3 never comes
    seen, cursor = read_all(store, cursor)
    assert [line.id[8] for line in seen] == ["d"]
    with store.read() as connection:
        assert cursor.position == connection.scalar(sa.select(sa.func.max(outcomes.c.n)))
