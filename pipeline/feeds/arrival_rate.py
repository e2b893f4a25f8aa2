"""Learn how often a feed publishes, and expect its next articles. Pure: arrivals in, times out.

Arrivals are taken for a Poisson process whose rate has three parts: a level (learnt over weeks), a profile by hour and
day of the week, and what came within the last hour.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

from pipeline.feed_records import ArrivalRate

# A feed of which nothing is known is taken for one that publishes so much. It counts as one arrival, so that the first
# silent day says more.
USUAL_PER_HOUR = 100 / 24
_MEMORY = 14 * 24.0  # hours: two weeks, so that two of each weekday count
_BURST = 1.0  # hours: for how long what came lately tells what comes next
# How many arrivals the assumption "evenly spread" is worth. Measured: `newswire feeds simulate`
_EVEN_HOURS = 12.0
_EVEN_DAYS = 14.0
_STEP_HOURS = 0.25  # hours: the rate is taken for constant within
_HOURS, _DAYS = 24, 7


def to_hours(span: dt.timedelta) -> float:
    """Return ``span`` in hours."""
    return span.total_seconds() / 3600


def initial_rate(published: Sequence[dt.datetime], now: dt.datetime) -> ArrivalRate:
    """Return what the times of publication in a feed's first document tell of it."""
    oldest = now - dt.timedelta(hours=_MEMORY)
    dated = sorted(when for when in published if when <= now)
    recent = [when for when in dated if when > oldest]
    # the oldest entry opens the span that the others came in; where older ones stand too, it is all of the two weeks
    opens = oldest if len(recent) < len(dated) else recent[0] if recent else now
    return update_rate(ArrivalRate(at=opens), recent if opens == oldest else recent[1:], now)


def update_rate(rate: ArrivalRate, arrived: Sequence[dt.datetime], now: dt.datetime) -> ArrivalRate:
    """Return the rate after articles arrived at the times ``arrived``, between ``rate.at`` and ``now``."""
    passed = max(to_hours(now - rate.at), 0.0)
    decay = math.exp(-passed / _MEMORY)
    count = rate.count * decay + len(arrived)
    by_hour, by_day = rate.hours, rate.days
    if arrived:
        by_hour = _add_counts(by_hour or (0.0,) * _HOURS, [when.hour for when in arrived], count)
        by_day = _add_counts(by_day or (0.0,) * _DAYS, [when.weekday() for when in arrived], count)
    fresh = sum(math.exp(-max(to_hours(now - when), 0.0) / _BURST) for when in arrived)
    return ArrivalRate(
        at=now,
        count=round(count, 4),
        span=round(rate.span * decay + passed, 4),
        recent=round(rate.recent * math.exp(-passed / _BURST) + fresh, 4),
        hours=by_hour,
        days=by_day,
        last=max([*arrived, *([rate.last] if rate.last else [])], default=None),
    )


def _add_counts(counts: Sequence[float], indexes: Sequence[int], total: float) -> tuple[float, ...]:
    """Return ``counts`` with one more at each of ``indexes``, made smaller alike so that they sum to ``total``."""
    sums = list(counts)
    for index in indexes:
        sums[index] += 1
    scale = total / sum(sums)
    return tuple(round(count * scale, 2) for count in sums)


def mean_rate(rate: ArrivalRate) -> float:
    """Return how many articles an hour are to be expected on average."""
    silence = to_hours(rate.at - rate.last) if rate.last else 0.0
    return (rate.count + 1) / (max(rate.span, silence) + 1 / USUAL_PER_HOUR)


def rate_at(rate: ArrivalRate, mean: float, hour: int, weekday: int) -> float:
    """Return how many articles an hour are to be expected at an hour (0 to 23, UTC) of a weekday (Monday is 0).

    ``mean`` is the rate's ``mean_rate``.
    """
    return mean * _share(rate.hours, hour, _EVEN_HOURS) * _share(rate.days, weekday, _EVEN_DAYS)


def _share(counts: Sequence[float], index: int, even: float) -> float:
    """Return how much more than on average comes at ``index``; ``even`` arrivals count as evenly spread."""
    if not counts:
        return 1.0
    return (counts[index] * len(counts) + even) / (sum(counts) + even)


def time_until_expected(
    rate: ArrivalRate, *, waiting: float = math.inf, arrivals: float = math.inf, longest: dt.timedelta
) -> dt.timedelta:
    """Return in what time from ``rate.at`` on either is to be expected, at most ``longest``.

    Args:
        rate: how the feed publishes.
        waiting: hours that the new articles have waited, all taken together.
        arrivals: number of new articles.
        longest: what is returned where neither comes sooner.
    """
    now, end = rate.at, to_hours(longest)
    mean = mean_rate(rate)
    at = come = waited = 0.0
    first = (now.minute * 60 + now.second) / 3600
    while at < end:
        when = now.hour + first + at
        weekday = (now.weekday() + int(when // _HOURS)) % _DAYS
        expected = rate_at(rate, mean, int(when) % _HOURS, weekday)
        expected = max(expected, rate.recent / _BURST * math.exp(-at / _BURST))
        step = min(_STEP_HOURS, end - at) if at < _BURST else min(1 - when % 1 or 1.0, end - at)
        reached = min(
            (math.sqrt(come * come + 2 * expected * (waiting - waited)) - come) / expected,
            (arrivals - come) / expected,
        )
        if reached <= step:
            return dt.timedelta(hours=at + max(reached, 0.0))
        waited += come * step + expected * step * step / 2
        come += expected * step
        at += step
    return longest
