"""Parse JSON Feed, versions 1 and 1.1 (jsonfeed.org), which feedparser doesn't read."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.errors import ItemError
from pipeline.feeds.markup import html_text, title_text
from pipeline.feeds.model import FeedItem, FeedResponse, ParsedFeed, absolute_link, distinct_names
from pipeline.feeds.times import FeedTimes
from pipeline.records import Outcome, Reason

# WebSub's name, and the one that it had before it became a standard.
_TIMES = ("date_published", "date_modified")  # the first that is a time is when an item was published
_WEBSUB = frozenset({"websub", "pubsubhubbub"})


def parse_json_feed(text: str, document: FeedResponse) -> ParsedFeed:
    """Return what the JSON Feed in ``text`` holds.

    Raises:
        ItemError: NOT_FEED (dropped) for other JSON.
    """
    try:
        feed = msgspec.json.decode(text.encode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError) as error:
        raise ItemError(Outcome.DROPPED, Reason.NOT_FEED, f"looks like JSON, but isn't: {error}") from error
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise ItemError(Outcome.DROPPED, Reason.NOT_FEED, 'JSON, but no JSON Feed: it has no list "items"')
    bases = (document.url, _text(feed, "home_page_url"))
    objects = [item for item in items if isinstance(item, dict)]
    times = FeedTimes(document, feed.get("language"), (_time(item, key) for item in objects for key in _TIMES))
    return ParsedFeed(
        format="json",
        items=tuple(_item(item, feed, bases, times) for item in objects[: document.max_items]),
        title=title_text(_text(feed, "title")),
        language=_text(feed, "language"),
        hub=_hub(feed, document.url),
        topic=absolute_link(feed.get("feed_url"), document.url),
        left_out=max(0, len(objects) - document.max_items),
    )


def _hub(feed: dict[str, Any], base: str) -> str | None:
    """Return the first of the feed's hubs that speaks WebSub; others (rssCloud) can't be subscribed to."""
    hubs = feed.get("hubs")
    for hub in hubs if isinstance(hubs, list) else ():
        if isinstance(hub, dict) and str(hub.get("type", "WebSub")).lower() in _WEBSUB:
            address = absolute_link(hub.get("url"), base)
            if address:
                return address
    return None


def _item(item: dict[str, Any], feed: dict[str, Any], bases: tuple[str | None, ...], times: FeedTimes) -> FeedItem:
    stated = [_time(item, key) for key in _TIMES]
    raw = next(filter(None, stated), None)
    tags = item.get("tags")
    return FeedItem(
        link=absolute_link(item.get("url"), *bases) or absolute_link(item.get("external_url"), *bases),
        guid=_text(item, "id") or (str(item["id"]) if isinstance(item.get("id"), int | float) else None),
        title=title_text(_text(item, "title")),
        authors=_authors(item) or _authors(feed),
        published=times.read(*stated),
        published_raw=raw[:100] if raw else None,
        updated=times.read(_time(item, "date_modified")),
        summary=html_text(_text(item, "summary")),
        content=_text(item, "content_html") or _text(item, "content_text"),
        image=absolute_link(item.get("image"), *bases) or absolute_link(item.get("banner_image"), *bases),
        tags=distinct_names([tag.replace("\0", "") for tag in tags if isinstance(tag, str)])
        if isinstance(tags, list)
        else (),
        language=_text(item, "language"),
    )


def _authors(holder: dict[str, Any]) -> tuple[str, ...]:
    """Return the names in ``authors`` (1.1) or ``author`` (1.0)."""
    listed = holder.get("authors")
    authors = listed if isinstance(listed, list) else [holder.get("author")]
    return distinct_names([_text(author, "name") for author in authors if isinstance(author, dict)])


def _time(holder: dict[str, Any], key: str) -> str | None:
    """Return the text of a time; some write a number, the seconds since 1970."""
    value = holder.get(key)
    return str(value) if isinstance(value, int | float) else _text(holder, key)


def _text(holder: dict[str, Any], key: str) -> str | None:
    value = holder.get(key)
    if not isinstance(value, str):
        return None
    return value.replace("\0", "").strip() or None  # no store takes a zero character
