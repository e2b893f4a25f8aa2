"""Count over time: the intervals, the buckets that they part time into, and what fills them. Pure.

Buckets of an interval have whole numbers that follow each other, so that a gap is a number without a count. They begin
in UTC: weeks on Mondays, months on their first days.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import msgspec

from pipeline.errors import UsageError

Interval = Literal["hour", "day", "week", "month"]

# More is no picture and no table that anybody reads, and Elasticsearch takes 65,536 buckets in one answer.
MAX_BUCKETS = 2000

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_SECONDS = {"hour": 3600, "day": 86_400, "week": 7 * 86_400}
_MONDAY = 3  # days from the Monday before it to 1 January 1970
# How many buckets of an interval a picture has at most where the interval fits the time that is counted
_FITTING: tuple[tuple[Interval, int], ...] = (("hour", 72), ("day", 120), ("week", 120))


class TimeBucket(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many articles there are of one hour, day, week or month.

    ``values`` counts those that have each of the histogram's values; ``all`` counts all articles of that time, and
    ``share`` is the part that ``count`` is of them, both None where they weren't asked for.
    """

    start: dt.datetime
    count: int
    values: tuple[int, ...] = ()
    all: int | None = None
    share: float | None = None


class TimeHistogram(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over time, without gaps; of ``field``, if one was named, also by its most frequent ``values``."""

    interval: Interval
    field: str | None = None
    values: tuple[str, ...] = ()
    buckets: tuple[TimeBucket, ...] = ()


class TimeCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine counted: number of a bucket → articles, of all hits, of each value, and of all that there is."""

    hits: Mapping[int, int]
    values: Sequence[tuple[str, Mapping[int, int]]] = ()
    all: Mapping[int, int] | None = None


def bucket_number(time: dt.datetime, interval: Interval) -> int:
    """Return the number of the bucket that a time lies in."""
    if interval == "month":
        utc = time.astimezone(dt.UTC)
        return (utc.year - _EPOCH.year) * 12 + utc.month - 1
    offset = dt.timedelta(days=_MONDAY if interval == "week" else 0)
    return (time - _EPOCH + offset) // dt.timedelta(seconds=_SECONDS[interval])


def bucket_start(number: int, interval: Interval) -> dt.datetime:
    """Return when a bucket begins; the first of the calendar where that would be before it."""
    try:
        if interval == "month":
            return _EPOCH.replace(year=_EPOCH.year + number // 12, month=number % 12 + 1)
        offset = dt.timedelta(days=_MONDAY if interval == "week" else 0)
        return _EPOCH - offset + number * dt.timedelta(seconds=_SECONDS[interval])
    except OverflowError:
        return dt.datetime.min.replace(tzinfo=dt.UTC)


def resolve_interval(asked: Interval | Literal["auto"], first: dt.datetime, last: dt.datetime) -> Interval:
    """Return the interval to count articles by that were published from ``first`` to ``last``.

    Raises:
        UsageError: The interval that was asked for would give too many buckets.
    """
    if asked == "auto":
        fitting = (name for name, most in _FITTING if _span(name, first, last) <= most)
        return next(fitting, "month")
    count = _span(asked, first, last)
    if asked != "month" and count > MAX_BUCKETS:
        wider = get_args(Interval)[get_args(Interval).index(asked) + 1]
        raise UsageError(
            f"interval={asked} would part the time from {first:%Y-%m-%d} to {last:%Y-%m-%d} into {count:,} pieces, "
            f"more than {MAX_BUCKETS:,}; ask by {wider}, or narrow the search by time"
        )
    return asked


def build_histogram(
    interval: Interval,
    counts: TimeCounts,
    *,
    field: str | None = None,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
) -> TimeHistogram:
    """Return counts as a histogram.

    It goes from the first hit to the last one, and as far as the bounds of the search ``since`` and ``until`` where
    that is no more than ``MAX_BUCKETS``; of more months it has the last ones.
    """
    numbers = range(0)
    if counts.hits:
        last = max(counts.hits)
        numbers = range(max(min(counts.hits), last - MAX_BUCKETS + 1), last + 1)
        start = bucket_number(since, interval) if since else numbers.start
        stop = bucket_number(until - dt.timedelta(microseconds=1), interval) + 1 if until else numbers.stop
        if stop - start <= MAX_BUCKETS:
            numbers = range(min(start, numbers.start), max(stop, numbers.stop))
    return TimeHistogram(
        interval=interval,
        field=field,
        values=tuple(value for value, _ in counts.values),
        buckets=tuple(_bucket(number, interval, counts) for number in numbers),
    )


def _bucket(number: int, interval: Interval, counts: TimeCounts) -> TimeBucket:
    count = counts.hits.get(number, 0)
    total = None if counts.all is None else counts.all.get(number, 0)
    return TimeBucket(
        start=bucket_start(number, interval),
        count=count,
        values=tuple(of_value.get(number, 0) for _, of_value in counts.values),
        all=total,
        share=round(count / total, 6) if total else 0.0 if total == 0 else None,
    )


def _span(interval: Interval, first: dt.datetime, last: dt.datetime) -> int:
    return bucket_number(last, interval) - bucket_number(first, interval) + 1
