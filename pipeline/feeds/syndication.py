"""Parse RSS, Atom and RDF feeds with feedparser.

It is given text that can't mislead it, and believed by what it found.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from typing import Any

import feedparser

from pipeline.errors import ItemError
from pipeline.feeds.markup import html_text, title_text
from pipeline.feeds.model import FeedItem, FeedResponse, ParsedFeed, absolute_link, distinct_names
from pipeline.feeds.times import FeedTimes
from pipeline.records import Outcome, Reason

_ITEM = re.compile(r"<(?:[\w-]{1,20}:)?(?:item|entry)[\s>]")
_ROOT = re.compile(r"<((?:[\w-]{1,20}:)?(?:rss|rdf|feed))[\s>]", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,9}")
_EMAIL = re.compile(r"\S+@\S+")
# RSS 1.0's module "syndication", in seconds
_PERIODS = {"hourly": 3600, "daily": 86400, "weekly": 7 * 86400, "monthly": 30 * 86400, "yearly": 365 * 86400}
_TIMES = ("published", "updated", "created")  # the first that is a time is when an item was published
_MAX_CONTENT = 1_000_000  # characters of one entry's HTML


def parse_syndication(text: str, document: FeedResponse) -> ParsedFeed:
    """Return what a feed in ``text`` (without prolog) holds.

    Raises:
        ItemError: NOT_FEED (dropped) for anything else; UNREADABLE (quarantined) where feedparser gives up.
    """
    text, left_out = _first_items(text, document.max_items)
    result = _run_feedparser(text)
    version, feed, entries = result.get("version", ""), result.feed, result.entries
    if not version and not entries:
        raise ItemError(Outcome.DROPPED, Reason.NOT_FEED, "neither RSS nor Atom, nor another format of feeds")
    bases = (document.url, feed.get("link"))
    stated = (dict.get(entry, key) for entry in entries for key in _TIMES)
    times = FeedTimes(document, feed.get("language"), stated)
    return ParsedFeed(
        format=version or "rss",
        items=tuple(_item(entry, bases, times) for entry in entries[: document.max_items]),
        title=title_text(feed.get("title")),
        language=feed.get("language") or None,
        hub=_link(feed, "hub", document.url),
        topic=_link(feed, "self", document.url),
        declared_seconds=_declared(feed),
        left_out=left_out + max(0, len(entries) - document.max_items),
    )


def _run_feedparser(text: str) -> Any:
    """Return feedparser's result.

    Raises:
        ItemError: UNREADABLE (quarantined) where one of its handlers raises.
    """
    try:
        return feedparser.parse(
            io.BytesIO(text.encode("utf-8", "replace")),  # never bytes or str: those may be a path or an address to it
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,  # slow on crafted input; what is shown gets escaped
            resolve_relative_uris=False,
        )
    except MemoryError:
        raise
    except Exception as error:  # its handlers raise whatever they meet
        detail = f"feedparser gives up: {type(error).__name__}: {error}"[:300]
        raise ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, detail) from error


def _link(feed: Mapping[str, Any], relation: str, base: str) -> str | None:
    """Return the feed's first link of this relation ("hub", "self") that is a web address."""
    links = [link for link in feed.get("links", ()) if relation in str(link.get("rel", "")).lower().split()]
    return next((address for link in links if (address := absolute_link(link.get("href"), base))), None)


def _first_items(text: str, limit: int) -> tuple[str, int]:
    """Return ``text`` cut after ``limit`` items, and how many were cut off: feedparser takes long for very many."""
    starts = [match.start() for match in _ITEM.finditer(text)]
    root = _ROOT.match(text)
    if len(starts) <= limit or not root:
        return text, 0
    name = root[1]
    channel = "</channel>" if name.lower() == "rss" else ""
    return f"{text[: starts[limit]]}{channel}</{name}>", len(starts) - limit


def _item(entry: dict[str, Any], bases: tuple[str | None, ...], times: FeedTimes) -> FeedItem:
    # dict.get: feedparser's own get() reads "updated" as "published" where there is none, and warns of it
    stated = [dict.get(entry, key) for key in _TIMES]
    raw = next(filter(None, stated), None)
    summary, content = _bodies(entry)
    return FeedItem(
        link=absolute_link(entry.get("link"), *bases),
        guid=_text(entry.get("id")),
        title=title_text(_text(entry.get("title"))),
        authors=_authors(entry),
        published=times.read(*stated),
        published_raw=raw[:100] if raw else None,
        updated=times.read(dict.get(entry, "updated")),
        summary=html_text(summary),
        content=content,
        image=_image(entry, bases),
        tags=distinct_names([_text(tag.get("term") or tag.get("label")) for tag in entry.get("tags", ())]),
        language=(entry.get("title_detail") or {}).get("language"),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _bodies(entry: dict[str, Any]) -> tuple[str | None, str | None]:
    """Return summary and content: of two texts the longer one is the content, whatever its element was called."""
    texts = [_text(part.get("value")) for part in entry.get("content", ())] + [_text(entry.get("summary"))]
    bodies = sorted({text[:_MAX_CONTENT] for text in texts if text}, key=lambda text: (len(text), text))
    if len(bodies) > 1:
        return bodies[0], bodies[-1]
    only = bodies[0] if bodies else None
    return (None, only) if entry.get("content") else (only, None)


def _authors(entry: dict[str, Any]) -> tuple[str, ...]:
    authors = entry.get("authors", ())
    # A sole author as it stands: feedparser takes addresses for shorter than they are, leaving the rest as a name
    names = [_text(author.get("name")) for author in authors] if len(authors) > 1 else [_text(entry.get("author"))]
    return distinct_names([_EMAIL.sub("", title_text(name) or "").strip(" ()<>,;") for name in names if name])


def _image(entry: dict[str, Any], bases: tuple[str | None, ...]) -> str | None:
    """Return the address of the widest picture, an enclosure's or thumbnail's where there is no other."""
    media = [content for content in entry.get("media_content", ()) if _is_image(content)]
    media.sort(key=lambda content: -_width(content))
    enclosed = [link for link in entry.get("links", ()) if link.get("rel") == "enclosure" and _is_image(link)]
    candidates: Iterable[Mapping[str, Any]] = [*media, *enclosed, *entry.get("media_thumbnail", ())]
    addresses = (absolute_link(image.get("url") or image.get("href"), *bases) for image in candidates)
    return next((address for address in addresses if address), None)


def _is_image(media: Mapping[str, Any]) -> bool:
    kind = f"{media.get('medium', '')} {media.get('type', '')}".lower()
    address = str(media.get("url") or media.get("href") or "").lower().partition("?")[0]
    return "image" in kind or (
        not kind.strip() and address.endswith((".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif"))
    )


def _width(media: Mapping[str, Any]) -> int:
    width = str(media.get("width", ""))
    return int(width) if _NUMBER.fullmatch(width) else 0


def _declared(feed: Mapping[str, Any]) -> float | None:
    """Return how often a feed says that it changes, in seconds: the longer of RSS's ttl and sy:updatePeriod."""
    ttl = _whole(feed.get("ttl"))
    period = _PERIODS.get(str(feed.get("sy_updateperiod") or "").strip().lower())
    times = max(_whole(feed.get("sy_updatefrequency")) or 1, 1)
    declared = [seconds for seconds in (60.0 * ttl if ttl else None, period / times if period else None) if seconds]
    return max(declared, default=None)


def _whole(value: object) -> int | None:
    text = str(value or "").strip()
    return int(text) if _NUMBER.fullmatch(text) else None
