"""How does an entry look on a line of ``newswire feeds parse``?"""

from __future__ import annotations

from typing import Any

from pipeline import urls
from pipeline.feeds.items import Item
from pipeline.records import to_plain


def to_line(item: Item) -> dict[str, Any]:
    """Return ``item`` as it is printed: its id first, then every field."""
    return {"id": item_id(item), **to_plain(item)}


def item_id(item: Item) -> str:
    """Return the id of the item's article; of what it says where it has no usable address."""
    if item.link:
        try:
            return urls.article_id(item.link)
        except ValueError:
            pass
    told = item.guid or item.title or item.content or item.summary or item.published_raw or ""
    return urls.content_id(told.encode("utf-8", "replace"))
