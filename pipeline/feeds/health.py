"""Say how each feed is, and how complete each source, the worst first.

Pure: states, gaps and arrivals in, what a person should know out.
"""

from __future__ import annotations

import collections
import datetime as dt
import enum
from collections.abc import Iterator, Mapping, Sequence

from pipeline.feed_records import FeedGap, FeedState
from pipeline.feeds.arrival_rate import mean_rate, to_hours
from pipeline.feeds.schedule import GONE_TIMES
from pipeline.records import Reason, Record

# So many articles that should have come and didn't: by chance that happens once in 3,000 times.
_MISSING_ARTICLES = 8.0
_SILENT_FROM = dt.timedelta(hours=48)  # a quiet weekend is none
_LATE_AFTER = dt.timedelta(minutes=30)  # runs take time, and feeds of one host wait for one another
_RECENT = dt.timedelta(hours=24)
_EMPTY_FROM = dt.timedelta(days=7)


class Condition(enum.StrEnum):
    """How a feed is, the worst first."""

    GONE = "gone"
    FAILING = "failing"
    GAPPED = "gapped"
    LATE = "late"
    SILENT = "silent"
    EMPTY = "empty"
    MOVED = "moved"
    LYING = "lying"
    NEW = "new"
    WELL = "well"


class Health(Record, frozen=True, kw_only=True):
    """How one feed is and why."""

    source: str
    feed: str
    condition: Condition
    why: str
    since: dt.datetime | None = None
    polled: dt.datetime | None = None
    due: dt.datetime | None = None
    latest: dt.datetime | None = None  # article
    per_day: float | None = None
    every_minutes: float | None = None


class Completeness(Record, frozen=True, kw_only=True):
    """How much of what a source published in an hour (None: in all the time) its feeds showed us."""

    source: str
    hour: dt.datetime | None
    named: int
    missed: float  # an estimate, less what was filled

    @property
    def share(self) -> float:
        """Return the share that our feeds showed us, 0 to 1."""
        return self.named / (self.named + self.missed) if self.named + self.missed else 1.0


def assess_feeds(states: Sequence[FeedState], gaps: Sequence[FeedGap], now: dt.datetime) -> list[Health]:
    """Return how each feed is, the worst first; ``gaps`` are those of the last day."""
    order = list(Condition)
    missed = collections.Counter[str]()
    for gap in gaps:
        missed[gap.feed] += max(gap.missed - gap.filled, 0)
    assessed = [_assess(state, missed.get(state.url), now) for state in states]
    return sorted(assessed, key=lambda feed: (order.index(feed.condition), feed.source, feed.feed))


def _assess(state: FeedState, missed: int | None, now: dt.datetime) -> Health:
    condition, since, why = next(_findings(state, missed, now))
    rate = state.arrival_rate
    return Health(
        source=state.source,
        feed=state.url,
        condition=condition,
        why=why,
        since=since,
        polled=state.polled,
        due=state.due,
        latest=rate.last if rate else None,
        per_day=round(24 * mean_rate(rate), 1) if rate else None,
        every_minutes=round(state.every / 60, 1) if state.every else None,
    )


def _findings(
    state: FeedState, missed: int | None, now: dt.datetime
) -> Iterator[tuple[Condition, dt.datetime | None, str]]:
    """Yield all that is to be said of a feed, the worst first."""
    if state.reason is Reason.GONE and state.failures >= GONE_TIMES:
        yield Condition.GONE, state.failing_since, "its server says that it is gone for good; it is asked weekly"
    if state.failures:
        yield Condition.FAILING, state.failing_since, f"{state.error}, {state.failures} times in a row"
    if missed:
        yield Condition.GAPPED, state.gap, f"about {missed} articles scrolled off within a day; name a news sitemap"
    if state.role != "sitemap" and now - state.due > max(_LATE_AFTER, dt.timedelta(seconds=2 * (state.every or 0))):
        yield Condition.LATE, state.due, "it is due and was not read; do the runs take too long, or not take place?"
    yield from _quiet(state, now)
    if state.address or state.moved_to:
        where = f"it is read at {state.address} now" if state.address else f"it is being redirected to {state.moved_to}"
        yield Condition.MOVED, state.moved_since, f"{where}; change config/feeds.toml"
    if state.lied and now - state.lied < dt.timedelta(days=30):
        yield Condition.LYING, state.lied, 'its server said "not modified" although it was; it is always read in full'
    if state.polled is None:
        yield Condition.NEW, None, "it is called when there is a gap" if state.role == "sitemap" else "not read yet"
    yield Condition.WELL, state.succeeded, ""


def _quiet(state: FeedState, now: dt.datetime) -> Iterator[tuple[Condition, dt.datetime | None, str]]:
    if state.empty_since and now - state.empty_since > _EMPTY_FROM:
        yield Condition.EMPTY, state.empty_since, "it lists nothing"
    rate = state.arrival_rate
    if not rate or not rate.last or not rate.span or now - rate.last < _SILENT_FROM:
        return
    silence = to_hours(now - rate.last)
    # as it was before it fell silent: the count decays with the silence, the span with it grows by the silence
    per_hour = rate.count / max(rate.span - min(silence, rate.span), 1.0)
    if per_hour * silence > _MISSING_ARTICLES:
        yield Condition.SILENT, rate.last, f"nothing new, where {_rate_words(per_hour)} came before"


def _rate_words(per_hour: float) -> str:
    """Return how many articles came in a day, or in a week where they are few."""
    by_day, by_week = round(24 * per_hour), round(24 * 7 * per_hour)
    if by_day > 1:
        return f"about {by_day} articles a day"
    return f"about {by_week} {'article' if by_week == 1 else 'articles'} a week"


def measure_completeness(
    arrivals: Mapping[tuple[str, dt.datetime], int], gaps: Sequence[FeedGap], since: dt.datetime, *, by_hour: bool
) -> list[Completeness]:
    """Return how complete each source is from ``since`` on, worst first; with ``by_hour`` hour by hour, in order."""
    counts: collections.Counter[tuple[str, dt.datetime | None]] = collections.Counter()
    missed: collections.defaultdict[tuple[str, dt.datetime | None], float] = collections.defaultdict(float)
    for (source, hour), count in arrivals.items():
        counts[source, hour if by_hour else None] += count
    for gap in gaps:
        for hour, share in _spread(gap, since):
            missed[gap.source, hour if by_hour else None] += share * max(gap.missed - gap.filled, 0)
    measured = [
        Completeness(
            source=source, hour=hour, named=counts[source, hour], missed=round(missed.get((source, hour), 0.0), 1)
        )
        for source, hour in {*counts, *missed}
    ]
    if by_hour:
        return sorted(measured, key=lambda hour: (hour.source, hour.hour or since))
    return sorted(measured, key=lambda source: (source.share, source.source))


def _spread(gap: FeedGap, since: dt.datetime) -> Iterator[tuple[dt.datetime, float]]:
    """Yield the hours of a gap from ``since`` on, each with the share of the gap that lies in it."""
    hour = gap.since.replace(minute=0, second=0, microsecond=0)
    length = (gap.until - gap.since).total_seconds()
    while hour < gap.until:
        next_hour = hour + dt.timedelta(hours=1)
        if next_hour > since and length > 0:
            yield hour, (min(next_hour, gap.until) - max(hour, gap.since)).total_seconds() / length
        hour = next_hour
