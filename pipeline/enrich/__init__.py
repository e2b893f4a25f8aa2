"""Who and what does an article name, under one name each?

A recogniser finds the names (``Recogniser``: text and language in, spans out; by default a packed network for
English, known names for other languages, or a spaCy pipeline); what follows is the same for all: names are joined
within the article, tied to known entities, and places are told from their namesakes.
"""

from __future__ import annotations

import collections
import re
from collections.abc import Iterable, Iterator

from pipeline.enrich.coreference.acronyms import defined_acronyms
from pipeline.enrich.coreference.coreference import SurfaceForm, group_surface_forms
from pipeline.enrich.inherited import ParagraphNames, inheriting_recogniser
from pipeline.enrich.knowledge.knowledge_base import KnowledgeBase
from pipeline.enrich.linking.name_context import (
    dateline_place,
    dateline_spans,
    find_natural_features,
    find_owners,
    find_qualifiers,
)
from pipeline.enrich.linking.resolve import PlaceContext, place_ids, resolve_entities, sure_entity_id
from pipeline.enrich.recogniser import Recogniser, Span
from pipeline.enrich.recognisers import load_recognisers
from pipeline.enrich.salience import add_salience
from pipeline.records import Article, Mention, Names

__all__ = ["KnowledgeBase", "Recogniser", "Span", "enrich", "load_recognisers"]

_BETWEEN = "\n\n"
# The stop of an abbreviation belongs to it: "U.S.", "Marvel Foods, Inc.".
_STOP = r"(?<![.\s][A-Z])(?<![ ](?:Inc|Ltd))(?<![ ]Corp)(?<![ ][JS]r)\."
_TRIMMED = re.compile(rf"^(?:[Tt]he\s+|[\"“'‘(\[]+)+|(?:['’`´]s|[\"”'’`,;:)\]]|{_STOP})+$")


def enrich(
    article: Article,
    known: KnowledgeBase,
    recognise: Recogniser,
    *,
    source_country: str | None = None,
    inherited: ParagraphNames | None = None,
) -> Names:
    """Return the names in an article's title and text, each tied to one entity.

    ``recognise`` sees title and text at once, so that a headline is read in the light of the text; its spans are
    trimmed (no "the", no possessive, no quotes). ``source_country`` (ISO code) helps to tell places apart. The
    dateline's place is an entity too (of no mentions where the text doesn't name it), and a name wherever it stands.
    ``inherited`` are the passages of the article that this one was taken from: their names are taken over.
    """
    title = article.title or ""
    whole = title + _BETWEEN + article.text
    read = inheriting_recogniser(recognise, inherited, len(title) + len(_BETWEEN)) if inherited else recognise
    spans = _clean(whole, read(whole, article.language))
    spans = _clean(whole, [*spans, *dateline_spans(article.dateline, whole, spans)])
    owned = find_owners(known, whole, spans)
    named = [SurfaceForm(whole[s.start : s.end], s.type, owned.get(s.start, "")) for s in spans]
    counted: collections.Counter[SurfaceForm] = collections.Counter(named)
    behind = find_qualifiers(known, whole, spans)
    if at := dateline_place(known, article.dateline):
        counted[at[0]] += 0
        behind.update(dict.fromkeys((n for n in counted if n.text.casefold() == at[0].text.casefold()), at[1]))
    groups = group_surface_forms(
        counted,
        defined_acronyms(whole, spans),
        known.lexicon,
        lambda name: sure_entity_id(known, name),
        lambda name: place_ids(known, name),
    )
    setting = PlaceContext(
        behind, find_natural_features(whole, spans), source_country, native=article.language not in {None, "en"}
    )
    entities = resolve_entities(known, groups, counted, setting)
    mentions = tuple(
        _mention(span, name.text, entities[name].id, len(title)) for span, name in zip(spans, named, strict=True)
    )
    names = Names(id=article.id, mentions=mentions, entities=tuple({e.id: e for e in entities.values()}.values()))
    return add_salience(article, names)


def _clean(text: str, spans: Iterable[Span]) -> list[Span]:
    """Return the spans trimmed, in order, without those that overlap an earlier one; a line's end ends a name."""
    kept: list[Span] = []
    for span in sorted(line for one in spans for line in _lines(text, one)):
        start, end = span.start, span.end
        name = text[start:end]
        if cut := _TRIMMED.match(name):
            start += cut.end()
        tail = _TRIMMED.search(name, max(0, len(name) - 6))
        if tail and tail.start() > 0:
            end = span.start + tail.start()
        if start < end and text[start:end].strip() and (not kept or kept[-1].end <= start):
            kept.append(Span(start, end, span.type))
    return kept


def _lines(text: str, span: Span) -> Iterator[Span]:
    start = span.start
    for line in text[span.start : span.end].split("\n"):
        yield Span(start, start + len(line), span.type)
        start += len(line) + 1


def _mention(span: Span, name: str, entity: str, title_length: int) -> Mention:
    in_title = span.end <= title_length
    shift = 0 if in_title else title_length + len(_BETWEEN)
    return Mention(
        field="title" if in_title else "text",
        start=span.start - shift,
        end=span.end - shift,
        type=span.type,
        name=name,
        entity=entity,
    )
