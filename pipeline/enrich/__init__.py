"""Who and what does an article name, under one name each?

A recogniser finds the names (``Recogniser``: text and language in, spans out; by default a packed network for
English, known names for other languages, or a spaCy pipeline); what follows is the same for all: names are joined
within the article, tied to known entities, and places are told from their namesakes.
"""

from __future__ import annotations

import collections
import re
from collections.abc import Iterable, Iterator

from pipeline.enrich.acronyms import definitions
from pipeline.enrich.context import dateline_name, dateline_spans, natural, owners, qualifiers
from pipeline.enrich.inherit import Passages, inheriting
from pipeline.enrich.join import Name, join
from pipeline.enrich.known import Known
from pipeline.enrich.load import load
from pipeline.enrich.resolve import Setting, places_called, resolve, well_known
from pipeline.enrich.salience import weigh
from pipeline.enrich.spans import Recogniser, Span
from pipeline.records import Article, Mention, Names

__all__ = ["Known", "Recogniser", "Span", "enrich", "load"]

_BETWEEN = "\n\n"
# The stop of an abbreviation belongs to it: "U.S.", "Marvel Foods, Inc.".
_STOP = r"(?<![.\s][A-Z])(?<![ ](?:Inc|Ltd))(?<![ ]Corp)(?<![ ][JS]r)\."
_TRIMMED = re.compile(rf"^(?:[Tt]he\s+|[\"“'‘(\[]+)+|(?:['’`´]s|[\"”'’`,;:)\]]|{_STOP})+$")


def enrich(
    article: Article,
    known: Known,
    recognise: Recogniser,
    *,
    source_country: str | None = None,
    inherited: Passages | None = None,
) -> Names:
    """Return the names in an article's title and text, each tied to one entity.

    ``recognise`` sees title and text at once, so that a headline is read in the light of the text; its spans are
    trimmed (no "the", no possessive, no quotes). ``source_country`` (ISO code) helps to tell places apart. The
    dateline's place is an entity too (of no mentions where the text doesn't name it), and a name wherever it stands.
    ``inherited`` are the passages of the article that this one was taken from: their names are taken over.
    """
    title = article.title or ""
    whole = title + _BETWEEN + article.text
    read = inheriting(recognise, inherited, len(title) + len(_BETWEEN)) if inherited else recognise
    spans = _clean(whole, read(whole, article.language))
    spans = _clean(whole, [*spans, *dateline_spans(article.dateline, whole, spans)])
    owned = owners(known, whole, spans)
    named = [Name(whole[s.start : s.end], s.type, owned.get(s.start, "")) for s in spans]
    counted: collections.Counter[Name] = collections.Counter(named)
    behind = qualifiers(known, whole, spans)
    if at := dateline_name(known, article.dateline):
        counted[at[0]] += 0
        behind.update(dict.fromkeys((n for n in counted if n.text.casefold() == at[0].text.casefold()), at[1]))
    groups = join(
        counted,
        definitions(whole, spans),
        known.lexicon,
        lambda name: well_known(known, name),
        lambda name: places_called(known, name),
    )
    setting = Setting(behind, natural(whole, spans), source_country, native=article.language not in {None, "en"})
    entities = resolve(known, groups, counted, setting)
    mentions = tuple(
        _mention(span, name.text, entities[name].id, len(title)) for span, name in zip(spans, named, strict=True)
    )
    names = Names(id=article.id, mentions=mentions, entities=tuple({e.id: e for e in entities.values()}.values()))
    return weigh(article, names)


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
