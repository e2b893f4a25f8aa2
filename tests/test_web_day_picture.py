"""A day's bar is as high as its articles are many, and its colour says how the polls went."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.feed_records import SourceDay
from pipeline.web.day_picture import HEIGHT, draw_days

counts = st.integers(0, 10**6)


def day(polls, failed, articles):
    return SourceDay(source="S", day=dt.date(2026, 11, 20), polls=polls, failed=failed, articles=articles)


@pytest.mark.parametrize(
    ("of", "kind", "label"),
    [
        (day(0, 0, 0), "unpolled", "20 Nov: 0 new articles, 0 polls"),
        (day(4, 0, 0), "silent", "20 Nov: 0 new articles, 4 polls"),
        (day(4, 0, 2000), "well", "20 Nov: 2,000 new articles, 4 polls"),
        (day(4, 1, 2), "failing", "20 Nov: 2 new articles, 4 polls, 1 failed"),
        (day(4, 4, 0), "failed", "20 Nov: 0 new articles, 4 polls, 4 failed"),
        (day(0, 0, 2), "well", "20 Nov: 2 new articles, 0 polls"),
    ],
)
def test_a_day_is_told_by_its_colour_and_in_words(of, kind, label):
    (bar,) = draw_days([of])
    assert (bar.kind, bar.label) == (kind, label)


@given(st.lists(st.builds(day, counts, counts, counts)))
def test_every_bar_stands_within_the_picture_and_the_highest_fills_it(days):
    bars = draw_days(days)
    assert all(bar.y >= 0 and bar.height > 0 and abs(bar.y + bar.height - HEIGHT) < 0.2 for bar in bars)
    if any(each.articles for each in days):
        assert max(bar.height for bar in bars) == HEIGHT
