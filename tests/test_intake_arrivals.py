"""What wakes a scheduler: feeds that are due, pushes, and what was handed in and nobody has at hand."""

from __future__ import annotations

import datetime as dt

import pytest

from pipeline.intake.arrivals import ArrivalsWatch
from pipeline.settings import Settings, Source
from pipeline.stages import Context
from tests.helpers.support import REPO, places

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


@pytest.fixture
def context(tmp_path, store_url):
    source = Source(name="Outlet", feeds=("http://outlet.example/feed",))
    with Context(Settings(), [source], places(tmp_path, store_url), config=REPO / "config", clock=lambda: NOW) as made:
        yield made


def test_feeds_that_are_due_and_pages_that_nobody_takes_wait_for_a_run(context):
    store = context.store
    assert not any(store.count_arrivals(NOW))
    store.feeds.sync_feeds(list(context.sources.values()), NOW)
    assert store.count_arrivals(NOW).feed_hosts == 1
    assert store.count_arrivals(NOW - dt.timedelta(seconds=1)).feed_hosts == 0


def test_what_a_run_has_just_handed_on_is_none_and_what_lies_for_long_is(context):
    from pipeline.intake.submissions import submit_article

    with context.store.write() as connection:
        submit_article(context, connection, {"url": "http://outlet.example/a", "source": "Outlet"})
        submit_article(context, connection, {"text": "Words that were handed in whole.", "title": "Words"})
    assert not any(context.store.count_arrivals(NOW + dt.timedelta(seconds=5)))
    arrivals = context.store.count_arrivals(NOW + dt.timedelta(seconds=30))
    assert (arrivals.page_hosts, arrivals.articles) == (1, 1)


def test_news_is_told_at_once_and_what_goes_on_waiting_now_and_then(context, monkeypatch):
    monkeypatch.setenv("NEWSWIRE_STORE_URL", context.environment.store_url)
    watch = ArrivalsWatch(again=60)
    assert watch.look(0) is None
    context.store.feeds.sync_feeds(list(context.sources.values()), NOW)
    assert watch.look(5).feed_hosts == 1
    assert [watch.look(at) is not None for at in (10, 60, 66, 70)] == [False, False, True, False]


def test_a_ledger_that_is_not_there_is_told_once_and_looked_for_again(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("NEWSWIRE_STORE_URL", f"sqlite:///{tmp_path}/none/ledger.db")
    watch = ArrivalsWatch(again=60)
    assert [watch.look(at) for at in (0, 5)] == [None, None]
    assert len(caplog.records) == 1
    assert "ledger" in caplog.text
