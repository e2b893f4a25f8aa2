"""Does what two texts share make one a copy of the other, and if not, why not?"""

from __future__ import annotations

import datetime as dt
import enum

from pipeline.dedupe.sketch import sketches
from pipeline.dedupe.verify import Overlap, overlaps
from pipeline.frequency import Frequencies
from pipeline.records import Record
from pipeline.settings import Dedupe

# An article of which a smaller share is taken over is its own: a roundup, or one that quotes a whole notice.
TAKEN = 0.25
# Shared passages alone may be a statement that both print, with or without quotation marks: read on real pairs, those
# had up to .15 of the ledes in common. So the beginnings must match too, unless nearly all does, both ways, or one text
# stands whole in the other and is much of it: it lost its beginning, or the other one put its own before it. Read on
# real pairs, of those that only print one statement up to .93 stood in the other.
LEDE = 0.2
NEARLY_ALL = 0.8
WHOLE, MUCH = 0.95, 0.4


class Verdict(enum.StrEnum):
    """Whether one text is a copy of another, or why it is none; the reasons in the order in which they are asked."""

    COPY = "copy"
    TOO_SHORT = "too short"
    TOO_FAR_APART = "too far apart"
    NOT_LOOKED_UP = "not looked up"
    TOO_LITTLE = "too little"
    ONLY_A_PART = "only a part"
    OTHER_BEGINNING = "other beginning"


class Comparison(Record, frozen=True, kw_only=True):
    """What two texts share, as shares of weighted word triples, 0 to 1, and what follows."""

    verdict: Verdict
    terms: int = 0  # fingerprints that lead to both
    new: float = 0.0  # of the later text stands in the earlier one
    old: float = 0.0  # of the earlier text stands in the later one
    beginnings: float = 0.0  # of the shorter beginning stands in the other one


def judge(overlap: Overlap, settings: Dedupe) -> Verdict:
    """Return whether the newer text was taken from the older."""
    less, more = sorted((overlap.new, overlap.old))
    if more < settings.threshold:
        return Verdict.TOO_LITTLE
    if overlap.new < TAKEN:
        return Verdict.ONLY_A_PART
    if overlap.lede >= LEDE or less >= NEARLY_ALL or (more >= WHOLE and less >= MUCH):
        return Verdict.COPY
    return Verdict.OTHER_BEGINNING


def compare(new: str, old: str, gap: dt.timedelta, frequencies: Frequencies, settings: Dedupe) -> Comparison:
    """Return what the text ``new`` shares with ``old``, which was first seen ``gap`` before it."""
    mine, theirs = sketches([new, old])
    if not mine or not theirs:
        return Comparison(verdict=Verdict.TOO_SHORT)
    overlap = overlaps(mine.sketch, [theirs.sketch], frequencies)[0]
    terms, verdict = len(set(mine.terms) & set(theirs.terms)), judge(overlap, settings)
    if gap > dt.timedelta(days=settings.window_days):
        verdict = Verdict.TOO_FAR_APART
    elif not terms:
        verdict = Verdict.NOT_LOOKED_UP
    shares = {"new": overlap.new, "old": overlap.old, "beginnings": overlap.lede}
    return Comparison(verdict=verdict, terms=terms, **{key: round(share, 4) for key, share in shares.items()})
