"""What does cluster ask its memory for?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from pipeline.count_min import CountMinSketch

TermWeights = Mapping[int, float]  # terms, and what it is worth that a story shares each


class StoryMemory(Protocol):
    """Stories (opaque bytes), found by their strongest terms, and which copy group is in which.

    A story is named by the ``seq`` of the article that opened it.
    """

    frequencies: CountMinSketch  # of words

    def prefetch_groups(self, groups: Collection[str]) -> None:
        """Make ready for the copy groups of a batch."""

    def prefetch(self, wanted: Sequence[tuple[dt.datetime, TermWeights]]) -> None:
        """Make ready for the articles (first seen, terms looked up) of a batch."""

    def story_of(self, group: str) -> str | None:
        """Return the id of the story that the copy group is in."""

    def candidates(self, at: dt.datetime, wanted: TermWeights) -> list[tuple[int, bytes]]:
        """Return the stories active within the window whose terms are worth most, best first."""

    def save_story(
        self, seq: int, at: dt.datetime, terms: Collection[int], dropped: Collection[int], data: bytes
    ) -> None:
        """Remember the story, to be found under ``terms`` too and no more under ``dropped``."""

    def delete_story(self, seq: int) -> None:
        """Forget a story."""

    def assign_group(self, group: str, story: str, at: dt.datetime) -> None:
        """Remember that the copy group is in the story."""
