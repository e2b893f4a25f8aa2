"""Declare what cluster needs of the memory that holds the stories of the window."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from pipeline.cluster.retelling import Voter, VoterWindow
from pipeline.count_min import CountMinSketch

TermWeights = Mapping[int, float]  # term → what it is worth that a story shares it


class StoryMemory(Protocol):
    """Stories (opaque bytes), found by their strongest terms, and which copy group is in which story.

    ``seq`` is the number of the article that opened the story and identifies it; ``at`` is when the article at hand was
    first seen.
    """

    frequencies: CountMinSketch  # of words

    def prefetch_groups(self, groups: Collection[str]) -> None:
        """Load the stories of the copy groups of a batch."""

    def prefetch(self, articles: Sequence[tuple[dt.datetime, TermWeights]]) -> None:
        """Load what the ``articles`` (first seen, terms looked up) of a batch will ask for."""

    def story_of(self, group: str) -> str | None:
        """Return the id of the story that the copy group is in, None where it is in none."""

    def candidates(self, at: dt.datetime, terms: TermWeights) -> list[tuple[int, bytes]]:
        """Return the stories (``seq`` and bytes) within the window whose shared terms are worth most, best first."""

    def save_story(
        self, seq: int, at: dt.datetime, terms: Collection[int], dropped: Collection[int], data: bytes
    ) -> None:
        """Remember the story; index it under ``terms`` too, and no more under ``dropped``."""

    def find_story(self, story: str, seq: int) -> tuple[int, bytes] | None:
        """Return number and bytes of the story ``story``, which had the number ``seq`` once; None: forgotten."""

    def voters(self, at: dt.datetime) -> VoterWindow:
        """Return the articles of the window that have a vote and a vector, those of this batch among them."""

    def add_voter(self, voter: Voter, at: dt.datetime) -> None:
        """Remember an article that has a vote and a vector."""

    def count_article(self, language: str, at: dt.datetime) -> None:
        """Count an article of a language."""

    def delete_story(self, seq: int) -> None:
        """Forget a story."""

    def assign_group(self, group: str, story: str, at: dt.datetime) -> None:
        """Remember that the copy group is in the story."""
