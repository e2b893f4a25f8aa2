"""Find the article that an address or an id names."""

from __future__ import annotations

from pipeline.context import Context
from pipeline.errors import UnknownError
from pipeline.store import ArticleRow


def find_article(context: Context, name: str) -> ArticleRow:
    """Return the article with this address or id.

    Raises:
        UnknownError: None is known.
    """
    with context.store.read() as connection:
        item = context.store.ledger.find_article(connection, name)
    if item is None:
        raise UnknownError(f"{name}: no article with this address or id is known")
    return item
