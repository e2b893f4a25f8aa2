"""How often does a feed publish, and when is the next article to be expected? Pure: arrivals in, times out.

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
_STEP = 0.25  # hours: the rate is taken for constant within
_HOURS, _DAYS = 24, 7


def to_hours(span: dt.timedelta) -> float:
    """Return ``span`` in hours."""
    return span.total_seconds() / 3600


def initial_rhythm(published: Sequence[dt.datetime], now: dt.datetime) -> ArrivalRate:
    """Return what the times of publication in a feed's first document tell of it."""
    oldest = now - dt.timedelta(hours=_MEMORY)
    dated = sorted(when for when in published if when <= now)
    recent = [when for when in dated if when > oldest]
    # the oldest entry opens the span that the others came in; where older ones stand too, it is all of the two weeks
    opens = oldest if len(recent) < len(dated) else recent[0] if recent else now
    return update_rhythm(ArrivalRate(at=opens), recent if opens == oldest else recent[1:], now)


def update_rhythm(rhythm: ArrivalRate, arrived: Sequence[dt.datetime], now: dt.datetime) -> ArrivalRate:
    """Return the rhythm after ``arrived`` came between ``rhythm.at`` and ``now``."""
    passed = max(to_hours(now - rhythm.at), 0.0)
    kept = math.exp(-passed / _MEMORY)
    count = rhythm.count * kept + len(arrived)
    by_hour, by_day = rhythm.hours, rhythm.days
    if arrived:
        by_hour = _with(by_hour or (0.0,) * _HOURS, [when.hour for when in arrived], count)
        by_day = _with(by_day or (0.0,) * _DAYS, [when.weekday() for when in arrived], count)
    fresh = sum(math.exp(-max(to_hours(now - when), 0.0) / _BURST) for when in arrived)
    return ArrivalRate(
        at=now,
        count=round(count, 4),
        span=round(rhythm.span * kept + passed, 4),
        recent=round(rhythm.recent * math.exp(-passed / _BURST) + fresh, 4),
        hours=by_hour,
        days=by_day,
        last=max([*arrived, *([rhythm.last] if rhythm.last else [])], default=None),
    )


def _with(counts: Sequence[float], places: Sequence[int], total: float) -> tuple[float, ...]:
    """Return ``counts`` with one more at each of ``places``, made smaller alike so that they sum to ``total``."""
    made = list(counts)
    for place in places:
        made[place] += 1
    scale = total / sum(made)
    return tuple(round(one * scale, 2) for one in made)


def mean_rate(rhythm: ArrivalRate) -> float:
    """Return how many articles an hour are to be expected on average."""
    silence = to_hours(rhythm.at - rhythm.last) if rhythm.last else 0.0
    return (rhythm.count + 1) / (max(rhythm.span, silence) + 1 / USUAL_PER_HOUR)


def rate_at(rhythm: ArrivalRate, at: dt.datetime) -> float:
    """Return how many articles an hour are to be expected at ``at``, by hour and weekday."""
    return (
        mean_rate(rhythm) * _share(rhythm.hours, at.hour, _EVEN_HOURS) * _share(rhythm.days, at.weekday(), _EVEN_DAYS)
    )


def _share(counts: Sequence[float], place: int, even: float) -> float:
    """Return how much more than on average comes at ``place``."""
    if not counts:
        return 1.0
    return (counts[place] * len(counts) + even) / (sum(counts) + even)


def time_until_expected(
    rhythm: ArrivalRate, *, waiting: float = math.inf, arrivals: float = math.inf, longest: dt.timedelta
) -> dt.timedelta:
    """Return in how long either is to be expected: ``arrivals``, or articles that have together waited so many hours.

    At most ``longest``.
    """
    now, end = rhythm.at, to_hours(longest)
    base = mean_rate(rhythm)
    at = come = waited = 0.0
    first = (now.minute * 60 + now.second) / 3600
    while at < end:
        when = now.hour + first + at
        day = (now.weekday() + int(when // _HOURS)) % _DAYS
        expected = base * _share(rhythm.hours, int(when) % _HOURS, _EVEN_HOURS) * _share(rhythm.days, day, _EVEN_DAYS)
        expected = max(expected, rhythm.recent / _BURST * math.exp(-at / _BURST))
        step = min(_STEP, end - at) if at < _BURST else min(1 - when % 1 or 1.0, end - at)
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
