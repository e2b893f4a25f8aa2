"""Which articles of a batch are copies, and of which earlier article?

Each article is compared with those that were decided before it and share index terms with it, and joins the group of
the best match; groups are never united, so that one odd article can't draw two together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from pipeline.count_min import CountMinSketch, isin_sorted
from pipeline.dedupe import provenance
from pipeline.dedupe.containment import Overlap, measure_overlaps
from pipeline.dedupe.filled_forms import FormCheck
from pipeline.dedupe.primary import credible_publication
from pipeline.dedupe.protocol import CopyMemory
from pipeline.dedupe.sketch import Sketch, SketchedText, sketch_texts
from pipeline.dedupe.verdict import CopyVerdict, is_roundup, judge_overlap
from pipeline.records import HANDED_IN, IMPORTED, Article, Copy
from pipeline.settings import DedupeSettings

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Sketch).decode


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """An article with its place in the order of arrival."""

    seq: int
    first_seen: dt.datetime  # first seen
    article: Article
    group: str | None = None  # that it stays in where nothing is remembered of it any more

    @property
    def published(self) -> dt.datetime:
        """When it was published, as far as that can be believed."""
        return credible_publication(self.article.published, self.article.published_precision, self.first_seen)


def decide(arrivals: Sequence[Arrival], memory: CopyMemory, settings: DedupeSettings) -> list[Copy]:
    """Return for each of ``arrivals``, in their order, whether it is a copy; ``memory`` learns them.

    An article that is decided again ignores and replaces what was remembered of it; it copies only what was decided
    before it the first time. Where batches begin and end changes nothing. What an editor decided stands.
    """
    made = sketch_texts([arrival.article.text for arrival in arrivals])
    memory.prefetch([(a.seq, a.first_seen, one.terms if one else ()) for a, one in zip(arrivals, made, strict=True)])
    return [
        _decide(arrival, one, memory, settings) if one else _alone(arrival, memory)
        for arrival, one in zip(arrivals, made, strict=True)
    ]


def relate_copy(arrival: Arrival, original: Arrival, group: str, frequencies: CountMinSketch) -> Copy:
    """Return how the article of ``arrival`` relates to ``original``, which is known to be the same copy."""
    new, old = sketch_texts([arrival.article.text, original.article.text])
    if not new or not old:  # one of them was cut to a notice since
        behind = round((arrival.published - original.published).total_seconds() / 60)
        return Copy(id=arrival.article.id, group=group, copy_of=original.article.id, behind=behind)
    mine, theirs = _named(arrival, new.sketch, group, turn=1), _named(original, old.sketch, group, turn=0)
    return provenance.describe_copy(mine, new.passages, theirs, measure_overlaps(mine, [theirs], frequencies)[0])


def move_sketch(data: bytes, group: str) -> bytes:
    """Return a remembered sketch as that of a member of ``group``."""
    return _encode(msgspec.structs.replace(_decode(data), group=group))


def _alone(arrival: Arrival, memory: CopyMemory) -> Copy:
    """An article that is too short now: it stays in the group that it was in, but nothing is taken for its copy."""
    own, data = arrival.article.id, memory.recall(arrival.seq)
    group = memory.pinned_group(arrival.seq) or arrival.group
    if data is not None:
        group = group or _decode(data).group
        memory.add(arrival.seq, arrival.first_seen, (), data)
    return Copy(id=own, group=group or own)


def _named(arrival: Arrival, made: Sketch, group: str, turn: int) -> Sketch:
    article, at = arrival.article, int(arrival.published.timestamp())
    outlet = None if article.source in {IMPORTED, HANDED_IN} else article.source
    return msgspec.structs.replace(made, id=article.id, turn=turn, group=group, source=outlet, at=at)


def _decide(arrival: Arrival, made: SketchedText, memory: CopyMemory, settings: DedupeSettings) -> Copy:
    own = arrival.article.id
    known = [_decode(data) for data in memory.candidates(arrival.seq, arrival.first_seen, made.terms)]
    earlier = [one for one in known if one.id != own]
    data, pin = memory.recall(arrival.seq), memory.pinned_group(arrival.seq) or arrival.group
    before = _decode(data) if data else None
    turn = before.turn if before else 1 + max((one.turn for one in earlier), default=0)
    new = _named(arrival, made.sketch, pin or own, turn)
    old = [one for one in earlier if one.turn < turn and (pin is None or one.group == pin)]
    copy, (unseen, _) = Copy(id=own, group=new.group), new.body_shingles()
    form = FormCheck(arrival.article.text, made.passages)
    if not _stays(before, new, earlier) and (best := _best(new, form, old, memory, settings)):
        original, overlap = best
        unseen = unseen[~isin_sorted(unseen, original.body_shingles()[0])]
        new = msgspec.structs.replace(new, group=original.group)
        copy = provenance.describe_copy(new, made.passages, original, overlap)
    if not before:
        # Once per group: what fifty outlets reprint isn't common, what they all add below it is
        memory.frequencies.add_document(unseen)
    memory.add(arrival.seq, arrival.first_seen, made.terms, _encode(new))
    return copy


def _stays(before: Sketch | None, new: Sketch, others: Sequence[Sketch]) -> bool:
    """Whether it opened a group, has another text now, and its copies are still like it: it stays what they copied."""
    if before is None or before.digest == new.digest or before.group != new.id:
        return False
    return any(one.group == new.id for one in others)


def _best(
    new: Sketch, form: FormCheck, old: Sequence[Sketch], memory: CopyMemory, settings: DedupeSettings
) -> tuple[Sketch, Overlap] | None:
    """Return what ``new`` was taken from: where most of its text stands; among equals (to 2 %) the earliest.

    Within its group an earlier article of the same outlet goes before: that is what it is a revision of.
    """
    if not old:
        return None
    pairs = list(zip(old, measure_overlaps(new, old, memory.frequencies), strict=True))
    copied = [(one, overlap) for one, overlap in pairs if judge_overlap(overlap, settings) is CopyVerdict.COPY]
    copied.sort(key=lambda pair: (round(pair[1].new * 50), -pair[0].turn), reverse=True)
    if not copied:
        return None
    copied = [pair for pair in copied if pair[0].digest == new.digest or not form.is_refill_of(pair[0])]
    if not copied or is_roundup(new, copied[0], pairs):
        return None
    group = copied[0][0].group
    own = [pair for pair in copied if new.source and pair[0].source == new.source and pair[0].group == group]
    return max(own, key=lambda pair: pair[0].turn) if own else copied[0]
