"""Name the generations of an index: whole sets of documents, one of which is searched while a newer one is built."""

from __future__ import annotations

from typing import NamedTuple


class Generation(NamedTuple):
    """One generation of an index."""

    number: int
    identity: str | None  # None where another version of newswire made it and hides it from this one
    is_current: bool
    is_of_this_version: bool  # whether this version of newswire can write it
