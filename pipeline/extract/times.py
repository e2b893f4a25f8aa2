"""Choose when an article was published and changed from what its page states.

A time is as exact as the statements allow: an instant, a local time of an unknown zone, or a day.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Sequence
from typing import NamedTuple

from pipeline import dates
from pipeline.dates import DateHabits, StatedTime
from pipeline.extract.article_head import ArticleHead
from pipeline.extract.blocks import Block
from pipeline.extract.config import Phrases
from pipeline.extract.page_signals import PageSignals
from pipeline.extract.source_page import RawPage
from pipeline.extract.time_evidence import TimeCandidate, TimeEvidence, TimeSource, gather_times
from pipeline.records import Precision
from pipeline.settings import Source

_NEAR = dt.timedelta(hours=26)  # two statements of one time of publication: the same day in any two zones
_NEAR_UNZONED = dt.timedelta(hours=14)  # the same, where one names no zone: as far as zones lie from Greenwich
_RECENT = dt.timedelta(days=2)  # before it was fetched: when most pages are read
_MAX_DATE = 40  # characters of a line that may show in which order a page writes its dates

# Whose day is believed before whose. The newsroom's system writes JSON-LD and meta elements, and marks one time element
# as that of publication; an address is given once and never changes, so that it outweighs what a time element or a line
# by the headline may say of a later version; the feed knows no zone less.
_ORDER = (
    TimeSource.JSON_LD,
    TimeSource.META,
    TimeSource.MARKED,
    TimeSource.ADDRESS,
    TimeSource.ELEMENT,
    TimeSource.FEED,
    TimeSource.LINE,
)
_UNMARKED = frozenset({TimeSource.MARKED, TimeSource.ELEMENT, TimeSource.LINE})  # what the page shows to readers


class ArticleTimes(NamedTuple):
    """The times of an article's record."""

    published: dt.datetime | None = None
    local: str | None = None
    precision: Precision | None = None
    modified: dt.datetime | None = None


def choose_times(
    page: PageSignals, raw: RawPage, head: ArticleHead, habits: DateHabits, phrases: Phrases
) -> ArticleTimes:
    """Return when the article was published and changed.

    The first believable statement in this order decides the day: JSON-LD, meta elements, a time element that is marked
    as that of publication, the address, another time element by the headline, the feed, a line by the headline; where
    there is none, what says when it was changed. A later statement of the same day that is more exact gives the time of
    day and zone. What is left without a zone gets the one of another statement with the same wall clock's date and a
    zone other than UTC, then the source's.

    Args:
        page: what the page says of itself.
        raw: the page as it came.
        head: where its headline and text stand.
        habits: what decides between the readings of its dates.
        phrases: the labels of times.
    """
    evidence = gather_times(page, raw, head, phrases, habits)
    stated = decide_published(evidence, raw.fetched)
    changed = _settle(evidence.modified, evidence, raw.fetched)
    if not stated and not changed:
        return ArticleTimes()
    stated = stated or changed[:1]
    best = max((time for time in stated if _is_near(time, stated[0])), key=lambda time: time.rank)
    modified = _instant(changed[0], raw, stated) if changed else None
    published = _instant(best, raw, stated + changed)
    if published is not None:
        late = modified if modified and modified > published else None
        return ArticleTimes(published, None, Precision.INSTANT, late)
    if best.exact:
        return ArticleTimes(None, best.time.replace(tzinfo=None).isoformat(), Precision.LOCAL, modified)
    return ArticleTimes(None, best.time.date().isoformat(), Precision.DAY, modified)


def habits_of(raw: RawPage, page: PageSignals | None = None, blocks: Sequence[Block] = ()) -> DateHabits:
    """Return what decides between the readings of a page's dates: its language, its outlet's country, its other dates.

    Args:
        raw: the page as it came; its source names country and language.
        page: what the page says of itself.
        blocks: its blocks.
    """
    declared = (page.declared_language or "") if page else ""
    code, region = re.match(r"[A-Za-z]*", declared.strip()), re.search(r"[-_]([A-Z]{2})$", declared.strip())
    source = raw.source
    country = (source.country if source else None) or (region[1] if region else None)
    language = (code[0].lower() if code else None) or (source.language if source else None) or None
    return DateHabits(language, country, dates.shows_day_first(b.text for b in blocks if len(b.text) <= _MAX_DATE))


def decide_published(evidence: TimeEvidence, fetched: dt.datetime | None) -> list[StatedTime]:
    """Return the believable statements of the time of publication, the most reliable first.

    Args:
        evidence: what page, address and feed state.
        fetched: when the page was fetched, where that is known.
    """
    ordered = sorted(evidence.published, key=lambda candidate: _ORDER.index(candidate.source))
    return _settle(ordered, evidence, fetched)


def _settle(
    candidates: Sequence[TimeCandidate], evidence: TimeEvidence, fetched: dt.datetime | None
) -> list[StatedTime]:
    """Return the times of ``candidates``: of each the reading that is believable and agrees with what else is known."""
    certain = [
        candidate.readings[0].time
        for candidate in (*evidence.published, *evidence.modified)
        if len(candidate.readings) == 1 and dates.is_believable(candidate.readings[0].time, fetched)
    ]
    settled = []
    for candidate in candidates:
        readings = [time for time in candidate.readings if dates.is_believable(time.time, fetched)]
        if candidate.source in _UNMARKED and evidence.address:
            readings = [time for time in readings if evidence.address.agrees_with(time.time, _NEAR)]
        if len(readings) > 1:
            near = [
                time for time in readings if any(abs(_aware(time.time) - _aware(known)) <= _NEAR for known in certain)
            ]
            recent = [time for time in readings if fetched and fetched - _aware(time.time) <= _RECENT]
            readings = near or recent or readings
        if len(readings) == 1:
            settled.append(readings[0])
    return settled


def _aware(time: dt.datetime) -> dt.datetime:
    return time if time.tzinfo else time.replace(tzinfo=dt.UTC)


def _is_near(stated: StatedTime, reference: StatedTime) -> bool:
    """Tell whether two statements may be of one time; of those without a time of day the days count."""
    same_day = stated.time.date() == reference.time.date()
    if stated.time.tzinfo is None or reference.time.tzinfo is None:
        apart = abs(_aware(stated.time) - _aware(reference.time))
        return same_day or (stated.exact and reference.exact and apart <= _NEAR_UNZONED)
    return abs(stated.time - reference.time) <= _NEAR and (stated.exact or same_day)


def _instant(stated: StatedTime, raw: RawPage, others: list[StatedTime]) -> dt.datetime | None:
    """Return ``stated`` in UTC, None where its time of day or zone can't be known."""
    if not stated.exact:
        return None
    time = stated.time
    if time.tzinfo is None:
        offset = next((o.time.utcoffset() for o in others if o.time.utcoffset() and _is_near(o, stated)), None)
        if raw.source and raw.source.time_zone:
            time = time.replace(tzinfo=zoneinfo.ZoneInfo(raw.source.time_zone))
        elif offset is not None:
            time = time.replace(tzinfo=dt.timezone(offset))
        else:
            return None
    return time.astimezone(dt.UTC)


def to_published(stated: StatedTime | None, raw: RawPage) -> tuple[dt.datetime | None, str | None, Precision | None]:
    """Return the instant that a file states, or the local time or day as text where its zone can't be known.

    A time that can't be true (``dates.is_believable``) is none; files may be older than the web.
    """
    if stated is None or not dates.is_believable(stated.time, raw.fetched, printed=True):
        return None, None, None
    source = raw.source
    time = stated.time
    if stated.exact and time.tzinfo is None and source and source.time_zone:
        time = time.replace(tzinfo=zoneinfo.ZoneInfo(source.time_zone))
    if stated.exact and time.tzinfo is not None:
        return time.astimezone(dt.UTC), None, Precision.INSTANT
    if stated.exact:
        return None, time.isoformat(), Precision.LOCAL
    return None, time.date().isoformat(), Precision.DAY


def to_latest_instant(stated: StatedTime, source: Source | None) -> dt.datetime:
    """Return the instant that is stated; what names no zone is of the source's, else UTC, and a day its beginning.

    Of an hour that the clock strikes twice it is the second one: nothing is out before its time.
    """
    time = stated.time
    if time.tzinfo is None or not stated.exact:
        zone = zoneinfo.ZoneInfo(source.time_zone) if source and source.time_zone else dt.UTC
        time = time.replace(tzinfo=zone)
    return max(time.replace(fold=fold).astimezone(dt.UTC) for fold in (0, 1))
