"""Counts over time become bars, each with its time in words and as the bounds of a search."""

from __future__ import annotations

import datetime as dt

import pytest

from pipeline.index import TimeBucket, TimeHistogram
from pipeline.moments import parse_moment
from pipeline.web.time_picture import HEIGHT, WIDTH, draw_histogram

MONDAY = dt.datetime(2026, 2, 9, tzinfo=dt.UTC)


def histogram(interval, *buckets, **more):
    return TimeHistogram(interval=interval, buckets=buckets, **more)


@pytest.mark.parametrize(
    ("interval", "start", "end", "words"),
    [
        ("hour", MONDAY, MONDAY + dt.timedelta(hours=1), "9 Feb 2026, 00:00: 3 articles"),
        ("day", MONDAY, MONDAY + dt.timedelta(days=1), "9 Feb 2026: 3 articles"),
        ("week", MONDAY, MONDAY + dt.timedelta(days=7), "week of 9 Feb 2026: 3 articles"),
        ("month", MONDAY.replace(day=1), MONDAY.replace(month=3, day=1), "Feb 2026: 3 articles"),
    ],
)
def test_a_bar_narrows_a_search_to_its_time(interval, start, end, words):
    (bar,) = draw_histogram(histogram(interval, TimeBucket(start=start, count=3))).bars
    assert bar.label == words
    assert (parse_moment("since", bar.since), parse_moment("until", bar.until, end=True)) == (start, end)


def test_the_highest_bar_fills_the_picture_few_articles_are_seen_and_none_are_not():
    days = [TimeBucket(start=MONDAY + dt.timedelta(days=day), count=count) for day, count in enumerate((1000, 1, 0))]
    picture = draw_histogram(histogram("day", *days))
    assert (picture.bars[0].y, picture.bars[0].height) == (0, HEIGHT)
    assert picture.bars[1].height > 1
    assert picture.bars[2].height == 0
    assert 0 < picture.bars[0].x < picture.bars[1].x < WIDTH
    assert (picture.top, picture.first, picture.last) == ("1,000", "9 Feb 2026", "11 Feb 2026")


def test_shares_are_drawn_in_place_of_counts():
    few = TimeBucket(start=MONDAY, count=1, all=2, share=0.5)
    many = TimeBucket(start=MONDAY + dt.timedelta(days=1), count=10, all=100, share=0.1)
    picture = draw_histogram(histogram("day", few, many), share=True)
    assert [bar.height for bar in picture.bars] == [100, 20]
    assert picture.bars[1].label == "10 Feb 2026: 10 articles, 10 % of 100"
    assert picture.top == "50 %"


def test_values_are_lines_over_the_bars():
    days = [TimeBucket(start=MONDAY, count=4, values=(1, 0)), TimeBucket(start=MONDAY, count=2, values=(2, 0))]
    lines = draw_histogram(histogram("day", *days, field="source", values=("A", "B"))).lines
    assert [(line.value, line.total, line.points) for line in lines] == [
        ("A", 3, "250.0,75.0 750.0,50.0"),
        ("B", 0, "250.0,100.0 750.0,100.0"),
    ]


def test_nothing_is_no_picture():
    assert draw_histogram(histogram("day")) is None
