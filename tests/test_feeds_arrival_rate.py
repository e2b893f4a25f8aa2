from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from pipeline.feed_records import ArrivalRate, FeedState
from pipeline.feeds.arrival_rate import initial_rate, mean_rate, rate_at, time_until_expected, update_rate
from pipeline.records import from_json, to_json

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)  # a Friday
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def expected(rate, at):
    return rate_at(rate, mean_rate(rate), at.hour, at.weekday())


def lived(days, *, hour=None, each=HOUR):
    """Return the arrival rate of a feed that was watched for so many days, with an article ``each`` so often."""
    at = NOW - days * DAY
    made = ArrivalRate(at=at)
    while at < NOW:
        at += each
        made = update_rate(made, [at] if hour is None or at.hour == hour else [], at)
    return made


def test_a_first_document_tells_how_much_is_published():
    every_hour = [NOW - n * HOUR for n in range(1, 101)]
    assert 0.9 < mean_rate(initial_rate(every_hour, NOW)) < 1.1


def test_an_old_entry_among_others_shows_that_little_came_lately():
    assert mean_rate(initial_rate([NOW - 100 * DAY, NOW - 200 * DAY], NOW)) < 0.01


def test_nothing_known_is_taken_for_a_busy_feed_and_silence_soon_tells_otherwise():
    assert 4 < mean_rate(initial_rate([], NOW)) < 4.5
    assert mean_rate(update_rate(initial_rate([], NOW), [], NOW + DAY)) < 0.05


def test_a_feed_that_falls_silent_is_expected_less_and_less():
    silent = update_rate(lived(30), [], NOW + 60 * DAY)
    assert mean_rate(silent) < 0.02
    assert mean_rate(update_rate(silent, [], NOW + 300 * DAY)) < mean_rate(silent) / 2


def test_the_hour_of_the_day_is_learnt():
    morning = lived(28, hour=7)
    assert expected(morning, NOW.replace(hour=7)) > 10 * expected(morning, NOW.replace(hour=3))


def test_the_day_of_the_week_is_learnt():
    fridays = update_rate(ArrivalRate(at=NOW - 15 * DAY), [NOW - n * HOUR for n in range(1, 9)], NOW)
    assert expected(fridays, NOW) > 2 * expected(fridays, NOW + DAY)


def test_what_is_expected_ahead_follows_the_rate():
    even = ArrivalRate(at=NOW, count=335, span=336)
    assert HOUR * 1.9 < time_until_expected(even, arrivals=2, longest=DAY) < HOUR * 2.1
    assert HOUR * 1.9 < time_until_expected(even, waiting=2, longest=DAY) < HOUR * 2.1
    assert time_until_expected(even, longest=DAY) == DAY


def test_a_feed_that_wakes_in_the_morning_is_not_asked_for_at_night():
    morning = lived(28, hour=7)
    evening = update_rate(morning, [], NOW.replace(hour=20))
    early = update_rate(morning, [], NOW.replace(hour=6, minute=30) + DAY)
    assert time_until_expected(evening, waiting=0.13, longest=DAY) > 3 * HOUR
    assert time_until_expected(early, waiting=0.13, longest=DAY) < 2 * HOUR


times = st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2026, 11, 20), timezones=st.just(dt.UTC))


@given(st.lists(times, max_size=50), st.lists(times, max_size=50), st.floats(0, 1e6), st.floats(0, 1e6))
def test_whatever_arrived_the_next_article_is_expected_in_finite_time(first, later, waiting, arrivals):
    arrival_rate = update_rate(initial_rate(first, NOW), later, NOW + HOUR)
    assert expected(arrival_rate, NOW) > 0
    assert dt.timedelta() <= time_until_expected(arrival_rate, waiting=waiting, arrivals=arrivals, longest=DAY) <= DAY


@given(st.floats(0.001, 1e5), st.floats(0.001, 100))
def test_a_busier_feed_is_never_expected_later(count, factor):
    slow, fast = (ArrivalRate(at=NOW, count=c, span=336) for c in (count, count * (1 + factor)))
    assert time_until_expected(fast, waiting=0.13, longest=DAY) <= time_until_expected(slow, waiting=0.13, longest=DAY)


def test_a_ledger_keeps_the_rate_under_the_name_that_it_had_first():
    state = FeedState(url="https://times.example/feed", source="times", due=NOW, arrival_rate=lived(1))
    assert b'"rhythm":{' in to_json(state)
    assert from_json(to_json(state), FeedState) == state
