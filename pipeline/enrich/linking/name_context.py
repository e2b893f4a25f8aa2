"""What do dateline and neighbouring words say of the names in an article, whatever recogniser found them?"""

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
# The longest comma with its space.
_COMMA = 3
_ABBREVIATED = re.compile(r",\s((?:[A-Z][A-Za-z]{0,4}\.)+|[A-Z]{2}(?!\w))")
_NATURAL = re.compile(r"\s(?:forest|mountains?|hills|desert|river|plateau|range|massif)\b")
# Between an owner and what it owns: "Iraq's Interior Ministry", "the Iraqi Ministry of Oil".
_OWNS = re.compile(r"(?:['’`´]s?)?\s")
_LONGEST_OWNS = 3
# A dateline's place in running text, not as a part of a longer name.
_NOT_INSIDE = r"(?<![\w&-]){}(?![\w&-]|(?-i:[ ][A-Z]))"


def find_qualifiers(known: KnowledgeBase, text: str, spans: Sequence[Span]) -> dict[SurfaceForm, str]:
    """Return for places the place that stands behind them after a comma: "Springfield, Illinois", "Gary, Ind."."""
    found: dict[SurfaceForm, str] = {}
    for one, other in itertools.pairwise(spans):
        near = other.start - one.end <= _COMMA
        if one.type is other.type is PLACE and near and _QUALIFIER.fullmatch(text[one.end : other.start]):
            behind = text[other.start : other.end]
            found.setdefault(SurfaceForm(text[one.start : one.end], PLACE), _abbreviated(known, behind) or behind)
    for span in spans:
        short = _ABBREVIATED.match(text, span.end) if span.type is PLACE else None
        if short and (area := _abbreviated(known, short[1])):
            found.setdefault(SurfaceForm(text[span.start : span.end], PLACE), area)
    return found


def _abbreviated(known: KnowledgeBase, area: str) -> str | None:
    return known.abbreviations.get(area.replace(".", "").casefold())


def find_natural_features(text: str, spans: Sequence[Span]) -> frozenset[SurfaceForm]:
    """Return the places that give a forest, a mountain range or the like its name: "Mau forest"."""
    return frozenset(
        SurfaceForm(text[s.start : s.end], PLACE) for s in spans if s.type is PLACE and _NATURAL.match(text, s.end)
    )


def find_owners(known: KnowledgeBase, text: str, spans: Sequence[Span]) -> dict[int, str]:
    """Return for bodies of government, by where they start, the nationality whose they are: "Iraqi" for "Iraq's"."""
    found: dict[int, str] = {}
    for one, other in itertools.pairwise(spans):
        near = other.start - one.end <= _LONGEST_OWNS and _OWNS.fullmatch(text[one.end : other.start])
        if other.type is not ORG or one.type not in {PLACE, GROUP} or not near:
            continue
        name = SurfaceForm(text[other.start : other.end], ORG)
        bare = parse_institution(known, name)
        if not bare or bare.country or known.find_entities(name.text, ORG):
            continue
        rows = known.find_entities(text[one.start : one.end], one.type)
        # a people of its own doesn't stand for the country: the Scottish Parliament isn't the British one
        countries = {
            r.country for r in rows if r.kind is EntityKind.COUNTRY or (r.kind is EntityKind.ALIAS and not r.listed)
        }
        adjective = known.adjectives.get(next(iter(countries)) or "") if len(countries) == 1 else None
        if adjective:
            found[other.start] = adjective
    return found


def dateline_place(known: KnowledgeBase, dateline: str | None) -> tuple[SurfaceForm, str] | None:
    """Return the place in a dateline and what follows its comma ("MOSUL, Iraq"); None where neither is known."""
    if not dateline:
        return None
    town, _, area = (part.strip() for part in dateline.partition(","))
    area = _abbreviated(known, area) or area
    if not known.find_entities(town, PLACE) and not known.find_entities(area, PLACE):
        return None
    return SurfaceForm(town.title() if town.isupper() else town, PLACE), area


def dateline_spans(dateline: str | None, text: str, spans: Sequence[Span]) -> list[Span]:
    """Return where a dateline's town stands in the text, apart from the spans that overlap a name."""
    town = (dateline or "").partition(",")[0].strip()
    if not town:
        return []
    pattern = re.compile(_NOT_INSIDE.format(re.escape(town)), re.IGNORECASE)
    taken = {at for s in spans for at in range(s.start, s.end)}
    found = (m.span() for m in pattern.finditer(text) if m.group()[0].isupper())
    return [Span(start, end, PLACE) for start, end in found if taken.isdisjoint(range(start, end))]
