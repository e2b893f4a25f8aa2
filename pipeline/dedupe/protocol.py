"""What does dedupe ask its memory for?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Protocol

from pipeline.count_min import CountMinSketch


class CopyMemory(Protocol):
    """Sketches (opaque bytes) of articles that were decided, found by the index terms that they share.

    ``seq`` is the article's number in the order of arrival and names it, ``at`` the time when it was first seen.
    """

    frequencies: CountMinSketch  # of shingles

    def prefetch(self, wanted: Sequence[tuple[int, dt.datetime, Collection[int]]]) -> None:
        """Make ready for the articles (seq, first seen, terms) of a batch."""

    def candidates(self, seq: int, at: dt.datetime, terms: Collection[int]) -> list[bytes]:
        """Return the sketches of those other articles within the window that share most terms, best first."""

    def recall(self, seq: int) -> bytes | None:
        """Return what is remembered of the article (one that was prefetched)."""

    def pinned_group(self, seq: int) -> str | None:
        """Return the group that an editor put the article (one that was prefetched) in."""

    def add(self, seq: int, at: dt.datetime, terms: Collection[int], data: bytes) -> None:
        """Remember the article, instead of what was remembered of it."""
