"""Decide whether what two texts share makes one a copy of the other, or say why it doesn't.

The later text is the copy, however much of either stands in the other.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable

import numpy as np

from pipeline.count_min import CountMinSketch, isin_sorted
from pipeline.dedupe.containment import Overlap, measure_overlaps
from pipeline.dedupe.filled_forms import FormCheck
from pipeline.dedupe.sketch import Sketch, sketch_texts
from pipeline.records import Article, Record
from pipeline.settings import DedupeSettings

# An article of which a smaller share is taken over is its own: a roundup, or one that quotes a whole notice.
MIN_SHARE_TAKEN = 0.25
# Shared passages alone may be a statement that both print, with or without quotation marks: read on real pairs, those
# had up to .15 of the ledes in common. So the beginnings must match too, unless nearly all does, both ways, or one text
# stands whole in the other and is much of it: it lost its beginning, or the other one put its own before it. Read on
# real pairs, of those that only print one statement up to .93 stood in the other.
MIN_LEDE_SHARED = 0.2
NEARLY_ALL = 0.8
CONTAINED_WHOLE, CONTAINED_MUCH = 0.95, 0.4
# A roundup prints about as much of each of several articles. Of two alone it could be a copy of either, which were not
# recognised as one: with two sources, or from half of the text on, true copies of shortened texts are lost.
ROUNDUP_MAX_TAKEN, ROUNDUP_EQUAL_SHARE, ROUNDUP_MIN_SOURCES = 0.4, 0.6, 3


class CopyVerdict(enum.StrEnum):
    """Tell whether one text is a copy of another, or why not; the reasons in the order in which they are checked."""

    COPY = "copy"
    TOO_SHORT = "too short"
    TOO_FAR_APART = "too far apart"
    NOT_LOOKED_UP = "not looked up"
    TOO_LITTLE = "too little"
    ONLY_A_PART = "only a part"
    OTHER_BEGINNING = "other beginning"
    OTHER_FACTS = "other facts"


class Comparison(Record, frozen=True, kw_only=True):
    """What two texts share, as shares of weighted shingles, 0 to 1, and what follows."""

    earlier: str  # ids
    later: str
    verdict: CopyVerdict
    terms: int = 0  # index terms that both have
    new: float = 0.0  # of the later text stands in the earlier one
    old: float = 0.0  # of the earlier text stands in the later one
    beginnings: float = 0.0  # of the shorter beginning stands in the other one


def judge_overlap(overlap: Overlap, settings: DedupeSettings) -> CopyVerdict:
    """Return whether the newer text was taken from the older."""
    lower, higher = sorted((overlap.new, overlap.old))
    if higher < settings.threshold:
        return CopyVerdict.TOO_LITTLE
    if overlap.new < MIN_SHARE_TAKEN:
        return CopyVerdict.ONLY_A_PART
    stands_whole = higher >= CONTAINED_WHOLE and lower >= CONTAINED_MUCH
    if overlap.lede >= MIN_LEDE_SHARED or lower >= NEARLY_ALL or stands_whole:
        return CopyVerdict.COPY
    return CopyVerdict.OTHER_BEGINNING


def is_roundup(new: Sketch, taken: tuple[Sketch, Overlap], others: Iterable[tuple[Sketch, Overlap]]) -> bool:
    """Tell whether a text with little ``taken`` from one text holds about as much of texts of several other groups.

    What was counted for one group isn't counted again for the next.
    """
    source, overlap = taken
    if overlap.new >= ROUNDUP_MAX_TAKEN:
        return False
    remaining, source_shingles = new.body_shingles()[0], source.body_shingles()[0]
    shared = isin_sorted(remaining, source_shingles)
    enough, groups = np.count_nonzero(shared) * ROUNDUP_EQUAL_SHARE, {source.group}
    for sketch, with_sketch in others:
        if sketch.group not in groups and with_sketch.new >= overlap.new * ROUNDUP_EQUAL_SHARE:
            remaining = remaining[~shared]
            shared = isin_sorted(remaining, sketch.body_shingles()[0])
            groups |= {sketch.group} if np.count_nonzero(shared) >= enough else set()
    return len(groups) >= ROUNDUP_MIN_SOURCES


def compare_texts(
    later: Article, earlier: Article, gap: dt.timedelta, frequencies: CountMinSketch, settings: DedupeSettings
) -> Comparison:
    """Return what an article shares with an earlier one, which was first seen ``gap`` before it."""
    new, old = sketch_texts([later.text, earlier.text])
    if not new or not old:
        return Comparison(earlier=earlier.id, later=later.id, verdict=CopyVerdict.TOO_SHORT)
    overlap = measure_overlaps(new.sketch, [old.sketch], frequencies)[0]
    terms, verdict = len(set(new.terms) & set(old.terms)), judge_overlap(overlap, settings)
    if gap > dt.timedelta(days=settings.window_days):
        verdict = CopyVerdict.TOO_FAR_APART
    elif not terms:
        verdict = CopyVerdict.NOT_LOOKED_UP
    elif verdict is CopyVerdict.COPY and FormCheck(later.text, new).is_refill_of(old.sketch):
        verdict = CopyVerdict.OTHER_FACTS
    return Comparison(
        earlier=earlier.id,
        later=later.id,
        verdict=verdict,
        terms=terms,
        new=round(overlap.new, 4),
        old=round(overlap.old, 4),
        beginnings=round(overlap.lede, 4),
    )
