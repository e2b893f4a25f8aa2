"""Decide which articles of a batch are near-duplicates, and which earlier article each one copies.

Each article is compared with those that were decided before it and share index terms with it, and joins the group of
the best match. Groups are never united, so that one odd article can't draw two together.
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


class DatedArticle(msgspec.Struct, frozen=True, kw_only=True):
    """An article with its place in the order of arrival, and with the time at which it was published."""

    seq: int
    first_seen: dt.datetime
    article: Article
    group: str | None = None  # the group that it stays in where its sketch has expired

    @property
    def published(self) -> dt.datetime:
        """Return when it was published, as far as its publisher can be believed."""
        return credible_publication(self.article.published, self.article.published_precision, self.first_seen)


def decide(dated_articles: Sequence[DatedArticle], memory: CopyMemory, settings: DedupeSettings) -> list[Copy]:
    """Return for each of ``dated_articles``, in their order, whether it is a copy; ``memory`` learns them.

    An article that is decided again ignores and replaces what was remembered of it; it copies only articles that were
    decided before it the first time. The result doesn't depend on where batches begin and end. What an editor decided
    stands.
    """
    sketched = sketch_texts([dated.article.text for dated in dated_articles])
    pairs = list(zip(dated_articles, sketched, strict=True))
    memory.prefetch([(dated.seq, dated.first_seen, text.terms if text else ()) for dated, text in pairs])
    return [_decide(dated, text, memory, settings) if text else _decide_short(dated, memory) for dated, text in pairs]


def relate_copy(dated: DatedArticle, original: DatedArticle, group: str, frequencies: CountMinSketch) -> Copy:
    """Return the record of the article of ``dated`` as a copy of ``original``, which it is known to be."""
    new, old = sketch_texts([dated.article.text, original.article.text])
    if not new or not old:  # one of them was cut to a notice since
        behind = round((dated.published - original.published).total_seconds() / 60)
        return Copy(id=dated.article.id, group=group, copy_of=original.article.id, behind=behind)
    new_sketch, old_sketch = _label(dated, new.sketch, group, turn=1), _label(original, old.sketch, group, turn=0)
    overlap = measure_overlaps(new_sketch, [old_sketch], frequencies)[0]
    return provenance.record_copy(new_sketch, new.passages, old_sketch, overlap)


def move_sketch(data: bytes, group: str) -> bytes:
    """Return a stored sketch (``data``) with ``group`` in the place of its group."""
    return _encode(msgspec.structs.replace(_decode(data), group=group))


def _decide_short(dated: DatedArticle, memory: CopyMemory) -> Copy:
    """Decide an article that is too short: it stays in the group that it was in, but nothing becomes its copy."""
    article_id, data = dated.article.id, memory.recall(dated.seq)
    group = memory.pinned_group(dated.seq) or dated.group
    if data is not None:
        group = group or _decode(data).group
        memory.add(dated.seq, dated.first_seen, (), data)
    return Copy(id=article_id, group=group or article_id)


def _label(dated: DatedArticle, sketch: Sketch, group: str, turn: int) -> Sketch:
    """Return ``sketch`` with the ids, the outlet and the time of its article."""
    article, at = dated.article, int(dated.published.timestamp())
    outlet = None if article.source in {IMPORTED, HANDED_IN} else article.source
    return msgspec.structs.replace(sketch, id=article.id, turn=turn, group=group, source=outlet, at=at)


def _decide(dated: DatedArticle, text: SketchedText, memory: CopyMemory, settings: DedupeSettings) -> Copy:
    article_id = dated.article.id
    candidates = [_decode(data) for data in memory.candidates(dated.seq, dated.first_seen, text.terms)]
    candidates = [sketch for sketch in candidates if sketch.id != article_id]
    data, pin = memory.recall(dated.seq), memory.pinned_group(dated.seq) or dated.group
    remembered = _decode(data) if data else None
    turn = remembered.turn if remembered else 1 + max((sketch.turn for sketch in candidates), default=0)
    new = _label(dated, text.sketch, pin or article_id, turn)
    old = [sketch for sketch in candidates if sketch.turn < turn and (pin is None or sketch.group == pin)]
    copy, (unseen, _) = Copy(id=article_id, group=new.group), new.body_shingles()
    form = FormCheck(dated.article.text, text)
    if not _stays_original(remembered, new, candidates) and (best := _find_original(new, form, old, memory, settings)):
        original, overlap = best
        unseen = unseen[~isin_sorted(unseen, original.body_shingles()[0])]
        new = msgspec.structs.replace(new, group=original.group)
        copy = provenance.record_copy(new, text.passages, original, overlap)
    if not remembered:
        # Once per group: what fifty outlets reprint isn't common, what they all add below it is
        memory.frequencies.add_document(unseen)
    memory.add(dated.seq, dated.first_seen, text.terms, _encode(new))
    return copy


def _stays_original(remembered: Sketch | None, new: Sketch, candidates: Sequence[Sketch]) -> bool:
    """Tell whether an article that opened a group, and has another text now, stays the original of its copies.

    It does while they are still like it.
    """
    if remembered is None or remembered.digest == new.digest or remembered.group != new.id:
        return False
    return any(sketch.group == new.id for sketch in candidates)


def _find_original(
    new: Sketch, form: FormCheck, old: Sequence[Sketch], memory: CopyMemory, settings: DedupeSettings
) -> tuple[Sketch, Overlap] | None:
    """Return what ``new`` was taken from: where most of its text stands; among equals (to 2 %) the first published.

    An earlier article of the same outlet in that group takes precedence: ``new`` is a revision of it.
    """
    if not old:
        return None
    pairs = list(zip(old, measure_overlaps(new, old, memory.frequencies), strict=True))
    copied = [(sketch, overlap) for sketch, overlap in pairs if judge_overlap(overlap, settings) is CopyVerdict.COPY]
    copied.sort(key=lambda pair: (round(pair[1].new * 50), -pair[0].at, -pair[0].turn), reverse=True)
    if not copied:
        return None
    refilled = form.find_refilled([sketch for sketch, _ in copied])
    copied = [pair for pair in copied if pair[0].id not in refilled]
    if not copied or is_roundup(new, copied[0], pairs):
        return None
    group = copied[0][0].group
    same_outlet = [pair for pair in copied if new.source and pair[0].source == new.source and pair[0].group == group]
    return max(same_outlet, key=lambda pair: pair[0].turn) if same_outlet else copied[0]
