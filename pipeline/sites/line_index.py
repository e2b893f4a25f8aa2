"""Look up the pages of a site that hold a line, and what its pages hold in one slot of their template.

The lines of all pages stand in a few arrays; an index is built once and never changed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from pipeline.sites.page_fingerprint import CUT_BIT, USUAL_BIT, PageFingerprint


class SlotContents(NamedTuple):
    """What stood in one slot of a site's pages."""

    pages: list[int]  # their seqs
    lines: int
    unique: int  # lines that one article alone has and no rule has cut
    boilerplate: int  # lines that a rule has cut or that are learnt as boilerplate
    usual: bool  # whether any of them was set like a paragraph of the article


class LineIndex:
    """The lines of some pages."""

    def __init__(self, pages: Sequence[PageFingerprint]) -> None:
        self._seqs = np.repeat(np.array([page.seq for page in pages], "q"), [len(page.marks) for page in pages])
        keys = np.frombuffer(b"".join(page.keys for page in pages), "<q")
        self._keys, self._slots = keys, np.frombuffer(b"".join(page.slots for page in pages), "<u4")
        self._marks = np.frombuffer(b"".join(page.marks for page in pages), "u1")
        self._order = np.argsort(keys, kind="stable")
        self._sorted = keys[self._order]

    def pages_with(self, key: int) -> list[int]:
        """Return the seqs of the pages on which the line stands, in order."""
        first, last = self._range(key)
        seqs: list[int] = np.unique(self._seqs[self._order[first:last]]).tolist()
        return seqs

    def slot_contents(self, slot: int, learnt: Collection[int], excluded_seq: int | None = None) -> SlotContents:
        """Return what stood in a slot.

        Args:
            slot: the slot's hash.
            learnt: keys of the lines that are learnt as boilerplate.
            excluded_seq: a page that is left out.
        """
        rows = np.flatnonzero(self._slots == slot)
        if excluded_seq is not None:
            rows = rows[self._seqs[rows] != excluded_seq]
        keys, cut = self._keys[rows], (self._marks[rows] & CUT_BIT) != 0
        alone = np.searchsorted(self._sorted, keys, "right") - np.searchsorted(self._sorted, keys, "left") == 1
        is_learnt = np.isin(keys, np.fromiter(learnt, "q", len(learnt)))
        return SlotContents(
            pages=np.unique(self._seqs[rows]).tolist(),
            lines=len(rows),
            unique=int(np.count_nonzero(alone & ~cut)),
            boilerplate=int(np.count_nonzero(cut | is_learnt)),
            usual=bool(np.any(self._marks[rows] & USUAL_BIT)),
        )

    def _range(self, key: int) -> tuple[Any, Any]:
        wanted = np.int64(key)
        return np.searchsorted(self._sorted, wanted, "left"), np.searchsorted(self._sorted, wanted, "right")
