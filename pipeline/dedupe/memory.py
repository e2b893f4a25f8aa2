"""What does dedupe ask its memory for?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Protocol

from pipeline.frequency import Frequencies


class CopyMemory(Protocol):
    """Sketches (opaque bytes) of earlier articles, found by the index terms that they share.

    ``seq`` is the article's number in the order of arrival and names it, ``at`` the time when it was first seen.
    """

    frequencies: Frequencies  # of shingles

    def prefetch(self, wanted: Sequence[tuple[int, dt.datetime, Collection[int]]]) -> None:
        """Make ready for the articles (seq, first seen, terms) of a batch."""

    def candidates(self, seq: int, at: dt.datetime, terms: Collection[int]) -> list[bytes]:
        """Return the sketches of those earlier articles within the window that share most terms, best first."""

    def knows(self, seq: int) -> bool:
        """Whether the article (one that was prefetched) is remembered already."""

    def add(self, seq: int, at: dt.datetime, terms: Collection[int], data: bytes) -> None:
        """Remember the article, instead of what was remembered of it."""

    def forget_one(self, seq: int) -> None:
        """Forget the article."""
