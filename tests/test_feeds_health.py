from __future__ import annotations

import datetime as dt

import pytest

from pipeline.feed_records import ArrivalRate, FeedGap, FeedState
from pipeline.feeds.health import Condition, assess_feeds, measure_completeness
from pipeline.records import Reason

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def state(name="feed", **changes):
    arrival_rate = ArrivalRate(at=NOW, count=140, span=336, last=NOW - HOUR)
    base = {
        "source": "a",
        "due": NOW + HOUR,
        "polled": NOW,
        "succeeded": NOW,
        "arrival_rate": arrival_rate,
        "every": 900.0,
    }
    return FeedState(url=f"https://a.example/{name}", **{**base, **changes})


def gap(missed=10, filled=0, hours=(-10, -8), source="a"):
    since, until = (NOW + hour * HOUR for hour in hours)
    return FeedGap(feed="https://a.example/feed", source=source, since=since, until=until, missed=missed, filled=filled)


@pytest.mark.parametrize(
    ("changes", "condition", "why"),
    [
        ({}, Condition.WELL, ""),
        ({"polled": None, "succeeded": None, "arrival_rate": None}, Condition.NEW, "not read yet"),
        ({"failures": 3, "error": "timeout: x", "failing_since": NOW - DAY}, Condition.FAILING, "timeout: x, 3 times"),
        ({"failures": 3, "reason": Reason.GONE, "error": "gone"}, Condition.GONE, "gone for good"),
        ({"due": NOW - 2 * HOUR}, Condition.LATE, "was not read"),
        ({"due": NOW - 20 * dt.timedelta(minutes=1)}, Condition.WELL, ""),
        ({"address": "https://b.example/"}, Condition.MOVED, "read at https://b.example/ now"),
        ({"moved_to": "https://b.example/"}, Condition.MOVED, "redirected to https://b.example/"),
        ({"lied": NOW - DAY}, Condition.LYING, "not modified"),
        ({"empty_since": NOW - 30 * DAY}, Condition.EMPTY, "lists nothing"),
        ({"role": "sitemap", "polled": None, "due": NOW - DAY}, Condition.NEW, "called when there is a gap"),
    ],
)
def test_a_feed_is_called_by_the_worst_that_is_to_be_said_of_it(changes, condition, why):
    (one,) = assess_feeds([state(**changes)], [], NOW)
    assert one.condition is condition
    assert why in one.why


def test_a_feed_that_falls_silent_is_told_from_one_that_seldom_publishes():
    silent = ArrivalRate(at=NOW, count=105, span=336, last=NOW - 3 * DAY)
    seldom = ArrivalRate(at=NOW, count=2, span=336, last=NOW - 3 * DAY)
    conditions = [
        assess_feeds([state(arrival_rate=arrival_rate)], [], NOW)[0].condition for arrival_rate in (silent, seldom)
    ]
    assert conditions == [Condition.SILENT, Condition.WELL]


def test_a_gap_is_shown_until_it_is_filled():
    assert assess_feeds([state()], [gap()], NOW)[0].condition is Condition.GAPPED
    assert assess_feeds([state()], [gap(filled=10)], NOW)[0].condition is Condition.WELL


def test_the_worst_come_first():
    made = assess_feeds([state("a"), state("b", due=NOW - DAY), state("c", failures=1, error="x")], [], NOW)
    assert [one.condition for one in made] == [Condition.FAILING, Condition.LATE, Condition.WELL]


def test_completeness_is_what_was_named_of_what_there_was():
    arrivals = {("a", NOW - 10 * HOUR): 20, ("a", NOW - 9 * HOUR): 10, ("b", NOW - HOUR): 5}
    a, b = measure_completeness(arrivals, [gap(missed=12, filled=2)], NOW - DAY, by_hour=False)
    assert (a.source, a.named, a.missed, a.share) == ("a", 30, 10.0, 0.75)
    assert (b.source, b.share) == ("b", 1.0)


def test_a_gap_is_spread_over_its_hours_and_only_those_asked_for_count():
    hours = measure_completeness({}, [gap(missed=12)], NOW - DAY, by_hour=True)
    assert [(one.hour, one.missed, one.share) for one in hours] == [
        (NOW - 10 * HOUR, 6.0, 0.0),
        (NOW - 9 * HOUR, 6.0, 0.0),
    ]
    (later,) = measure_completeness({}, [gap(missed=12)], NOW - 9 * HOUR, by_hour=True)
    assert later.missed == 6.0
