"""On which pages of a site does a line stand, and what else stood in its place? All its lines in a few arrays."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from pipeline.sites.page_fingerprint import CUT_BIT, USUAL_BIT, PageFingerprint


class SlotContents(NamedTuple):
    """What stood in one place of a site's pages."""

    pages: list[int]  # their seqs
    lines: int
    unique: int  # lines that one article alone has and no rule has cut
    foreign: int  # lines that a rule has cut or that are known as foreign
    usual: bool  # whether any of them was set like a paragraph of the article


class LineIndex:
    """The lines of some pages."""

    def __init__(self, pages: Sequence[PageFingerprint]) -> None:
        self._seqs = np.repeat(np.array([page.seq for page in pages], "q"), [len(page.marks) for page in pages])
        keys = np.frombuffer(b"".join(page.keys for page in pages), "<q")
        self._keys, self._places = keys, np.frombuffer(b"".join(page.slots for page in pages), "<u4")
        self._marks = np.frombuffer(b"".join(page.marks for page in pages), "u1")
        self._order = np.argsort(keys, kind="stable")
        self._sorted = keys[self._order]

    def pages_with(self, key: int) -> list[int]:
        """Return the pages on which the line stands, in order."""
        first, last = self._range(key)
        found: list[int] = np.unique(self._seqs[self._order[first:last]]).tolist()
        return found

    def slot_contents(self, place: int, learnt: Collection[int], but: int | None = None) -> SlotContents:
        """Return what stood in a place, on the page ``but`` left out; ``learnt`` are the lines known as foreign."""
        at = np.flatnonzero(self._places == place)
        if but is not None:
            at = at[self._seqs[at] != but]
        keys, cut = self._keys[at], (self._marks[at] & CUT_BIT) != 0
        alone = np.searchsorted(self._sorted, keys, "right") - np.searchsorted(self._sorted, keys, "left") == 1
        known = np.isin(keys, np.fromiter(learnt, "q", len(learnt)))
        return SlotContents(
            pages=np.unique(self._seqs[at]).tolist(),
            lines=len(at),
            unique=int(np.count_nonzero(alone & ~cut)),
            foreign=int(np.count_nonzero(cut | known)),
            usual=bool(np.any(self._marks[at] & USUAL_BIT)),
        )

    def _range(self, key: int) -> tuple[Any, Any]:
        wanted = np.int64(key)
        return np.searchsorted(self._sorted, wanted, "left"), np.searchsorted(self._sorted, wanted, "right")
