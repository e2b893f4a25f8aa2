"""Gather what a page, its address and its feed say of when its article was published and changed.

Each statement is a named candidate with the place where it stands; which is believed is decided in ``times``.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
import zoneinfo
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from lxml.html import HtmlElement

from pipeline import dates
from pipeline.dates import DateHabits, StatedTime
from pipeline.dates.ages import day_of_age
from pipeline.extract import jsonld
from pipeline.extract.address_dates import AddressDate, find_address_date
from pipeline.extract.article_head import ArticleHead
from pipeline.extract.blocks import RUNNING_TEXT_CHARS, Block
from pipeline.extract.config import Phrases
from pipeline.extract.date_lines import (
    TimeStatement,
    is_age_line,
    is_date_line,
    parse_age_line,
    parse_date_line,
    says_updated,
)
from pipeline.extract.page_signals import PageSignals, TimeElement
from pipeline.extract.source_page import RawPage
from pipeline.extract.text_repair import repair_text

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
_IS_PUBLISHED = re.compile(r"publi|pubdate|created|posted")
_IS_UPDATED = re.compile(r"modif|update")
# In class names and ids: what stands there is of comments, or of other articles. From the habits of news templates.
_COMMENTS = re.compile(r"comment(?!ary)|disqus|discussion|(?:^|[\s_-])repl(?:y|ies)", re.IGNORECASE)
_TEASERS = re.compile(
    r"related|recommend|teaser|sidebar|most-?(?:read|popular|viewed)|trending|widget|read-?(?:more|also|next)|see-?also|"
    r"more-?(?:on|from|stories|news)|latest|ticker|live-?blog|promo|(?:^|[\s_-])(?:card|carousel|ads?)(?:$|[\s_-])",
    re.IGNORECASE,
)
_MAX_PIECES = 60  # runs of text in a block that may be a time of its own
_MAX_LINE = 160  # characters


class Place(StrEnum):
    """Where in the page a time element stands."""

    HEAD = "head"
    TEXT = "text"
    END = "end"
    TEASER = "teaser"
    COMMENT = "comment"
    FOOTER = "footer"


class TimeSource(StrEnum):
    """What states a time."""

    JSON_LD = "JSON-LD"
    META = "meta"
    MARKED = "marked time element"  # that it is the time of publication
    ADDRESS = "address"
    ELEMENT = "time element"
    FEED = "feed"
    LINE = "line"  # of text, by the headline


class TimeCandidate(NamedTuple):
    """A time that an article may have been published or changed at."""

    source: TimeSource
    readings: tuple[StatedTime, ...]  # two where day and month could be either


class TimeEvidence(NamedTuple):
    """All that speaks of an article's times."""

    published: list[TimeCandidate]
    modified: list[TimeCandidate]
    address: AddressDate | None


def gather_times(
    page: PageSignals, raw: RawPage, head: ArticleHead, phrases: Phrases, habits: DateHabits
) -> TimeEvidence:
    """Return the times that page, address and feed state.

    Args:
        page: what the page says of itself.
        raw: the page as it came, with its address and its feed's entry.
        head: where headline and text stand.
        phrases: the labels of times.
        habits: what decides between the readings of a date.
    """
    published = [
        *_in_jsonld(page, ("datePublished", "dateCreated", "uploadDate"), habits),
        *_in_meta(page, _PUBLISHED, habits),
    ]
    modified = [*_in_jsonld(page, ("dateModified",), habits), *_in_meta(page, _MODIFIED, habits)]
    places = locate_times(page, head)
    for time, place in zip(page.times, places, strict=True):
        readings = tuple(dates.list_readings(time.value, habits))
        label = says_updated(_text_before(time.element), phrases)
        updated = bool(_IS_UPDATED.search(time.labels)) if label is None else label
        marked = not updated and (label is False or bool(_IS_PUBLISHED.search(time.labels)))
        if readings and (place is Place.HEAD or (place is Place.END and (marked or updated))):
            source = TimeSource.MARKED if marked else TimeSource.ELEMENT
            (modified if updated else published).append(TimeCandidate(source, readings))
    for source, statement in _in_lines(head, phrases, habits):
        (modified if statement.updated else published).append(TimeCandidate(source, statement.readings))
    for stated, updated in _in_ages(head, raw, phrases):
        (modified if updated else published).append(TimeCandidate(TimeSource.LINE, (stated,)))
    address = find_address_date(raw.url) or find_address_date(next(iter(page.links.get("canonical", [])), None))
    if address and (day := address.stated):
        published.append(TimeCandidate(TimeSource.ADDRESS, (day,)))
    if raw.entry and raw.entry.published:
        published.append(TimeCandidate(TimeSource.FEED, (StatedTime(raw.entry.published, exact=True),)))
    return TimeEvidence(published, modified, address)


def locate_times(page: PageSignals, head: ArticleHead) -> list[Place]:
    """Return where each of the page's time elements stands."""
    if not page.times:
        return []
    first = next(iter([*head.above, head.headline]), None)
    texts = [
        block for block in [*head.opening, *head.rest] if len(block.text) >= RUNNING_TEXT_CHARS and not block.links
    ]
    tags = {block.tag for block in (first, *texts[:1], *texts[-1:]) if block} | {
        time.element.tag for time in page.times
    }
    order = {element: number for number, element in enumerate(page.tree.iter(*tags), 1)}
    start = order.get(first.path[-1], 0) if first else None
    last = len(order) + 1
    begin = order.get(texts[0].path[-1], last) if texts else last
    end = order.get(texts[-1].path[-1], len(order)) if texts else 0
    around = set(head.headline.path) if head.headline else set(texts[0].path if texts else ())
    return [_place(time, order, around, (start, begin, end)) for time in page.times]


def _place(
    time: TimeElement, order: dict[HtmlElement, int], around: set[HtmlElement], bounds: tuple[int | None, int, int]
) -> Place:
    start, begin, end = bounds
    position = order.get(time.element, 0)
    boxes = list(itertools.takewhile(lambda box: box not in around, time.element.iterancestors()))
    for box in boxes:
        names = f"{box.get('class') or ''} {box.get('id') or ''}"
        if _COMMENTS.search(names):
            return Place.COMMENT
        if box.tag == "aside" or _TEASERS.search(names):
            return Place.TEASER
    if start is not None and start <= position < begin:
        return Place.HEAD
    if (
        any(box.tag == "li" for box in boxes)
        or any(box.tag == "a" and box.get("rel") != "bookmark" for box in boxes)
        or any(box.tag == "article" for box in boxes)
    ):
        return Place.TEASER
    if any(box.tag == "footer" for box in boxes) and not any(box.tag == "article" for box in around):
        return Place.FOOTER
    return Place.TEXT if position <= end else Place.END


def _text_before(element: HtmlElement) -> str:
    """Return the text right before an element, in the box that holds it."""
    previous, parent = element.getprevious(), element.getparent()
    if previous is not None:
        return str(previous.tail or previous.text_content())
    return str(parent.text or "") if parent is not None else ""


def _in_jsonld(page: PageSignals, keys: tuple[str, ...], habits: DateHabits) -> Iterator[TimeCandidate]:
    for node in (page.article, jsonld.find_web_page(page.jsonld)):
        for key in keys:
            if readings := tuple(dates.list_readings(jsonld.time_of(node, key), habits)):
                yield TimeCandidate(TimeSource.JSON_LD, readings)


def _in_meta(page: PageSignals, names: Iterable[str], habits: DateHabits) -> Iterator[TimeCandidate]:
    for value in itertools.chain.from_iterable(page.meta.get(name, []) for name in names):
        if readings := tuple(dates.list_readings(value, habits)):
            yield TimeCandidate(TimeSource.META, readings)


def _in_lines(head: ArticleHead, phrases: Phrases, habits: DateHabits) -> Iterator[tuple[TimeSource, TimeStatement]]:
    """Yield the times that lines by the headline state."""
    for block in [*head.below, *head.above, *head.opening]:
        for line in _lines(block):
            for statement in parse_date_line(line, phrases, habits):
                yield TimeSource.LINE, statement


def _in_ages(head: ArticleHead, raw: RawPage, phrases: Phrases) -> Iterator[tuple[StatedTime, bool]]:
    """Yield the days that lines by the headline give by how long ago they were, and whether that was a change.

    Only the day is believed, and only where it is known when the server sent the page: templates write "2 minutes ago"
    and leave it to a script to put that right.
    """
    if raw.fetched is None or raw.saved:
        return
    zone = zoneinfo.ZoneInfo(raw.source.time_zone) if raw.source and raw.source.time_zone else dt.UTC
    for line in itertools.chain.from_iterable(_lines(block) for block in (*head.below, *head.above)):
        if (stated := parse_age_line(line, phrases)) and (day := day_of_age(stated[0], raw.fetched, zone)):
            yield StatedTime(dt.datetime.combine(day, dt.time()), exact=False), stated[1]


def find_time_blocks(head: ArticleHead, phrases: Phrases, habits: DateHabits) -> tuple[Block, ...]:
    """Return the blocks of an article's head that state a time and nothing else."""
    candidates = (*head.above, *head.below, *head.opening)
    return tuple(
        block
        for block in candidates
        if any(is_date_line(line, phrases, habits) or is_age_line(line, phrases) for line in _lines(block)[:2])
    )


def _lines(block: Block) -> Sequence[str]:
    """Return a short block as one line, and its runs of text: templates set times in runs of their own."""
    if len(block.text) > _MAX_LINE:
        return []
    pieces = [
        text for piece in itertools.islice(block.path[-1].itertext(), _MAX_PIECES) if (text := repair_text(str(piece)))
    ]
    spaced = " ".join(pieces)
    whole = spaced if len(spaced) <= _MAX_LINE else block.text
    return list(dict.fromkeys([whole, block.text, *pieces]))
