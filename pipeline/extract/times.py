"""When was the article published and changed, and how exactly is that known?"""

from __future__ import annotations

import datetime as dt
import email.utils
import itertools
import re
import zoneinfo
from collections.abc import Iterator
from typing import NamedTuple

from dateutil import parser as dateutil_parser
from dateutil.tz import tzoffset
from htmldate import find_date

from pipeline.extract import jsonld
from pipeline.extract.config import RawPage
from pipeline.extract.page_signals import PageSignals
from pipeline.records import Precision
from pipeline.settings import Source

_ISO = re.compile(
    r"(?P<year>\d{4})-?(?P<month>\d{2})-?(?P<day>\d{2})"
    r"(?:[T ,]+(?P<hour>\d{1,2}):?(?P<minute>\d{2})(?::?(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2}|[A-Z]{3,4})?)?(?![\d])"
)
_EUROPEAN = re.compile(r"(?<!\d)(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?:\D{1,12}?(\d{1,2})[:.](\d{2}))?")
_EPOCH = re.compile(r"^1\d{9}(?:\d{3})?$")
_MONTH_NAME = re.compile(r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b", re.IGNORECASE)
# Hours from UTC of the zone names that dates in pages use; ambiguous ones (IST, CST in Asia, BST in Asia) as most
# often meant in news: India, US Central, Britain.
_ZONES = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "EET": 2,
    "EEST": 3, "MSK": 3, "SAST": 2, "EAT": 3, "IST": 5.5, "PKT": 5, "WIB": 7, "ICT": 7, "SGT": 8, "HKT": 8, "JST": 9,
    "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7,
    "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip
_MAX_DATE = 80  # characters: in longer texts words that aren't a date may be taken for one
_OLDEST = 1990  # year: before it there were no news sites; earlier dates are of what the news is about
_AHEAD = dt.timedelta(days=2)  # a page can't come from later than it was fetched, but for clocks and zones
_END_OF_TIME = dt.datetime(2200, 1, 1, tzinfo=dt.UTC)  # where it isn't known when the page was fetched
_NEAR = dt.timedelta(hours=26)  # two statements of one time of publication: the same day in any two zones

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


class StatedTime(NamedTuple):
    """A time as it is stated: aware, or naive where no zone is given; ``exact`` where it has a time of day."""

    time: dt.datetime
    exact: bool

    @property
    def rank(self) -> int:
        """2 for an instant, 1 for a local time, 0 for a day."""
        return (2 if self.time.tzinfo else 1) if self.exact else 0


class ArticleTimes(NamedTuple):
    """What an article's record says of time."""

    published: dt.datetime | None = None
    local: str | None = None
    precision: Precision | None = None
    modified: dt.datetime | None = None


def parse_time(value: str) -> StatedTime | None:
    """Return the time that ``value`` states; None where it states none or an ambiguous one (03/04/2024)."""
    value = value.strip()
    try:
        if _EPOCH.match(value):
            return StatedTime(dt.datetime.fromtimestamp(int(value[:10]), dt.UTC), exact=True)
        if match := _ISO.search(value):
            return _from_iso(match)
        if match := _EUROPEAN.search(value):
            day, month, year, hour, minute = (int(part or 0) for part in match.groups())
            return StatedTime(dt.datetime(year, month, day, hour, minute), exact=match[4] is not None)  # noqa: DTZ001
        if _MONTH_NAME.search(value):
            return _from_words(value)
    except (ValueError, OverflowError):
        return None
    return None


def _from_iso(match: re.Match[str]) -> StatedTime:
    year, month, day, hour, minute, second = (
        int(match[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    time = dt.datetime(year, month, day, hour, minute, second, tzinfo=_zone(match["zone"]))
    exact = match["hour"] is not None and (time.tzinfo is not None or bool(hour or minute or second))
    return StatedTime(time, exact)


def _from_words(value: str) -> StatedTime | None:
    try:
        time = email.utils.parsedate_to_datetime(value)
    except (ValueError, IndexError, TypeError):
        time = None
    if time is None or time.tzinfo is None:
        zones = {name: tzoffset(name, int(hours * 3600)) for name, hours in _ZONES.items()}
        midnight = dt.datetime(1, 1, 1)  # noqa: DTZ001 - what the text leaves out; the year 1 is refused later
        plain = value.replace("Uhr", "")
        time = dateutil_parser.parse(plain, tzinfos=zones, default=midnight, fuzzy=len(value) <= _MAX_DATE)
    return StatedTime(time, bool(re.search(r"\d:\d\d|\d\s?[ap]\.?m", value, re.IGNORECASE)))


def _zone(name: str | None) -> dt.tzinfo | None:
    if not name:
        return None
    if name[0] in "+-":
        digits = name[1:].replace(":", "").ljust(4, "0")
        offset = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        return dt.timezone(offset if name[0] == "+" else -offset)
    hours = _ZONES.get(name)
    return None if hours is None else dt.timezone(dt.timedelta(hours=hours))


def choose_times(page: PageSignals, raw: RawPage) -> ArticleTimes:
    """Return when the article was published and changed.

    The first statement in this order decides the day: JSON-LD (written by the newsroom's system), meta elements,
    microdata and time elements, the feed, then what htmldate finds in page and address. A later statement of the
    same day that is more exact gives the time of day and zone. What is left without a zone gets the one of another
    statement with the same wall clock's date and a zone other than UTC, then the source's.
    """
    limit = (raw.fetched or _END_OF_TIME) + _AHEAD
    stated = [one for one in _stated(page, raw) if _sane(one, limit)]
    changed = [one for one in _changed(page) if _sane(one, limit)]
    if not stated and (
        found := find_date(page.tree, original_date=True, url=raw.url, deferred_url_extractor=True, max_date=limit)
    ):
        day = parse_time(found)
        stated = [day] if day and _sane(day, limit) else []
    if not stated:
        return ArticleTimes(modified=_instant(changed[0], raw, []) if changed else None)
    best = max((one for one in stated if _near(one, stated[0])), key=lambda one: one.rank)
    modified = _instant(changed[0], raw, stated) if changed else None
    published = _instant(best, raw, stated + changed)
    if published is not None:
        late = modified if modified and modified > published else None
        return ArticleTimes(published, None, Precision.INSTANT, late)
    if best.exact:
        return ArticleTimes(None, best.time.replace(tzinfo=None).isoformat(), Precision.LOCAL, modified)
    return ArticleTimes(None, best.time.date().isoformat(), Precision.DAY, modified)


def _stated(page: PageSignals, raw: RawPage) -> list[StatedTime]:
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

    made = [one for value in values() if (one := parse_time(value))]
    if raw.entry and raw.entry.published:
        made.append(StatedTime(raw.entry.published, exact=True))
    return made


def _changed(page: PageSignals) -> list[StatedTime]:
    values = [jsonld.text_of(node, "dateModified") for node in (page.article, jsonld.find_web_page(page.jsonld))]
    values += itertools.chain.from_iterable(page.meta.get(name, []) for name in _MODIFIED)
    values += [time.value for time in page.times if re.search("modif|update", time.labels)]
    return [one for value in values if value and (one := parse_time(value))]


def _sane(one: StatedTime, limit: dt.datetime) -> bool:
    return one.time.year >= _OLDEST and _aware(one.time) <= limit


def _aware(time: dt.datetime) -> dt.datetime:
    return time if time.tzinfo else time.replace(tzinfo=dt.UTC)


def _near(one: StatedTime, other: StatedTime) -> bool:
    if one.time.tzinfo is None or other.time.tzinfo is None:
        return one.time.date() == other.time.date() or (
            one.exact and other.exact and abs(_aware(one.time) - _aware(other.time)) <= dt.timedelta(hours=14)
        )
    return abs(one.time - other.time) <= _NEAR and (one.exact or one.time.date() == other.time.date())


def _instant(one: StatedTime, raw: RawPage, others: list[StatedTime]) -> dt.datetime | None:
    """Return ``one`` in UTC, None where its time of day or zone can't be known."""
    if not one.exact:
        return None
    time = one.time
    if time.tzinfo is None:
        offset = next((o.time.utcoffset() for o in others if o.time.utcoffset() and _near(o, one)), None)
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
