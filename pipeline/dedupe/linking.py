"""Which articles of a batch are copies, and of which earlier article?

In order of arrival, each article is compared with earlier ones that share index terms and joins the group of the best
match; groups are never united, so that one odd article can't draw two together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec
import numpy as np

from pipeline.dedupe.memory import CopyMemory
from pipeline.dedupe.sketch import Sketch, sketch
from pipeline.dedupe.verify import Overlap, overlaps
from pipeline.records import Article, Copy, CopyKind
from pipeline.settings import Dedupe

# An article of which a smaller share is taken over is its own: a roundup, or one that quotes a whole notice.
TAKEN = 0.25
# Shared passages alone may be a statement that both print, with or without quotation marks: read on real pairs, those
# had up to .15 of the ledes in common. So the beginnings must match too, unless nearly all does, both ways.
LEDE = 0.2
NEARLY_ALL = 0.8
# From this share on a text counts as contained in another one: what is left is house style and credit lines.
WHOLE = 0.7
# A part of a text that keeps at least this share of its beginning was cut from the end
FROM_THE_START = 0.5

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Sketch).decode


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """An article with its place in the order of arrival."""

    seq: int
    at: dt.datetime  # first seen
    article: Article


def decide(arrivals: Sequence[Arrival], memory: CopyMemory, settings: Dedupe) -> list[Copy]:
    """Return for each of ``arrivals``, in their order, whether it is a copy; ``memory`` learns them.

    An article that is decided again ignores and replaces what was remembered of it; it copies only what arrived
    before it. Where batches begin and end changes nothing.
    """
    sketches = [sketch(arrival.article.text) for arrival in arrivals]
    memory.prefetch([(a.seq, a.at, made[1] if made else ()) for a, made in zip(arrivals, sketches, strict=True)])
    return [
        _decide(arrival, made, memory, settings) if made else _alone(arrival, memory)
        for arrival, made in zip(arrivals, sketches, strict=True)
    ]


def _alone(arrival: Arrival, memory: CopyMemory) -> Copy:
    memory.forget_one(arrival.seq)
    return Copy(id=arrival.article.id, group=arrival.article.id)


def _decide(arrival: Arrival, made: tuple[Sketch, tuple[int, ...]], memory: CopyMemory, settings: Dedupe) -> Copy:
    shape, terms = made
    own = arrival.article
    new = msgspec.structs.replace(shape, id=own.id, seq=arrival.seq, group=own.id, source=own.source)
    known = [_decode(data) for data in memory.candidates(arrival.seq, arrival.at, terms)]
    old = [one for one in known if one.id != own.id]
    best = _best(new, old, memory, settings)
    copy = Copy(id=own.id, group=own.id)
    unseen, _ = new.arrays()
    if best:
        original, overlap = best
        unseen = np.setdiff1d(unseen, original.arrays()[0], assume_unique=True)
        new = msgspec.structs.replace(new, group=original.group)
        copy = Copy(
            id=own.id,
            group=original.group,
            copy_of=original.id,
            score=round(max(overlap.new, overlap.old), 4),
            kind=_kind(new, original, overlap),
        )
    if not memory.knows(arrival.seq):
        # Once per group: what fifty outlets reprint isn't common, what they all add below it is
        memory.frequencies.add(unseen)
    memory.add(arrival.seq, arrival.at, terms, _encode(new))
    return copy


def _best(new: Sketch, old: Sequence[Sketch], memory: CopyMemory, settings: Dedupe) -> tuple[Sketch, Overlap] | None:
    """Return what ``new`` was taken from: where most of its text stands; among equals (to 2 %) the earliest."""
    if not old:
        return None
    pairs = zip(old, overlaps(new, old, memory.frequencies), strict=True)
    copied = [(one, overlap) for one, overlap in pairs if _is_copy(overlap, settings)]
    return max(copied, key=lambda pair: (round(pair[1].new * 50), -pair[0].seq), default=None)


def _is_copy(overlap: Overlap, settings: Dedupe) -> bool:
    begins_alike = overlap.lede >= LEDE or min(overlap.new, overlap.old) >= NEARLY_ALL
    return max(overlap.new, overlap.old) >= settings.threshold and overlap.new >= TAKEN and begins_alike


def _kind(new: Sketch, old: Sketch, overlap: Overlap) -> CopyKind:
    if new.digest == old.digest:
        return CopyKind.EXACT
    if new.source and new.source == old.source:
        return CopyKind.REVISION
    if overlap.new >= WHOLE > overlap.old:
        return CopyKind.TRUNCATED if overlap.lede >= FROM_THE_START else CopyKind.EXCERPT
    if overlap.old >= WHOLE > overlap.new:
        return CopyKind.EXTENDED
    return CopyKind.REPRINT
