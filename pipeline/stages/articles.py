"""Which article does an address or an id name?"""

from __future__ import annotations

from pipeline.errors import UnknownError
from pipeline.stages.context import Context
from pipeline.store import Item


def find(context: Context, name: str) -> Item:
    """Return the article with this address or id; raises UnknownError where none is known."""
    item = context.store.ledger.find(name)
    if item is None:
        raise UnknownError(f"{name}: no article with this address or id is known")
    return item
