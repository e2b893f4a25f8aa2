"""Draw counts over time as a picture of bars, and part a span of time into the periods that are counted. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 600, 120  # of the picture, in its own units
_DAY = dt.timedelta(days=1)
_PERIODS = 31  # bars of a picture at most
_STEPS = (1, 7, 30, 90, 365)  # days in a period
_GAP = 0.2  # share of a period's width that is left free


class PeriodCount(NamedTuple):
    """How many articles there are from ``start`` on, before ``end``."""

    start: dt.datetime
    end: dt.datetime
    articles: int

    @property
    def last(self) -> dt.datetime:
        """Return when the last day begins."""
        return max(self.start, self.end - _DAY)

    @property
    def label(self) -> str:
        """Return the period in words: a day, or the first and the last day."""
        if self.last == self.start:
            return f"{self.start:%-d %b %Y}"
        first = f"{self.start:%-d %b}" if self.last.year == self.start.year else f"{self.start:%-d %b %Y}"
        return f"{first} to {self.last:%-d %b %Y}"


class PeriodBar(NamedTuple):
    """A bar of the picture: where it stands, how high it is, and what it says."""

    x: float
    y: float
    width: float
    height: float
    label: str


def split_time(first: dt.datetime, last: dt.datetime) -> list[tuple[dt.datetime, dt.datetime]]:
    """Return periods of whole days (UTC) from ``first`` to the day of ``last``; of very long times the last ones."""
    begin, end = _midnight(first), _midnight(last) + _DAY
    days = max(1, (end - begin).days)
    step = next((step for step in _STEPS if days <= step * _PERIODS), _STEPS[-1])
    count = min(_PERIODS, -(-days // step))
    width = dt.timedelta(days=step)
    return [(end - width * number, end - width * (number - 1)) for number in range(count, 0, -1)]


def draw_periods(periods: Sequence[PeriodCount]) -> list[PeriodBar]:
    """Return the bars of periods, the highest as high as the picture."""
    most = max((period.articles for period in periods), default=0)
    step = WIDTH / max(1, len(periods))
    bars = []
    for place, period in enumerate(periods):
        height = HEIGHT * period.articles / most if most else 0.0
        height = max(height, 2.0) if period.articles else 0.0
        words = f"{period.label}: {period.articles:,} {'article' if period.articles == 1 else 'articles'}"
        bars.append(
            PeriodBar(
                round(place * step + step * _GAP / 2, 2),
                round(HEIGHT - height, 2),
                round(step * (1 - _GAP), 2),
                round(height, 2),
                words,
            )
        )
    return bars


def _midnight(time: dt.datetime) -> dt.datetime:
    return time.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
