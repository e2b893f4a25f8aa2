"""Draw days as a small picture of bars: how many articles, and whether the polls of the day failed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.feed_records import SourceDay

HEIGHT = 28  # of a bar, in the picture's units
BAR, STEP = 7, 9  # width of a bar, and from one to the next
_LEAST = 2.0  # height of a bar of few articles


class DayBar(NamedTuple):
    """A day of the picture: where its bar stands, how the day went, and that in words."""

    x: int
    y: float
    height: float
    kind: str  # well, failing (some polls failed), failed (all did), silent (no new article), unpolled
    label: str


def draw_days(days: Sequence[SourceDay]) -> list[DayBar]:
    """Return the bars of days, the highest as high as the picture."""
    most = max((day.articles for day in days), default=0)
    bars = []
    for place, day in enumerate(days):
        height = max(_LEAST, HEIGHT * day.articles / most) if day.articles else _LEAST
        bars.append(DayBar(place * STEP, round(HEIGHT - height, 1), round(height, 1), kind_of(day), describe_day(day)))
    return bars


def kind_of(day: SourceDay) -> str:
    """Return how a day went, in a word."""
    if not day.polls:
        return "well" if day.articles else "unpolled"
    if day.failed == day.polls:
        return "failed"
    if day.failed:
        return "failing"
    return "well" if day.articles else "silent"


def describe_day(day: SourceDay) -> str:
    """Return a day in words: ``20 Nov: 12 new articles, 40 polls, 3 failed``."""
    failed = f", {day.failed:,} failed" if day.failed else ""
    return f"{day.day:%-d %b}: {day.articles:,} new articles, {day.polls:,} polls{failed}"
