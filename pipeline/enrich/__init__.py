"""Find the names in an article and link each to one entity.

A recogniser finds the names (``Recogniser``: text and language in, spans out; by default a packed network for
English, known names for other languages, or a spaCy pipeline). What follows is the same for all: coreference joins
the names within the article, linking leads them to known entities and tells places from their namesakes.
"""

from __future__ import annotations

import collections
import re
from collections.abc import Iterable, Iterator

from pipeline.enrich.coreference.acronyms import defined_acronyms
from pipeline.enrich.coreference.coreference import Declension, SurfaceForm, group_surface_forms
from pipeline.enrich.inherited import ParagraphNames, inheriting_recogniser
from pipeline.enrich.knowledge.endings import declines, strip_affixes, strip_apart
from pipeline.enrich.knowledge.knowledge_base import KnowledgeBase
from pipeline.enrich.linking.name_context import (
    dateline_place,
    dateline_spans,
    find_natural_features,
    find_owners,
    find_qualifiers,
)
from pipeline.enrich.linking.resolve import PlaceContext, place_ids, resolve_entities, sure_entity_id
from pipeline.enrich.multilingual_model.name_edges import cut_signs
from pipeline.enrich.recogniser import Recogniser, Span
from pipeline.enrich.recognisers import load_knowledge_base, load_recognisers
from pipeline.enrich.salience import add_salience
from pipeline.records import Article, Mention, Names

__all__ = ["KnowledgeBase", "Recogniser", "Span", "enrich", "load_knowledge_base", "load_recognisers"]

# What stands between title and text where both are read at once.
_BETWEEN = "\n\n"
# A full stop that is no part of an abbreviation: "U.S." and "Marvel Foods, Inc." keep theirs.
_STOP = r"(?<![.\s][A-Z])(?<![ ](?:Inc|Ltd))(?<![ ]Corp)(?<![ ][JS]r)\."
_INVISIBLE = "\u200c\u200d\u200e\u200f"
_TRIMMED = re.compile(rf"^(?:[Tt]he\s+|[\"“'‘(\[]+)+|(?:['’`´]s|[\"”'’`,;:)\]]|{_STOP})+$")


def enrich(
    article: Article,
    knowledge: KnowledgeBase,
    recogniser: Recogniser,
    *,
    source_country: str | None = None,
    inherited: ParagraphNames | None = None,
) -> Names:
    """Return the names in an article's title and text, each linked to one entity.

    The dateline's place is an entity too (of no mentions where the text doesn't name it), and a name wherever it
    stands in the text.

    Args:
        article: its title, text, language and dateline are read.
        knowledge: aliases, gazetteer and word lists.
        recogniser: sees title and text at once, so that a headline is read in the light of the text; its spans are
            trimmed (no "the", no possessive, no quotes).
        source_country: ISO 3166-1 code of the publisher's country; it helps to tell places apart.
        inherited: paragraphs of the article that this one was taken from; their names are taken over.
    """
    title = article.title or ""
    full_text = title + _BETWEEN + article.text
    if inherited:
        recogniser = inheriting_recogniser(recogniser, inherited, len(title) + len(_BETWEEN))
    language = _foreign_language(article)
    spans = _clean(full_text, recogniser(full_text, article.language), language)
    if language:
        spans = [_without_affixes(full_text, span, language) for span in spans]
    spans = _clean(full_text, [*spans, *dateline_spans(article.dateline, full_text, spans)], language)
    owners = find_owners(knowledge, full_text, spans)
    forms = [SurfaceForm(_written_name(full_text, s, language), s.type, owners.get(s.start, "")) for s in spans]
    counted: collections.Counter[SurfaceForm] = collections.Counter(forms)
    qualifiers = find_qualifiers(knowledge, full_text, spans)
    if dateline := dateline_place(knowledge, article.dateline):
        town, area = dateline
        counted[town] += 0
        qualifiers.update(dict.fromkeys((f for f in counted if f.text.casefold() == town.text.casefold()), area))
    groups = group_surface_forms(
        counted,
        defined_acronyms(full_text, spans),
        knowledge.lexicon,
        lambda form: sure_entity_id(knowledge, form, language),
        lambda form: place_ids(knowledge, form, language),
        _declension(knowledge, language),
    )
    place_context = PlaceContext(qualifiers, find_natural_features(full_text, spans), source_country, language)
    entities = resolve_entities(knowledge, groups, counted, place_context)
    mentions = tuple(
        _mention(span, form.text, entities[form].id, len(title)) for span, form in zip(spans, forms, strict=True)
    )
    distinct = tuple({e.id: e for e in entities.values()}.values())
    names = Names(id=article.id, mentions=mentions, entities=distinct, language=language)
    return add_salience(names)


def _foreign_language(article: Article) -> str | None:
    """Return the ISO 639-1 code of an article's language, None for English and where it is unknown."""
    language = (article.language or "en").partition("-")[0].lower()
    return language if language != "en" else None


def _declension(knowledge: KnowledgeBase, language: str | None) -> Declension | None:
    if language is None or not declines(language):
        return None
    return Declension(language, lambda word, entity_type: word in knowledge.known_words[entity_type])


def _clean(text: str, spans: Iterable[Span], language: str | None) -> list[Span]:
    """Return the spans trimmed and in order; a name ends at the line's end, and none overlaps an earlier one.

    ``language`` is None for English.
    """
    cleaned: list[Span] = []
    for span in sorted(line for untrimmed in spans for line in _lines(text, untrimmed)):
        start, end = cut_signs(text, span.start, span.end) if language else _trim(text, span.start, span.end)
        if start < end and text[start:end].strip() and (not cleaned or cleaned[-1].end <= start):
            cleaned.append(Span(start, end, span.type))
    return cleaned


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Return start and end of an English name without "the", possessive, quotes and signs at its edges."""
    name = text[start:end]
    cut = _TRIMMED.match(name)
    tail = _TRIMMED.search(name, max(0, len(name) - 6))
    return start + (cut.end() if cut else 0), start + tail.start() if tail and tail.start() > 0 else end


def _without_affixes(text: str, span: Span, language: str) -> Span:
    """Return a span without what leans on the name and is no part of its word: Ankara'da, l'Irak; not Merkelin."""
    name = text[span.start : span.end]
    plain = strip_apart(name, language)
    start = span.start + name.find(plain)
    return Span(start, start + len(plain), span.type)


def _written_name(text: str, span: Span, language: str | None) -> str:
    """Return a name as it is written, without a suffix behind an apostrophe, colon or hyphen: EU of EU:n."""
    name = text[span.start : span.end].rstrip(_INVISIBLE)
    return strip_affixes(name, language) if language else name


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
