"""Choose the steps of a chart over time as Kibana does, for the interval that it calls auto. Pure.

The steps and bounds are those of ``data/common/search/aggs/buckets/lib/time_buckets`` (``calc_auto_interval.ts``,
``time_buckets.ts``), with Kibana's own settings: about 50 steps, at most 100.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

_TARGET, _MOST = 50, 100  # histogram:barTarget and histogram:maxBars
_SECOND, _MINUTE, _HOUR, _DAY = 1000.0, 60_000.0, 3_600_000.0, 86_400_000.0
# milliseconds of a step, the longest first
_STEPS = (
    365 * _DAY,
    30 * _DAY,
    7 * _DAY,
    _DAY,
    12 * _HOUR,
    3 * _HOUR,
    _HOUR,
    30 * _MINUTE,
    10 * _MINUTE,
    5 * _MINUTE,
    _MINUTE,
    30 * _SECOND,
    10 * _SECOND,
    5 * _SECOND,
    _SECOND,
    100.0,
)
_CALENDAR = {365 * _DAY: "1y", 30 * _DAY: "1M", 7 * _DAY: "1w", _DAY: "1d", _HOUR: "1h", _MINUTE: "1m"}
_UNITS = ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m"), (_SECOND, "s"), (1.0, "ms"))
_NAMED = frozenset(_CALENDAR.values())


class TimeRange(NamedTuple):
    """The time that a dashboard shows."""

    since: dt.datetime
    until: dt.datetime

    @property
    def milliseconds(self) -> float:
        """Return how long it is."""
        return (self.until - self.since).total_seconds() * 1000

    def clause(self, field: str) -> dict[str, object]:
        """Return the search for documents of that time."""
        return {
            "range": {
                field: {
                    "gte": _iso(self.since),
                    "lte": _iso(self.until),
                    "format": "strict_date_optional_time",
                }
            }
        }

    def last(self, window: str) -> TimeRange:
        """Return its last part, such as ``1d``, ``6h``."""
        unit = {"d": "days", "h": "hours", "m": "minutes", "w": "weeks"}[window[-1]]
        return TimeRange(self.until - dt.timedelta(**{unit: int(window[:-1])}), self.until)


def auto_interval(time: TimeRange) -> dict[str, str]:
    """Return the step of a histogram over ``time``, as Elasticsearch's request names it."""
    duration = time.milliseconds
    target = duration / _TARGET
    below = next((place for place, step in enumerate(_STEPS) if step <= target), None)
    step = target if below is None else _STEPS[max(below - 1, 0)]
    if duration / step > _MOST:
        step = next((each for each in _STEPS if each <= duration / _MOST), duration / _MOST)
    return name_interval(step)


def name_interval(milliseconds: float) -> dict[str, str]:
    """Return a step as Elasticsearch's request names it: by the calendar where it is one of its units."""
    if milliseconds in _CALENDAR:
        return {"calendar_interval": _CALENDAR[milliseconds]}
    size, unit = next((size, unit) for size, unit in _UNITS if milliseconds >= size or unit == "ms")
    return {"fixed_interval": f"{max(1, round(milliseconds / size))}{unit}"}


def stated_interval(text: str, time: TimeRange) -> dict[str, str]:
    """Return the step that a chart states: ``auto``, or one such as ``1d`` or ``30m``."""
    if text == "auto":
        return auto_interval(time)
    return {"calendar_interval" if text in _NAMED else "fixed_interval": text}


def _iso(time: dt.datetime) -> str:
    return time.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
