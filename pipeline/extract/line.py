"""How does an article stand in a line of the extract command's output?"""

from __future__ import annotations

import datetime as dt
from typing import Any

from pipeline.errors import ItemError
from pipeline.records import Article, to_plain


def article_line(article: Article) -> dict[str, Any]:
    """Return the line for an article: the record's fields, all of them, with ``published`` as exactly as it is known.

    ``published`` is ISO 8601 with its zone; without one where no zone can be known, the day alone where only that is;
    ``published_precision`` says which.
    """
    line: dict[str, Any] = to_plain(article)
    local = line.pop("published_local")
    if article.published is None:
        line["published"] = local
    else:
        line["published"] = article.published.astimezone(dt.UTC).isoformat()
    return line


def error_line(item: str | None, error: ItemError) -> dict[str, Any]:
    """Return the line for an item that yields nothing."""
    return {"id": item, "error": {"reason": str(error.reason), "detail": error.detail}}
