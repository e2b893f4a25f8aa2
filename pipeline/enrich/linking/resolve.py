"""Who or what does a group of names in one article name, under one id for all articles?"""

from __future__ import annotations

import collections
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from pipeline.enrich.coreference.coreference import SurfaceForm
from pipeline.enrich.knowledge.knowledge_base import EntityKind, KnowledgeBase, KnownEntity, entity_id
from pipeline.enrich.knowledge.tokens import name_key
from pipeline.enrich.linking.institutions import full_institution_name, owning_country, parse_institution
from pipeline.enrich.linking.places import choose_place, count_countries
from pipeline.records import Entity, EntityType

_PART = re.compile(
    r"(?:mid|upper|lower|central|inner|outer|mainland|rural"
    r"|(?:north|south|east|west)(?:[- ]?(?:east|west|central))?(?:ern)?)[- ]"
)
_BLANKS = re.compile(r"\s+")


class PlaceContext(NamedTuple):
    """What an article says of its places, besides their names."""

    qualifiers: Mapping[SurfaceForm, str]  # what stands behind a place after a comma
    natural: AbstractSet[SurfaceForm]  # places named for a forest or a river: "Mau forest" isn't the city of Mau
    source_country: str | None  # ISO code of the publisher's country
    native: bool  # whether names may be in another language than English


class _Resolution(NamedTuple):
    """What one group of names names."""

    id: str
    name: str
    row: KnownEntity | None
    country: str | None


def sure_entity_id(known: KnowledgeBase, name: SurfaceForm) -> str | None:
    """Return the id of what a name surely names wherever it stands; None for bare words, acronyms and places."""
    if name.type is EntityType.PLACE or (" " not in name.text and name.type is not EntityType.GROUP):
        return None
    rows = known.find_entities(name.text, name.type)
    return rows[0].id if rows else None


def place_ids(known: KnowledgeBase, name: SurfaceForm) -> frozenset[str]:
    """Return the ids of the places that are known under a name."""
    return frozenset(row.id for row in known.find_entities(name.text, EntityType.PLACE))


def resolve_entities(
    known: KnowledgeBase,
    groups: Sequence[Sequence[SurfaceForm]],
    counted: Mapping[SurfaceForm, int],
    setting: PlaceContext,
) -> dict[SurfaceForm, Entity]:
    """Return the entity of each name; groups that are known as one entity become one.

    Args:
        known: aliases and gazetteer.
        groups: from ``join``, the fullest name of each first.
        counted: mentions of each name; 0 for a dateline's place that the text doesn't name.
        setting: what tells places apart.
    """
    rows = {group[0]: _rows(known, group, setting) for group in groups}
    weights = {group[0]: max(1, sum(counted[n] for n in group)) for group in groups}
    spoken = count_countries((rows[g[0]], weights[g[0]]) for g in groups)
    merged: dict[str, tuple[_Resolution, list[SurfaceForm]]] = {}
    for group in groups:
        first = group[0]
        if first.type is EntityType.PLACE:
            others = spoken - count_countries([(rows[first], weights[first])])
            found = _place(known, group, rows[first], setting, others, counted)
        else:
            found = _other(known, group, rows[first], owning_country(spoken, setting.source_country), counted)
        merged.setdefault(found.id, (found, []))[1].extend(group)
    return {
        name: entity
        for found, names in merged.values()
        for entity in [_entity(found, names, counted)]
        for name in names
    }


def _rows(known: KnowledgeBase, group: Sequence[SurfaceForm], setting: PlaceContext) -> tuple[KnownEntity, ...]:
    """Return what a group may name: by its longer names where it has any, else by its acronym or bare name."""
    longer = [n for n in group if " " in n.text or "-" in n.text]
    natural = any(n in setting.natural for n in group)
    for name in longer or group:
        rows = known.find_entities(name.text, name.type, native=setting.native)
        if rows := tuple(r for r in rows if r.kind is not EntityKind.CITY or not natural):
            return rows
    return _shortened(known, group[0]) or _described(known, group[0]) or _part_of(known, group[0])


def _shortened(known: KnowledgeBase, name: SurfaceForm) -> tuple[KnownEntity, ...]:
    """Return the state or province that a place's name abbreviates: "NJ", "Cal."."""
    short = name.text.isupper() or name.text.endswith(".")
    area = known.abbreviations.get(name_key(name.text)) if name.type is EntityType.PLACE and short else None
    return tuple(r for r in known.find_entities(area, name.type) if r.kind is EntityKind.REGION) if area else ()


def _described(known: KnowledgeBase, name: SurfaceForm) -> tuple[KnownEntity, ...]:
    """Return what an organisation's name says behind a faith or a people without a country: "Sunni Islamic State".

    A nationality makes another body of it: the Turkish Red Crescent, Egyptian Islamic Jihad.
    """
    first, _, rest = name.text.partition(" ")
    groups = known.find_entities(first, EntityType.GROUP) if rest and name.type is EntityType.ORG else ()
    described = bool(groups) and all(row.country is None for row in groups)
    return known.find_entities(rest, name.type) if described else ()


def _part_of(known: KnowledgeBase, name: SurfaceForm) -> tuple[KnownEntity, ...]:
    """Return the place of which a name says a part: "eastern Syria", "central London"; "Eastern Europe" is its own."""
    part = _PART.match(name.text) if name.type is EntityType.PLACE else None
    return known.find_entities(name.text[part.end() :], name.type) if part else ()


def _place(
    known: KnowledgeBase,
    group: Sequence[SurfaceForm],
    rows: tuple[KnownEntity, ...],
    setting: PlaceContext,
    spoken: collections.Counter[str],
    counted: Mapping[SurfaceForm, int],
) -> _Resolution:
    after = next((setting.qualifiers[n] for n in group if n in setting.qualifiers), None)
    areas = [r for r in known.find_entities(after, EntityType.PLACE) if r.kind is not EntityKind.CITY] if after else []
    row = choose_place(rows, areas, spoken, setting.source_country)
    shown = display_name(group, counted)
    if row:
        return _Resolution(row.id, row.name, row, row.country)
    countries = {r.country for r in areas}
    country = next(iter(countries)) if len(countries) == 1 else None
    ident = entity_id(group[0].type, shown)
    return _Resolution(f"{ident}-{country.lower()}" if country else ident, shown, None, country)


def _other(
    known: KnowledgeBase,
    group: Sequence[SurfaceForm],
    rows: tuple[KnownEntity, ...],
    country: str | None,
    counted: Mapping[SurfaceForm, int],
) -> _Resolution:
    if rows:
        return _Resolution(rows[0].id, rows[0].name, rows[0], rows[0].country)
    kind, shown = group[0].type, display_name(group, counted)
    whose = parse_institution(known, group[0])
    country = (whose and whose.country) or country
    if not whose or not country:
        return _Resolution(entity_id(kind, shown), shown, None, None)
    name, row = full_institution_name(known, country, shown)
    if row:
        return _Resolution(row.id, row.name, row, country)
    return _Resolution(
        entity_id(kind, full_institution_name(known, country, " ".join(whose.words))[0]), name, None, country
    )


def display_name(group: Sequence[SurfaceForm], counted: Mapping[SurfaceForm, int]) -> str:
    """Return the name to show: the most used of the fullest ones (those with the most words)."""
    words = len(name_key(group[0].text).split())
    full = [n for n in group if len(name_key(n.text).split()) == words]
    best = max(full, key=lambda n: (counted[n], not n.text.isupper()))
    text = _BLANKS.sub(" ", best.text).strip()
    return text.title() if text.isupper() and " " in text else text


def _entity(found: _Resolution, names: Sequence[SurfaceForm], counted: Mapping[SurfaceForm, int]) -> Entity:
    ordered = sorted(names, key=lambda n: -counted[n])
    return Entity(
        id=found.id,
        name=found.name if found.row or found.country else display_name(names, counted),
        type=names[0].type,
        aliases=tuple(dict.fromkeys(n.text for n in ordered if counted[n])),
        count=sum(counted[n] for n in names),
        country=found.country,
        location=found.row.location if found.row else None,
    )
