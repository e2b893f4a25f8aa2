"""Buckets of time follow each other without a gap, and what is counted lies in its own."""

from __future__ import annotations

import datetime as dt
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.index._sqlite_matches import _bucket_numbers
from pipeline.index.time_histogram import (
    MAX_BUCKETS,
    Interval,
    TimeCounts,
    bucket_number,
    bucket_start,
    build_histogram,
    resolve_interval,
)

INTERVALS = get_args(Interval)
TIMES = st.datetimes(
    dt.datetime(2, 1, 1),
    dt.datetime(9998, 1, 1),
    timezones=st.sampled_from([dt.UTC, dt.timezone(dt.timedelta(hours=9))]),
)
MONDAY = dt.datetime(2026, 3, 9, tzinfo=dt.UTC)


@pytest.mark.parametrize("interval", INTERVALS)
@given(time=TIMES)
def test_a_time_lies_between_the_start_of_its_bucket_and_that_of_the_next(interval, time):
    number = bucket_number(time, interval)
    assert bucket_start(number, interval) <= time < bucket_start(number + 1, interval)


@pytest.mark.parametrize("interval", INTERVALS)
@given(seconds=st.integers(-10_000_000_000, 100_000_000_000))
def test_columns_of_times_have_the_numbers_that_single_times_have(interval, seconds):
    time = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
    assert _bucket_numbers(np.array([seconds], np.float64), interval).tolist() == [bucket_number(time, interval)]


def test_weeks_begin_on_mondays_and_months_on_their_first_days():
    sunday = MONDAY + dt.timedelta(days=6, hours=23)
    assert bucket_start(bucket_number(sunday, "week"), "week") == MONDAY
    assert bucket_start(bucket_number(sunday, "month"), "month") == MONDAY.replace(day=1)


@pytest.mark.parametrize(
    ("days", "interval"), [(0, "hour"), (2, "hour"), (4, "day"), (100, "day"), (200, "week"), (2000, "month")]
)
def test_the_interval_fits_the_time_that_is_counted(days, interval):
    assert resolve_interval("auto", MONDAY, MONDAY + dt.timedelta(days=days)) == interval


def test_an_interval_that_gives_too_many_buckets_is_refused_with_the_next_one():
    with pytest.raises(UsageError, match=r"interval=day would part .* 3,654 pieces, more than 2,000; ask by week"):
        resolve_interval("day", MONDAY, MONDAY.replace(year=2036))
    assert resolve_interval("month", MONDAY.replace(year=2), MONDAY) == "month"


def day(number):
    return bucket_number(MONDAY, "day") + number


def test_gaps_count_nothing_and_bounds_of_the_search_widen_the_picture():
    counts = TimeCounts(hits={day(0): 2, day(2): 1}, values=[("A", {day(2): 1})], all={day(0): 4, day(1): 0, day(2): 3})
    histogram = build_histogram("day", counts, field="source")
    assert [(bucket.count, bucket.values, bucket.all, bucket.share) for bucket in histogram.buckets] == [
        (2, (0,), 4, 0.5),
        (0, (0,), 0, 0.0),
        (1, (1,), 3, 0.333333),
    ]
    assert (histogram.field, histogram.values, histogram.buckets[0].start) == ("source", ("A",), MONDAY)
    wider = build_histogram("day", counts, since=MONDAY - dt.timedelta(days=2), until=MONDAY + dt.timedelta(days=4))
    assert [bucket.count for bucket in wider.buckets] == [0, 0, 2, 0, 1, 0]


def test_bounds_that_are_far_away_do_not_widen_it():
    counts = TimeCounts(hits={day(0): 2})
    far = build_histogram("day", counts, since=MONDAY.replace(year=1900), until=MONDAY.replace(year=2900))
    assert [bucket.count for bucket in far.buckets] == [2]
    assert build_histogram("day", TimeCounts(hits={}), since=MONDAY, until=MONDAY).buckets == ()


def test_of_very_many_months_there_are_the_last_ones():
    last = bucket_number(MONDAY, "month")
    histogram = build_histogram("month", TimeCounts(hits={last - 20_000: 1, last: 1}))
    assert len(histogram.buckets) == MAX_BUCKETS
    assert histogram.buckets[-1].start == MONDAY.replace(day=1)


def test_nothing_found_is_a_histogram_without_buckets():
    assert build_histogram("week", TimeCounts(hits={}), since=dt.datetime.min.replace(tzinfo=dt.UTC)).buckets == ()
