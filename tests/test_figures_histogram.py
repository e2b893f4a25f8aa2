"""A histogram counts durations in buckets of a fixed relative width; histograms of the same kind add up."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.figures.histogram import WIDTH, Histogram, bucket_of, upper_bound

DURATIONS = st.floats(0, 1e8)


def filled(durations):
    histogram = Histogram()
    for seconds in durations:
        histogram.add(seconds)
    return histogram


def test_an_empty_histogram_has_no_percentile():
    assert Histogram().percentile(50) is None


def test_a_clock_that_was_put_back_makes_no_negative_duration():
    assert filled([-5.0]) == filled([0.0])


@given(DURATIONS)
def test_a_duration_lies_in_its_bucket(seconds):
    bucket = bucket_of(seconds)
    assert seconds <= upper_bound(bucket)
    assert seconds > upper_bound(bucket - 1) or seconds <= 2**-10


@given(st.integers(-80, 300))
def test_a_bucket_ends_with_its_upper_bound_and_the_next_one_begins_behind_it(bucket):
    assert bucket_of(upper_bound(bucket)) == bucket
    assert bucket_of(math.nextafter(upper_bound(bucket), math.inf)) == bucket + 1
    assert upper_bound(bucket + 1) / upper_bound(bucket) == pytest.approx(WIDTH)


@given(st.lists(DURATIONS, min_size=1), st.floats(0, 100))
def test_a_percentile_is_at_most_a_bucket_above_the_true_one(durations, percent):
    true = sorted(durations)[max(1, math.ceil(len(durations) * percent / 100)) - 1]
    told = filled(durations).percentile(percent)
    assert true <= told <= max(true * WIDTH * (1 + 1e-9), 2**-10)


@given(st.lists(DURATIONS))
def test_all_durations_are_counted(durations):
    histogram = filled(durations)
    assert histogram.count == len(durations) == sum(histogram.buckets.values())
    assert histogram.sum_seconds == pytest.approx(sum(durations))
