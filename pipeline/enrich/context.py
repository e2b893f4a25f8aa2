"""What do dateline and neighbouring words say of the names in an article, whatever recogniser found them?"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from pipeline.enrich.bodies import body
from pipeline.enrich.join import Name
from pipeline.enrich.known import Kind, Known
from pipeline.enrich.spans import Span
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


def qualifiers(known: Known, text: str, spans: Sequence[Span]) -> dict[Name, str]:
    """Return for places the place that stands behind them after a comma: "Springfield, Illinois", "Gary, Ind."."""
    found: dict[Name, str] = {}
    for one, other in itertools.pairwise(spans):
        near = other.start - one.end <= _COMMA
        if one.type is other.type is PLACE and near and _QUALIFIER.fullmatch(text[one.end : other.start]):
            behind = text[other.start : other.end]
            found.setdefault(Name(text[one.start : one.end], PLACE), _abbreviated(known, behind) or behind)
    for span in spans:
        short = _ABBREVIATED.match(text, span.end) if span.type is PLACE else None
        if short and (area := _abbreviated(known, short[1])):
            found.setdefault(Name(text[span.start : span.end], PLACE), area)
    return found


def _abbreviated(known: Known, area: str) -> str | None:
    return known.abbreviations.get(area.replace(".", "").casefold())


def natural(text: str, spans: Sequence[Span]) -> frozenset[Name]:
    """Return the places that give a forest, a mountain range or the like its name: "Mau forest"."""
    return frozenset(
        Name(text[s.start : s.end], PLACE) for s in spans if s.type is PLACE and _NATURAL.match(text, s.end)
    )


def owners(known: Known, text: str, spans: Sequence[Span]) -> dict[int, str]:
    """Return for bodies of government, by where they start, the nationality whose they are: "Iraqi" for "Iraq's"."""
    found: dict[int, str] = {}
    for one, other in itertools.pairwise(spans):
        near = other.start - one.end <= _LONGEST_OWNS and _OWNS.fullmatch(text[one.end : other.start])
        if other.type is not ORG or one.type not in {PLACE, GROUP} or not near:
            continue
        name = Name(text[other.start : other.end], ORG)
        bare = body(known, name)
        if not bare or bare.country or known.rows(name.text, ORG):
            continue
        rows = known.rows(text[one.start : one.end], one.type)
        # a people of its own doesn't stand for the country: the Scottish Parliament isn't the British one
        countries = {r.country for r in rows if r.kind is Kind.COUNTRY or (r.kind is Kind.ALIAS and not r.listed)}
        adjective = known.adjectives.get(next(iter(countries)) or "") if len(countries) == 1 else None
        if adjective:
            found[other.start] = adjective
    return found


def dateline_name(known: Known, dateline: str | None) -> tuple[Name, str] | None:
    """Return the place in a dateline and what follows its comma ("MOSUL, Iraq"); None where neither is known."""
    if not dateline:
        return None
    town, _, area = (part.strip() for part in dateline.partition(","))
    area = _abbreviated(known, area) or area
    if not known.rows(town, PLACE) and not known.rows(area, PLACE):
        return None
    return Name(town.title() if town.isupper() else town, PLACE), area


def dateline_spans(dateline: str | None, text: str, spans: Sequence[Span]) -> list[Span]:
    """Return where a dateline's town stands in the text, apart from the spans that overlap a name."""
    town = (dateline or "").partition(",")[0].strip()
    if not town:
        return []
    pattern = re.compile(_NOT_INSIDE.format(re.escape(town)), re.IGNORECASE)
    taken = {at for s in spans for at in range(s.start, s.end)}
    found = (m.span() for m in pattern.finditer(text) if m.group()[0].isupper())
    return [Span(start, end, PLACE) for start, end in found if taken.isdisjoint(range(start, end))]
