"""Who or what does a group of names in one article name, under one id for all articles?"""

from __future__ import annotations

import collections
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from pipeline.enrich.bodies import body, full_name, owner
from pipeline.enrich.join import Name
from pipeline.enrich.known import Kind, Known, Row, entity_id
from pipeline.enrich.places import choose, countries_spoken_of
from pipeline.enrich.tokens import key
from pipeline.records import Entity, EntityType

_PART = re.compile(
    r"(?:mid|upper|lower|central|inner|outer|mainland|rural"
    r"|(?:north|south|east|west)(?:[- ]?(?:east|west|central))?(?:ern)?)[- ]"
)
_BLANKS = re.compile(r"\s+")


class Setting(NamedTuple):
    """What an article says of its places, besides their names."""

    qualifiers: Mapping[Name, str]  # what stands behind a place after a comma
    natural: AbstractSet[Name]  # places named for a forest or a river: "Mau forest" isn't the city of Mau
    source_country: str | None  # ISO code of the publisher's country
    native: bool  # whether names may be in another language than English


class _Found(NamedTuple):
    """What one group of names names."""

    id: str
    name: str
    row: Row | None
    country: str | None


def well_known(known: Known, name: Name) -> str | None:
    """Return the id of what a name surely names wherever it stands; None for bare words, acronyms and places."""
    if name.type is EntityType.PLACE or (" " not in name.text and name.type is not EntityType.GROUP):
        return None
    rows = known.rows(name.text, name.type)
    return rows[0].id if rows else None


def places_called(known: Known, name: Name) -> frozenset[str]:
    """Return the ids of the places that are known under a name."""
    return frozenset(row.id for row in known.rows(name.text, EntityType.PLACE))


def resolve(
    known: Known, groups: Sequence[Sequence[Name]], counted: Mapping[Name, int], setting: Setting
) -> dict[Name, Entity]:
    """Return the entity of each name; groups that are known as one entity become one.

    Args:
        known: aliases and gazetteer.
        groups: from ``join``, the fullest name of each first.
        counted: mentions of each name; 0 for a dateline's place that the text doesn't name.
        setting: what tells places apart.
    """
    rows = {group[0]: _rows(known, group, setting) for group in groups}
    weights = {group[0]: max(1, sum(counted[n] for n in group)) for group in groups}
    spoken = countries_spoken_of((rows[g[0]], weights[g[0]]) for g in groups)
    merged: dict[str, tuple[_Found, list[Name]]] = {}
    for group in groups:
        first = group[0]
        if first.type is EntityType.PLACE:
            others = spoken - countries_spoken_of([(rows[first], weights[first])])
            found = _place(known, group, rows[first], setting, others, counted)
        else:
            found = _other(known, group, rows[first], owner(spoken, setting.source_country), counted)
        merged.setdefault(found.id, (found, []))[1].extend(group)
    return {
        name: entity
        for found, names in merged.values()
        for entity in [_entity(found, names, counted)]
        for name in names
    }


def _rows(known: Known, group: Sequence[Name], setting: Setting) -> tuple[Row, ...]:
    """Return what a group may name: by its longer names where it has any, else by its acronym or bare name."""
    longer = [n for n in group if " " in n.text or "-" in n.text]
    natural = any(n in setting.natural for n in group)
    for name in longer or group:
        rows = known.rows(name.text, name.type, native=setting.native)
        if rows := tuple(r for r in rows if r.kind is not Kind.CITY or not natural):
            return rows
    return _shortened(known, group[0]) or _described(known, group[0]) or _part_of(known, group[0])


def _shortened(known: Known, name: Name) -> tuple[Row, ...]:
    """Return the state or province that a place's name abbreviates: "NJ", "Cal."."""
    short = name.text.isupper() or name.text.endswith(".")
    area = known.abbreviations.get(key(name.text)) if name.type is EntityType.PLACE and short else None
    return tuple(r for r in known.rows(area, name.type) if r.kind is Kind.REGION) if area else ()


def _described(known: Known, name: Name) -> tuple[Row, ...]:
    """Return what an organisation's name says behind a faith or a people without a country: "Sunni Islamic State".

    A nationality makes another body of it: the Turkish Red Crescent, Egyptian Islamic Jihad.
    """
    first, _, rest = name.text.partition(" ")
    groups = known.rows(first, EntityType.GROUP) if rest and name.type is EntityType.ORG else ()
    described = bool(groups) and all(row.country is None for row in groups)
    return known.rows(rest, name.type) if described else ()


def _part_of(known: Known, name: Name) -> tuple[Row, ...]:
    """Return the place of which a name says a part: "eastern Syria", "central London"; "Eastern Europe" is its own."""
    part = _PART.match(name.text) if name.type is EntityType.PLACE else None
    return known.rows(name.text[part.end() :], name.type) if part else ()


def _place(
    known: Known,
    group: Sequence[Name],
    rows: tuple[Row, ...],
    setting: Setting,
    spoken: collections.Counter[str],
    counted: Mapping[Name, int],
) -> _Found:
    after = next((setting.qualifiers[n] for n in group if n in setting.qualifiers), None)
    areas = [r for r in known.rows(after, EntityType.PLACE) if r.kind is not Kind.CITY] if after else []
    row = choose(rows, areas, spoken, setting.source_country)
    shown = display_name(group, counted)
    if row:
        return _Found(row.id, row.name, row, row.country)
    countries = {r.country for r in areas}
    country = next(iter(countries)) if len(countries) == 1 else None
    ident = entity_id(group[0].type, shown)
    return _Found(f"{ident}-{country.lower()}" if country else ident, shown, None, country)


def _other(
    known: Known, group: Sequence[Name], rows: tuple[Row, ...], country: str | None, counted: Mapping[Name, int]
) -> _Found:
    if rows:
        return _Found(rows[0].id, rows[0].name, rows[0], rows[0].country)
    kind, shown = group[0].type, display_name(group, counted)
    whose = body(known, group[0])
    country = (whose and whose.country) or country
    if not whose or not country:
        return _Found(entity_id(kind, shown), shown, None, None)
    name, row = full_name(known, country, shown)
    if row:
        return _Found(row.id, row.name, row, country)
    return _Found(entity_id(kind, full_name(known, country, " ".join(whose.words))[0]), name, None, country)


def display_name(group: Sequence[Name], counted: Mapping[Name, int]) -> str:
    """Return the name to show: the most used of the fullest ones (those with the most words)."""
    words = len(key(group[0].text).split())
    full = [n for n in group if len(key(n.text).split()) == words]
    best = max(full, key=lambda n: (counted[n], not n.text.isupper()))
    text = _BLANKS.sub(" ", best.text).strip()
    return text.title() if text.isupper() and " " in text else text


def _entity(found: _Found, names: Sequence[Name], counted: Mapping[Name, int]) -> Entity:
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
