from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from pipeline.feed_records import HostState
from pipeline.records import Entry
from pipeline.store import NewArticle, Store, hosts
from pipeline.urls import article_id
from tests.helpers.support import NOW
from tests.helpers.transactions import ask

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def other(store, store_url):
    made = Store(store_url)
    yield made
    made.close()


def lease(store, *names, now=NOW, seconds=60.0):
    return ask(store).hosts.lease(list(names), now, seconds)


def change(store, method, *states):
    with store.write() as connection:
        getattr(store.hosts, method)(connection, list(states))


def enter(store, *urls):
    entries = [Entry(id=article_id(url), url=url, source="outlet", first_seen=NOW) for url in urls]
    with store.write() as connection:
        store.ledger.insert_articles(connection, [NewArticle.from_entry(entry) for entry in entries], NOW)


def test_a_host_belongs_to_one_worker_until_its_lease_ends(store, other):
    assert lease(store, "a", "b").keys() == {"a", "b"}
    assert lease(other, "a", "b", "c").keys() == {"c"}
    assert lease(store, "a").keys() == {"a"}
    assert lease(other, "a", now=NOW + 2 * MINUTE).keys() == {"a"}
    assert lease(store, "a", now=NOW + 2 * MINUTE) == {}


def test_turns_are_kept_when_a_host_is_given_back_and_by_its_owner_alone(store, other):
    state = HostState(host="a", next_turn=NOW + MINUTE, held_until=NOW + 3 * MINUTE, crawl_delay=9.0)
    lease(store, "a")
    change(other, "save", HostState(host="a"))
    change(store, "save", state)
    assert lease(other, "a") == {}
    change(store, "release", state)
    assert lease(other, "a") == {"a": state}
    assert state.ready_at() == NOW + 3 * MINUTE


def test_hosts_with_pages_are_listed_with_when_they_may_be_asked(store):
    enter(store, "http://a.example/1", "http://a.example/2", "https://b.example:8443/")
    lease(store, "a.example")
    change(store, "save", HostState(host="a.example", next_turn=NOW + MINUTE))
    listed = ask(store).hosts.list_with_pages(NOW)
    assert [(one.host, one.ready_at) for one in listed] == [("a.example", NOW + MINUTE), ("b.example:8443", None)]
    assert ask(store).hosts.list_with_pages(NOW, after=2) == listed[1:]
    assert ask(store).hosts.list_with_pages(NOW, sources=["nobody"]) == []
    assert ask(store).hosts.list_with_pages(NOW - MINUTE) == []


def test_only_hosts_of_which_nothing_is_to_be_remembered_are_forgotten(store):
    states = [
        HostState(host="idle", next_turn=NOW),
        HostState(host="slow", crawl_delay=9.0),
        HostState(host="held", held_until=NOW + 9 * MINUTE),
    ]
    lease(store, "ours", *(state.host for state in states))
    change(store, "release", *states)
    with store.write() as connection:
        hosts.delete_idle(connection, NOW + MINUTE)
    with store.read() as connection:
        assert set(connection.scalars(sa.text("SELECT host FROM hosts"))) == {"ours", "slow", "held"}


def test_the_index_leads_to_the_pages_of_a_host(store):
    with store.read() as connection:
        if connection.dialect.name != "sqlite":
            pytest.skip("PostgreSQL's plan depends on what it has counted")
        plan: list[str] = []

        def explain(_connection, _cursor, statement, parameters, _context, _many):
            if "items.host" in statement:
                raw = _connection.connection.cursor()
                plan.extend(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

        sa.event.listen(sa.Engine, "before_cursor_execute", explain)
    ask(store).ledger.claim_pages({"a": 3}, NOW, seconds=60)
    sa.event.remove(sa.Engine, "before_cursor_execute", explain)
    searches = [step for step in plan if "items" in step]
    assert len(searches) == 2
    assert all("ix_items_host (host=? AND version" in step for step in searches)
