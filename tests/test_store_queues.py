"""Queues are counted as claims see them, within a bound."""

from __future__ import annotations

import datetime as dt

import pytest

from pipeline.feed_records import HostState
from pipeline.figures import HostBacklog, StageBacklog
from pipeline.records import NO_END, Outcome, Reason, Stage
from pipeline.settings import Source
from pipeline.store import NewArticle, StageResult
from tests.helpers.support import NOW

MINUTE = dt.timedelta(minutes=1)


def arrive(store, name, *, stage=Stage.FETCH, host="a.example", at=NOW):
    new = NewArticle(id=name, source="S", first_seen=at, url=f"https://{host}/{name}", stage=stage)
    with store.write() as connection:
        store.ledger.insert_articles(connection, [new], at)


def claim(store, stage=Stage.FETCH, limit=1, now=NOW):
    with store.write() as connection:
        return store.ledger.claim(connection, stage, now, limit=limit, seconds=60)


def finish(store, stage, outcome, **result):
    (row,) = claim(store, stage)
    with store.write() as connection:
        results = [StageResult(article=row, outcome=outcome, **result)]
        store.ledger.finish(connection, stage, results, NOW, max_attempts=3)


def queues(store, now=NOW, bound=10_000):
    with store.read() as connection:
        return {queue.stage: queue for queue in store.queues.list_queues(connection, now, bound)}


def hosts(store, now=NOW):
    with store.read() as connection:
        return store.queues.list_hosts(connection, now)


def remember(store, host, **state):
    with store.write() as connection:
        store.hosts.lease(connection, [host], NOW, 60)
        store.hosts.release(connection, [HostState(host=host, **state)])


def test_an_empty_ledger_has_an_empty_queue_before_each_stage(store):
    assert list(queues(store).values()) == [StageBacklog(stage=stage) for stage in Stage]


def test_what_can_be_taken_waits_since_it_could_be(store):
    arrive(store, "a", at=NOW - 5 * MINUTE)
    arrive(store, "b", at=NOW - MINUTE)
    assert queues(store)["fetch"] == StageBacklog(stage="fetch", waiting=2, oldest=NOW - 5 * MINUTE)


def test_what_a_worker_has_is_in_its_hand_until_its_lease_ends(store):
    for name in "ab":
        arrive(store, name, at=NOW - MINUTE)
    claim(store)
    assert queues(store)["fetch"] == StageBacklog(stage="fetch", waiting=1, in_hand=1, oldest=NOW - MINUTE)
    assert queues(store, NOW + 2 * MINUTE)["fetch"].waiting == 2


def test_what_failed_is_due_later_or_quarantined_and_what_was_dropped_is_gone(store):
    for name in "abc":
        arrive(store, name)
    finish(store, Stage.FETCH, Outcome.RETRY, reason=Reason.TIMEOUT, retry_at=NOW + MINUTE)
    finish(store, Stage.FETCH, Outcome.QUARANTINED, reason=Reason.BINARY)
    finish(store, Stage.FETCH, Outcome.DROPPED, reason=Reason.GONE)
    assert queues(store)["fetch"] == StageBacklog(stage="fetch", later=1, quarantined=1)


def test_what_is_embargoed_is_held_where_claims_leave_it(store):
    arrive(store, "a", stage=Stage.DEDUPE)
    arrive(store, "b", stage=Stage.EXTRACT)
    with store.write() as connection:
        for name in "ab":
            connection.exec_driver_sql(f"UPDATE items SET embargoed = '{NO_END:%Y-%m-%d}' WHERE id = '{name}'")
    assert (queues(store)["dedupe"].held, queues(store)["dedupe"].waiting) == (1, 0)
    assert (queues(store)["extract"].held, queues(store)["extract"].waiting) == (0, 1)


def test_a_document_that_is_written_again_is_not_what_waits_longest(store):
    arrive(store, "a", stage=Stage.INDEX, at=NOW - 500 * MINUTE)
    finish(store, Stage.INDEX, Outcome.DONE)
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE items SET indexed = 1, revision = 1 WHERE id = 'a'")
        store.ledger.bump_revision(connection, ids=["a"])
    arrive(store, "b", stage=Stage.INDEX, at=NOW - MINUTE)
    assert queues(store)["index"] == StageBacklog(stage="index", waiting=2, oldest=NOW - MINUTE)


def test_beyond_the_bound_nothing_is_counted_and_that_is_said(store):
    for number in range(7):
        arrive(store, f"n{number}")
    assert queues(store, bound=7)["fetch"] == StageBacklog(stage="fetch", waiting=7, oldest=NOW, bounded=True)
    assert queues(store, bound=5)["fetch"] == StageBacklog(stage="fetch", waiting=5, oldest=NOW, bounded=True)
    assert not queues(store, bound=8)["fetch"].bounded


def test_feeds_stand_before_poll(store):
    store.feeds.sync_feeds([Source(name="S", feeds=("https://a.example/1", "https://a.example/2"))], NOW - MINUTE)
    assert queues(store)["poll"] == StageBacklog(stage="poll", waiting=2, oldest=NOW - MINUTE)
    with store.write() as connection:
        store.feeds.claim_at_hosts(connection, {"a.example": 1}, NOW, seconds=60)
    assert queues(store)["poll"] == StageBacklog(stage="poll", waiting=1, in_hand=1, oldest=NOW - MINUTE)
    assert queues(store, NOW - 2 * MINUTE)["poll"].later == 1


def test_hosts_come_with_most_pages_first_and_with_their_holds(store):
    for number in range(3):
        arrive(store, f"n{number}", host="A.example:443", at=NOW - MINUTE)
    arrive(store, "b", host="b.example")
    remember(store, "a.example", next_turn=NOW + MINUTE, crawl_delay=5.0)
    remember(store, "b.example", next_turn=NOW - MINUTE, held_until=NOW + MINUTE)
    remember(store, "c.example", held_until=NOW + MINUTE)
    remember(store, "d.example", held_until=NOW - MINUTE, crawl_delay=5.0)
    slow = HostBacklog(
        host="a.example", waiting=3, oldest=NOW - MINUTE, next_turn=NOW + MINUTE, crawl_delay_seconds=5.0
    )
    assert hosts(store) == [
        slow,
        HostBacklog(host="b.example", waiting=1, oldest=NOW, held_until=NOW + MINUTE),
        HostBacklog(host="c.example", held_until=NOW + MINUTE),
    ]


@pytest.mark.parametrize("url", [None, "https://[broken/", ""])
def test_a_page_without_a_host_is_counted_under_no_name(store, url):
    new = NewArticle(id="x", source="S", first_seen=NOW, url=url)
    with store.write() as connection:
        store.ledger.insert_articles(connection, [new], NOW)
    assert [queue.host for queue in hosts(store)] == [""]
