"""Read what dateline and neighbouring words say of the names in an article.

It holds for the spans of every recogniser.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from pipeline.enrich.coreference.coreference import SurfaceForm
from pipeline.enrich.knowledge.knowledge_base import EntityKind, KnowledgeBase
from pipeline.enrich.linking.institutions import parse_institution
from pipeline.enrich.recogniser import Span
from pipeline.records import EntityType

PLACE, GROUP, ORG = EntityType.PLACE, EntityType.GROUP, EntityType.ORG
# What follows a comma behind a place: "Springfield, Illinois", "London, Ont."
_QUALIFIER = re.compile(r",\s(?:in\s)?$")
# Characters between a place and its qualifier at most.
_MAX_QUALIFIER_DISTANCE = 3
_ABBREVIATED = re.compile(r",\s((?:[A-Z][A-Za-z]{0,4}\.)+|[A-Z]{2}(?!\w))")
_NATURAL = re.compile(r"\s(?:forest|mountains?|hills|desert|river|plateau|range|massif)\b")
# Between an owner and what it owns: "Iraq's Interior Ministry", "the Iraqi Ministry of Oil".
_OWNS = re.compile(r"(?:['’`´]s?)?\s")
# Characters that ``_OWNS`` matches at most.
_LONGEST_OWNS = 3
# A dateline's place in running text, not as a part of a longer name.
_NOT_INSIDE = r"(?<![\w&-]){}(?![\w&-]|(?-i:[ ][A-Z]))"


def find_qualifiers(knowledge: KnowledgeBase, text: str, spans: Sequence[Span]) -> dict[SurfaceForm, str]:
    """Return place → the place that follows it after a comma: "Springfield, Illinois", "Gary, Ind."."""
    qualifiers: dict[SurfaceForm, str] = {}
    for span, next_span in itertools.pairwise(spans):
        is_near = next_span.start - span.end <= _MAX_QUALIFIER_DISTANCE
        if span.type is next_span.type is PLACE and is_near and _QUALIFIER.fullmatch(text[span.end : next_span.start]):
            qualifier = text[next_span.start : next_span.end]
            toponym = SurfaceForm(text[span.start : span.end], PLACE)
            qualifiers.setdefault(toponym, _full_region(knowledge, qualifier) or qualifier)
    for span in spans:
        abbreviation = _ABBREVIATED.match(text, span.end) if span.type is PLACE else None
        if abbreviation and (area := _full_region(knowledge, abbreviation[1])):
            qualifiers.setdefault(SurfaceForm(text[span.start : span.end], PLACE), area)
    return qualifiers


def _full_region(knowledge: KnowledgeBase, area: str) -> str | None:
    """Return the region that an abbreviation stands for, None where it is none."""
    return knowledge.abbreviations.get(area.replace(".", "").casefold())


def find_natural_features(text: str, spans: Sequence[Span]) -> frozenset[SurfaceForm]:
    """Return the places whose name is that of a forest, a mountain range or the like: "Mau forest"."""
    return frozenset(
        SurfaceForm(text[s.start : s.end], PLACE) for s in spans if s.type is PLACE and _NATURAL.match(text, s.end)
    )


def find_owners(knowledge: KnowledgeBase, text: str, spans: Sequence[Span]) -> dict[int, str]:
    """Return start of a body of government → the nationality that owns it: "Iraqi" for "Iraq's"."""
    owners: dict[int, str] = {}
    for span, next_span in itertools.pairwise(spans):
        is_near = next_span.start - span.end <= _LONGEST_OWNS and _OWNS.fullmatch(text[span.end : next_span.start])
        if next_span.type is not ORG or span.type not in {PLACE, GROUP} or not is_near:
            continue
        form = SurfaceForm(text[next_span.start : next_span.end], ORG)
        institution = parse_institution(knowledge, form)
        if not institution or institution.country or knowledge.find_entities(form.text, ORG):
            continue
        entities = knowledge.find_entities(text[span.start : span.end], span.type)
        # a people of its own doesn't stand for the country: the Scottish Parliament isn't the British one
        countries = {
            e.country for e in entities if e.kind is EntityKind.COUNTRY or (e.kind is EntityKind.ALIAS and not e.listed)
        }
        adjective = knowledge.adjectives.get(next(iter(countries)) or "") if len(countries) == 1 else None
        if adjective:
            owners[next_span.start] = adjective
    return owners


def dateline_place(knowledge: KnowledgeBase, dateline: str | None) -> tuple[SurfaceForm, str] | None:
    """Return a dateline's place and what follows its comma ("MOSUL, Iraq"); None where neither is a known place."""
    if not dateline:
        return None
    town, _, area = (part.strip() for part in dateline.partition(","))
    area = _full_region(knowledge, area) or area
    if not knowledge.find_entities(town, PLACE) and not knowledge.find_entities(area, PLACE):
        return None
    return SurfaceForm(town.title() if town.isupper() else town, PLACE), area


def dateline_spans(dateline: str | None, text: str, spans: Sequence[Span]) -> list[Span]:
    """Return where a dateline's town stands in the text outside of the names ``spans``."""
    town = (dateline or "").partition(",")[0].strip()
    if not town:
        return []
    pattern = re.compile(_NOT_INSIDE.format(re.escape(town)), re.IGNORECASE)
    taken = {index for s in spans for index in range(s.start, s.end)}
    candidates = (m.span() for m in pattern.finditer(text) if m.group()[0].isupper())
    return [Span(start, end, PLACE) for start, end in candidates if taken.isdisjoint(range(start, end))]
