"""Describe a copy: how it was made, what it took from the original, and how much later it came.

Whether it is a copy is decided before (``verdict``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.count_min import isin_sorted
from pipeline.dedupe.containment import Overlap
from pipeline.dedupe.sketch import Passages, Sketch
from pipeline.records import Copy, CopyKind

# From this share on a text counts as contained in another one: what is left is house style and credit lines.
CONTAINED_MOST = 0.7
# A part of a text that keeps at least this share of its beginning was cut from the end
MIN_BEGINNING_KEPT = 0.5
# A paragraph was taken over if this share of its shingles was: an edited word costs three of them
PARAGRAPH_TAKEN = 0.5


class TakenPassages(NamedTuple):
    """Which part of a text stands in the original."""

    share: float  # of the shingles, quoted ones too, 0 to 1
    paragraphs: tuple[int, ...]  # those of which most stands there, numbered from 1


def record_copy(new: Sketch, passages: Passages, original: Sketch, overlap: Overlap) -> Copy:
    """Return the record that says how ``new``, whose text has these ``passages``, was taken from ``original``."""
    share, paragraphs = measure_taken(passages, original)
    return Copy(
        id=new.id,
        group=new.group,
        copy_of=original.id,
        score=round(max(overlap.new, overlap.old), 4),
        kind=classify_copy(new, original, overlap),
        behind=round((new.at - original.at) / 60),
        taken=round(share, 4),
        paragraphs=paragraphs,
    )


def measure_taken(text: Passages, original: Sketch) -> TakenPassages:
    """Return which part of ``text`` stands in ``original``.

    An estimate where ``original`` is long: of such a text only a sample of shingles is remembered.
    """
    comparable = text.shingles < 1 << (32 - original.level)
    shingles, numbers = text.shingles[comparable], text.paragraphs[comparable]
    if not len(shingles):
        return TakenPassages(0.0, ())
    taken = isin_sorted(shingles, original.all_shingles())
    compared, shared = np.bincount(numbers), np.bincount(numbers, weights=taken)
    most = (compared > 0) & (shared >= PARAGRAPH_TAKEN * compared)
    return TakenPassages(int(np.count_nonzero(taken)) / len(taken), tuple(np.flatnonzero(most).tolist()))


def classify_copy(new: Sketch, old: Sketch, overlap: Overlap) -> CopyKind:
    """Return which kind of copy of ``old`` is ``new``."""
    if new.digest == old.digest:
        return CopyKind.EXACT
    if new.source and new.source == old.source:
        return CopyKind.REVISION
    if overlap.new >= CONTAINED_MOST > overlap.old:
        return CopyKind.TRUNCATED if overlap.lede >= MIN_BEGINNING_KEPT else CopyKind.EXCERPT
    if overlap.old >= CONTAINED_MOST > overlap.new:
        return CopyKind.EXTENDED
    return CopyKind.REPRINT
