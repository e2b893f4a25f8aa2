"""Choose when an article was published and changed from what its page states.

A time is as exact as the statements allow: an instant, a local time of an unknown zone, or a day.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
import zoneinfo
from collections.abc import Iterator
from typing import NamedTuple

from htmldate import find_date

from pipeline import dates
from pipeline.dates import StatedTime
from pipeline.extract import jsonld
from pipeline.extract.page_signals import PageSignals
from pipeline.extract.source_page import RawPage
from pipeline.records import Precision
from pipeline.settings import Source

_OLDEST = 1990  # year: before it there were no news sites; earlier dates are of what the news is about
_AHEAD = dt.timedelta(days=2)  # a page can't come from later than it was fetched, but for clocks and zones
_END_OF_TIME = dt.datetime(2200, 1, 1, tzinfo=dt.UTC)  # where it isn't known when the page was fetched
_NEAR = dt.timedelta(hours=26)  # two statements of one time of publication: the same day in any two zones
_NEAR_UNZONED = dt.timedelta(hours=14)  # the same, where one names no zone: as far as zones lie from Greenwich

# Names of meta elements, the most reliable first.
_PUBLISHED = (
    "article:published_time", "og:article:published_time", "og:published_time", "datepublished", "parsely-pub-date",
    "sailthru.date", "date.issued", "dc.date.issued", "dcterms.created", "dc.date.created", "dcterms.date", "dc.date",
    "pubdate", "publishdate", "publish-date", "publish_date", "publication_date", "article.published", "date",
    "cxenseparse:recs:publishtime", "cxenseparse:publishtime", "article_date_original", "publisheddate", "created",
    "article:post_date", "published", "last-published", "publish-time", "uploaddate",
)  # fmt: skip
_MODIFIED = (
    "article:modified_time", "og:article:modified_time", "og:updated_time", "datemodified", "dcterms.modified",
    "dc.date.modified", "lastmod", "last-modified", "article.updated", "revision_date",
)  # fmt: skip


class ArticleTimes(NamedTuple):
    """The times of an article's record."""

    published: dt.datetime | None = None
    local: str | None = None
    precision: Precision | None = None
    modified: dt.datetime | None = None


def choose_times(page: PageSignals, raw: RawPage) -> ArticleTimes:
    """Return when the article was published and changed.

    The first statement in this order decides the day: JSON-LD (written by the newsroom's system), meta elements,
    microdata and time elements, the feed, then what htmldate finds in page and address. A later statement of the
    same day that is more exact gives the time of day and zone. What is left without a zone gets the one of another
    statement with the same wall clock's date and a zone other than UTC, then the source's.
    """
    limit = (raw.fetched or _END_OF_TIME) + _AHEAD
    stated = [time for time in _published_times(page, raw) if _is_plausible(time, limit)]
    changed = [time for time in _modified_times(page) if _is_plausible(time, limit)]
    if not stated and (
        day := find_date(page.tree, original_date=True, url=raw.url, deferred_url_extractor=True, max_date=limit)
    ):
        guess = dates.parse(day)
        stated = [guess] if guess and _is_plausible(guess, limit) else []
    if not stated:
        return ArticleTimes(modified=_instant(changed[0], raw, []) if changed else None)
    best = max((time for time in stated if _is_near(time, stated[0])), key=lambda time: time.rank)
    modified = _instant(changed[0], raw, stated) if changed else None
    published = _instant(best, raw, stated + changed)
    if published is not None:
        late = modified if modified and modified > published else None
        return ArticleTimes(published, None, Precision.INSTANT, late)
    if best.exact:
        return ArticleTimes(None, best.time.replace(tzinfo=None).isoformat(), Precision.LOCAL, modified)
    return ArticleTimes(None, best.time.date().isoformat(), Precision.DAY, modified)


def _published_times(page: PageSignals, raw: RawPage) -> list[StatedTime]:
    """Return the times of publication that page and feed state, the most reliable first."""

    def values() -> Iterator[str]:
        for node in (page.article, jsonld.find_web_page(page.jsonld)):
            for key in ("datePublished", "dateCreated", "uploadDate"):
                if value := jsonld.text_of(node, key):
                    yield value
        yield from itertools.chain.from_iterable(page.meta.get(name, []) for name in _PUBLISHED)
        marked = [time for time in page.times if re.search("publi|pubdate|created|posted|date-?time", time.labels)]
        for time in [*marked, *page.times]:
            if not re.search("modif|update", time.labels):
                yield time.value

    stated = [time for value in values() if (time := dates.parse(value))]
    if raw.entry and raw.entry.published:
        stated.append(StatedTime(raw.entry.published, exact=True))
    return stated


def _modified_times(page: PageSignals) -> list[StatedTime]:
    values = [jsonld.text_of(node, "dateModified") for node in (page.article, jsonld.find_web_page(page.jsonld))]
    values += itertools.chain.from_iterable(page.meta.get(name, []) for name in _MODIFIED)
    values += [element.value for element in page.times if re.search("modif|update", element.labels)]
    return [time for value in values if (time := dates.parse(value))]


def _is_plausible(stated: StatedTime, limit: dt.datetime) -> bool:
    return stated.time.year >= _OLDEST and _aware(stated.time) <= limit


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


def to_published(stated: StatedTime, source: Source | None) -> tuple[dt.datetime | None, str | None, Precision]:
    """Return the instant that is stated, or the local time or day as text where its zone can't be known."""
    time = stated.time
    if stated.exact and time.tzinfo is None and source and source.time_zone:
        time = time.replace(tzinfo=zoneinfo.ZoneInfo(source.time_zone))
    if stated.exact and time.tzinfo is not None:
        return time.astimezone(dt.UTC), None, Precision.INSTANT
    if stated.exact:
        return None, time.isoformat(), Precision.LOCAL
    return None, time.date().isoformat(), Precision.DAY
