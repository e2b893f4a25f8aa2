"""How does an entry look on a line of ``newswire feeds parse``?"""

from __future__ import annotations

from typing import Any

from pipeline import urls
from pipeline.feeds.model import FeedItem
from pipeline.records import to_plain


def feed_item_line(item: FeedItem) -> dict[str, Any]:
    """Return ``item`` as it is printed: its id first, then every field."""
    return {"id": feed_item_id(item), **to_plain(item)}


def feed_item_id(item: FeedItem) -> str:
    """Return the id of the item's article; of what it says where it has no usable address."""
    if item.link:
        try:
            return urls.article_id(item.link)
        except ValueError:
            pass
    told = item.guid or item.title or item.content or item.summary or item.published_raw or ""
    return urls.content_id(told.encode("utf-8", "replace"))
