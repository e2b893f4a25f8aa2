"""Declare what dedupe needs of the memory that holds the sketches of earlier articles."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Protocol

from pipeline.count_min import CountMinSketch


class CopyMemory(Protocol):
    """Sketches (opaque bytes) of articles that were decided, found by the index terms that they share.

    ``seq`` is the article's number in the order of arrival and identifies it; ``at`` is when it was first seen.
    """

    frequencies: CountMinSketch  # of shingles

    def prefetch(self, articles: Sequence[tuple[int, dt.datetime, Collection[int]]]) -> None:
        """Load what the ``articles`` (seq, first seen, terms) of a batch will ask for."""

    def candidates(self, seq: int, at: dt.datetime, terms: Collection[int]) -> list[bytes]:
        """Return the sketches of the other articles within the window that share most terms, best first."""

    def recall(self, seq: int) -> bytes | None:
        """Return the sketch that is remembered of the article (a prefetched one), None where none is."""

    def pinned_group(self, seq: int) -> str | None:
        """Return the group that an editor put the article (a prefetched one) in, None where none did."""

    def add(self, seq: int, at: dt.datetime, terms: Collection[int], data: bytes) -> None:
        """Remember the article's sketch under its terms, in place of the sketch that was remembered of it."""
