"""Draw counts over time as a small picture: a bar for each hour, day, week or month, and lines for values. Pure.

The picture is stretched to the width of its page, so it holds no text; the page writes the times and figures around it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from pipeline.index import Interval, TimeBucket, TimeHistogram

WIDTH, HEIGHT = 1000, 100  # of the picture, in its own units
_GAP = 0.15  # of a bar's width between two
_LEAST = 1.5  # height of a bar of few articles


class TimeBar(NamedTuple):
    """A bar: where it stands, what it says in words, and from when to when (as ``since`` and ``until``) it counts."""

    x: float
    y: float
    width: float
    height: float
    label: str
    since: str
    until: str
    bucket: TimeBucket


class TimeLine(NamedTuple):
    """A line over the bars: the value that it counts, how many articles in all, and its points as SVG has them."""

    value: str
    total: int
    points: str


class TimePicture(NamedTuple):
    """A picture of counts over time; ``top`` says what its upper edge stands for."""

    bars: tuple[TimeBar, ...]
    lines: tuple[TimeLine, ...]
    top: str
    first: str
    last: str


def draw_histogram(histogram: TimeHistogram, *, share: bool = False) -> TimePicture | None:
    """Return the picture of counts over time, of shares where ``share``; None where there is nothing to draw."""
    buckets = histogram.buckets
    if not buckets:
        return None
    step = WIDTH / len(buckets)
    heights = [_height(bucket, bucket.count, share=share) for bucket in buckets]
    most = max(heights) or 1.0
    bars = []
    for place, (bucket, height) in enumerate(zip(buckets, heights, strict=True)):
        high = round(max(_LEAST, HEIGHT * height / most), 2) if bucket.count else 0.0
        since, until = _bounds(bucket.start, histogram.interval)
        label = _describe(bucket, histogram.interval)
        x, width = round(step * (place + _GAP / 2), 2), round(step * (1 - _GAP), 2)
        bars.append(TimeBar(x, round(HEIGHT - high, 2), width, high, label, since, until, bucket))
    lines = tuple(
        TimeLine(value, sum(bucket.values[n] for bucket in buckets), _points(buckets, n, step, most, share=share))
        for n, value in enumerate(histogram.values)
    )
    top = _percent(most) if share else f"{most:,.0f}"
    names = [name_bucket(bucket.start, histogram.interval) for bucket in (buckets[0], buckets[-1])]
    return TimePicture(tuple(bars), lines, top, *names)


def _height(bucket: TimeBucket, count: int, *, share: bool) -> float:
    return (count / bucket.all if bucket.all else 0.0) if share else float(count)


def _points(buckets: Sequence[TimeBucket], number: int, step: float, most: float, *, share: bool) -> str:
    heights = [_height(bucket, bucket.values[number], share=share) for bucket in buckets]
    return " ".join(
        f"{step * (place + 0.5):.1f},{HEIGHT * (1 - height / most):.1f}" for place, height in enumerate(heights)
    )


def name_bucket(start: dt.datetime, interval: Interval) -> str:
    """Return the time of a bucket in words: ``20 Nov 2026, 15:00``, ``20 Nov 2026``, ``Nov 2026``."""
    if interval == "month":
        return f"{start:%b %Y}"
    day = f"{start:%-d %b %Y}"
    return f"{day}, {start:%H:%M}" if interval == "hour" else f"week of {day}" if interval == "week" else day


def _describe(bucket: TimeBucket, interval: Interval) -> str:
    """Return a bar in words: ``20 Nov 2026: 3 articles, 1.2 % of 250``."""
    share = f", {_percent(bucket.share or 0)} of {bucket.all:,}" if bucket.all else ""
    noun = "article" if bucket.count == 1 else "articles"
    return f"{name_bucket(bucket.start, interval)}: {bucket.count:,} {noun}{share}"


def _percent(share: float) -> str:
    """Return a share in percent, small ones with two digits that count."""
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"  # noqa: PLR2004 - ten percent


def _bounds(start: dt.datetime, interval: Interval) -> tuple[str, str]:
    """Return the first and last day of a bucket, which ``until`` includes, or the bounds of its hour."""
    if interval == "hour":
        return f"{start:%Y-%m-%dT%H:%MZ}", f"{start + dt.timedelta(hours=1):%Y-%m-%dT%H:%MZ}"
    days = {"day": 1, "week": 7}.get(interval) or (
        (start.replace(day=1) + dt.timedelta(days=32)).replace(day=1) - start
    ).days
    return f"{start:%Y-%m-%d}", f"{start + dt.timedelta(days=days - 1):%Y-%m-%d}"
