"""Read sources for those who watch them: how their feeds are, and how each day of the last weeks went."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from pipeline.context import Context
from pipeline.feed_records import FeedGap, SourceDay
from pipeline.feeds.health import Condition, Health, assess_feeds
from pipeline.store import Failure

DAYS = 14
_FAILURES = 20
_GAP_HOURS = 24


class SourceLine(msgspec.Struct, frozen=True, kw_only=True):
    """A source at a glance: how its worst feed is, what waits for a person, and its last days, the oldest first."""

    name: str
    condition: Condition
    why: str
    since: dt.datetime | None
    latest: dt.datetime | None  # article that its feeds named
    quarantined: int
    days: tuple[SourceDay, ...]

    @property
    def articles(self) -> int:
        """Return how many new articles its feeds named in these days."""
        return sum(day.articles for day in self.days)


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    """A source with its feeds, the worst first, what they failed to show, and what a person should look at.

    ``gaps`` are those of the last ``DAYS`` days, the latest first; ``drift`` says how its pages have changed, where
    most of them differ from earlier ones; ``failures`` are the latest articles that are quarantined.
    """

    source: SourceLine
    feeds: tuple[Health, ...]
    failures: tuple[Failure, ...]
    gaps: tuple[FeedGap, ...] = ()
    drift: str | None = None

    @property
    def missed(self) -> int:
        """Return how many articles its feeds failed to show in these days, by estimate, less what others listed."""
        return sum(max(0, gap.missed - gap.filled) for gap in self.gaps)


def list_sources(context: Context) -> list[SourceLine]:
    """Return all sources, those first that need somebody."""
    now = context.clock()
    feeds, days, quarantined = _read(context, now)
    lines = [
        _line(name, feeds.get(name, ()), days.get(name, ()), quarantined.get(name, 0), now)
        for name in {*context.sources, *feeds}
    ]
    order = list(Condition)
    return sorted(lines, key=lambda line: (order.index(line.condition), line.name))


def load_source(context: Context, name: str) -> SourceView | None:
    """Return a source, None where there is none of this name."""
    now = context.clock()
    feeds, days, quarantined = _read(context, now, name)
    if name not in context.sources and name not in feeds:
        return None
    with context.store.read() as connection:
        failures = context.store.admin.list_failures(connection, _FAILURES, name)
        alarm = context.store.site_alarms.list_alarms(connection).get(name)
        gaps = context.store.gaps.list_gaps(connection, now - dt.timedelta(days=DAYS))
    line = _line(name, feeds.get(name, ()), days.get(name, ()), quarantined.get(name, 0), now)
    return SourceView(
        source=line,
        feeds=tuple(feeds.get(name, ())),
        failures=tuple(failures),
        gaps=tuple(gap for gap in reversed(gaps) if gap.source == name),
        drift=alarm.detail if alarm else None,
    )


def _read(
    context: Context, now: dt.datetime, source: str | None = None
) -> tuple[Mapping[str, Sequence[Health]], Mapping[str, Sequence[SourceDay]], Mapping[str, int]]:
    """Return of each source (or of one) its feeds, its days, and how many of its articles are quarantined."""
    store = context.store
    with store.read() as connection:
        states = store.feeds.list_states(connection)
        gaps = store.gaps.list_gaps(connection, now - dt.timedelta(hours=_GAP_HOURS))
        listed = store.source_days.list_days(connection, now.date() - dt.timedelta(days=DAYS - 1), source)
        quarantined = store.admin.count_quarantined(connection)
    chosen = [state for state in states if source in {None, state.source}]
    feeds: dict[str, list[Health]] = defaultdict(list)
    for health in assess_feeds(chosen, gaps, now):
        feeds[health.source].append(health)
    days: dict[str, list[SourceDay]] = defaultdict(list)
    for day in listed:
        days[day.source].append(day)
    return feeds, days, quarantined


def _line(
    name: str, feeds: Sequence[Health], days: Sequence[SourceDay], quarantined: int, now: dt.datetime
) -> SourceLine:
    worst = feeds[0] if feeds else None
    return SourceLine(
        name=name,
        condition=worst.condition if worst else Condition.NEW,
        why=worst.why if worst else "it has no feed that the ledger knows",
        since=worst.since if worst else None,
        latest=max((feed.latest for feed in feeds if feed.latest), default=None),
        quarantined=quarantined,
        days=fill_days(name, days, now.date()),
    )


def fill_days(source: str, days: Sequence[SourceDay], until: dt.date) -> tuple[SourceDay, ...]:
    """Return each of the last DAYS days up to ``until``, those without polls too, the oldest first."""
    known = {day.day: day for day in days}
    wanted = (until - dt.timedelta(days=before) for before in reversed(range(DAYS)))
    return tuple(known.get(day) or SourceDay(source=source, day=day, polls=0, failed=0, articles=0) for day in wanted)
