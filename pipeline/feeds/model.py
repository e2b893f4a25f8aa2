"""Define what a feed's response and its parsed items are, whatever the format."""

from __future__ import annotations

import datetime as dt
import re
from urllib.parse import urljoin, urlsplit

from msgspec.structs import replace

from pipeline import urls
from pipeline.feed_records import FeedRole
from pipeline.mojibake import undo_double_encoding
from pipeline.records import EntryFields, Record
from pipeline.text import without_control_characters

_BREAK = re.compile(r"[\t\r\n]+")  # addresses are broken into lines; those go (URL standard, 4.4)
_SCHEMES = frozenset({"http", "https"})


class FeedResponse(Record, frozen=True, kw_only=True):
    """What a server sent in answer to a feed's address, and what is needed to parse it."""

    data: bytes
    url: str
    now: dt.datetime
    content_type: str | None = None
    time_zone: str | None = None  # IANA name of the zone of times that name none
    language: str | None = None  # of the outlet, and its country: they decide what 05/11/2026 means
    country: str | None = None
    max_items: int = 2000
    role: FeedRole = "feed"


class FeedItem(EntryFields, frozen=True, kw_only=True):
    """One entry as its feed gives it. ``link`` is as given, but absolute; None where it is not http(s)."""

    link: str | None = None


class ParsedFeed(Record, frozen=True, kw_only=True):
    """What a feed holds. ``left_out`` counts the items past the document's ``max_items``."""

    format: str
    items: tuple[FeedItem, ...]
    title: str | None = None
    language: str | None = None
    hub: str | None = None  # where one subscribes to it (WebSub)
    topic: str | None = None  # the address under which its hub knows it
    declared_seconds: float | None = None  # how often it says that it changes: ttl, sy:updatePeriod
    sitemaps: tuple[str, ...] = ()  # of an index: those in it that are worth reading, best first
    left_out: int = 0


def absolute_link(link: object, *bases: str | None) -> str | None:
    """Return ``link`` as it is given, but absolute; None for what isn't an http(s) address.

    The first absolute one of ``bases`` completes a relative link, which stays relative where there is none.
    """
    if not isinstance(link, str) or not (link := urls.with_plain_ampersands(_BREAK.sub("", link).strip())):
        return None
    try:
        if not urlsplit(link).scheme:
            base = next((base for base in bases if base and urlsplit(base).scheme in _SCHEMES), None)
            if base is None:
                return link if len(link) <= urls.MAX_ADDRESS else None
            link = urljoin(base, link)
        return urls.check_address(link)
    except ValueError:
        return None


def clean_item(item: FeedItem) -> FeedItem:
    """Return an item as it may be kept: without control characters in its texts and passwords in its addresses."""
    changes: dict[str, object] = {}
    for name in item.__struct_fields__:
        value = getattr(item, name)
        if isinstance(value, str):
            changes[name] = without_control_characters(value)
        elif isinstance(value, tuple):
            changes[name] = tuple(map(without_control_characters, value))
    for name in ("link", "image"):
        if address := getattr(item, name):
            changes[name] = urls.without_credentials(address)
    return replace(item, **changes)


def distinct_names(values: list[str | None]) -> tuple[str, ...]:
    """Return the distinct, non-empty ones of ``values``, white space collapsed."""
    tidy = (" ".join(undo_double_encoding(value).split())[:200] for value in values if value)
    return tuple(dict.fromkeys(value for value in tidy if value))[:50]


def feed_item_id(item: FeedItem) -> str:
    """Return the id of the item's article; that of its text where it has no usable address."""
    if item.link:
        try:
            return urls.article_id(item.link)
        except ValueError:
            pass
    text = item.guid or item.title or item.content or item.summary or item.published_raw or ""
    return urls.content_id(text.encode("utf-8", "replace"))
