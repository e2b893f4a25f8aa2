"""Clean records before they are kept: no control characters in texts, no ``user:password@`` in addresses. Pure.

Whatever made a record, from a feed, a page, a file or a submission: what the ledger has can be shown to anybody.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from pipeline.records import Article, Entry, Page
from pipeline.text import without_control_characters
from pipeline.urls import without_credentials

R = TypeVar("R", bound=msgspec.Struct)

_ADDRESSES = frozenset({"url", "final_url", "canonical_url", "image", "feed", "guid"})
_FOREIGN = (Entry, Page, Article)  # what others wrote is in these alone; the records of later stages are made of them


def clean_record(record: R) -> R:
    """Return ``record`` as it may be kept; one that needs no cleaning is returned itself."""
    return _clean(record) if isinstance(record, _FOREIGN) else record


def _clean(record: R) -> R:
    changed = {}
    for name in record.__struct_fields__:
        value = getattr(record, name)
        cleaned = _cleaned(value)
        if name in _ADDRESSES and isinstance(cleaned, str):
            cleaned = without_credentials(cleaned)
        if cleaned is not value and cleaned != value:
            changed[name] = cleaned
    return msgspec.structs.replace(record, **changed) if changed else record


def _cleaned(value: object) -> object:
    if type(value) is str:  # not an enumeration's value
        return without_control_characters(value)
    if isinstance(value, tuple):
        return tuple(map(_cleaned, value))
    return _clean(value) if isinstance(value, msgspec.Struct) else value
