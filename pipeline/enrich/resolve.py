"""Who or what does a group of names in one article name, under one id for all articles?"""

from __future__ import annotations

import collections
import re
from collections.abc import Mapping, Sequence

from pipeline.enrich.join import Name
from pipeline.enrich.known import Known, Row, entity_id
from pipeline.enrich.places import choose, countries_spoken_of
from pipeline.enrich.tokens import key
from pipeline.records import Entity, EntityType

_BLANKS = re.compile(r"\s+")


def well_known(known: Known, name: Name) -> str | None:
    """Return the id of what a name surely names wherever it stands; None for bare words, acronyms and places."""
    if name.type is EntityType.PLACE or (" " not in name.text and name.type is not EntityType.GROUP):
        return None
    rows = known.rows(name.text, name.type)
    return rows[0].id if rows else None


def resolve(
    known: Known,
    groups: Sequence[Sequence[Name]],
    counted: Mapping[Name, int],
    qualifiers: Mapping[Name, str],
    source_country: str | None,
    *,
    native: bool,
) -> dict[Name, Entity]:
    """Return the entity of each name; groups that are known as one entity become one.

    Args:
        known: aliases and gazetteer.
        groups: from ``join``, the fullest name of each first.
        counted: mentions of each name.
        qualifiers: for places, the name that stands after a comma behind them.
        source_country: ISO code of the publisher's country, for places.
        native: whether names may be in another language than English.
    """
    rows = {group[0]: _rows(known, group, native=native) for group in groups}
    spoken = countries_spoken_of((rows[g[0]], sum(counted[n] for n in g)) for g in groups)
    merged: dict[str, tuple[Row | None, list[Name]]] = {}
    for group in groups:
        row = _row(known, group, rows[group[0]], qualifiers, spoken, source_country)
        shown = display_name(group, counted)
        ident = row.id if row else entity_id(group[0].type, shown)
        merged.setdefault(ident, (row, []))[1].extend(group)
    return {
        name: entity
        for ident, (row, names) in merged.items()
        for entity in [_entity(ident, row, names, counted)]
        for name in names
    }


def _rows(known: Known, group: Sequence[Name], *, native: bool) -> tuple[Row, ...]:
    """Return what a group may name: by its longer names where it has any, else by its acronym or bare name."""
    longer = [n for n in group if " " in n.text or "-" in n.text]
    for name in longer or group:
        if rows := known.rows(name.text, name.type, native=native):
            return rows
    return ()


def _row(
    known: Known,
    group: Sequence[Name],
    rows: tuple[Row, ...],
    qualifiers: Mapping[Name, str],
    spoken: collections.Counter[str],
    source_country: str | None,
) -> Row | None:
    if not rows:
        return None
    if group[0].type is not EntityType.PLACE:
        return rows[0]
    after = next((qualifiers[n] for n in group if n in qualifiers), None)
    return choose(rows, known.rows(after, EntityType.PLACE) if after else (), spoken, source_country)


def display_name(group: Sequence[Name], counted: Mapping[Name, int]) -> str:
    """Return the name to show: the most used of the fullest ones (those with the most words)."""
    words = len(key(group[0].text).split())
    full = [n for n in group if len(key(n.text).split()) == words]
    best = max(full, key=lambda n: (counted[n], not n.text.isupper()))
    text = _BLANKS.sub(" ", best.text).strip()
    return text.title() if text.isupper() and " " in text else text


def _entity(ident: str, row: Row | None, names: Sequence[Name], counted: Mapping[Name, int]) -> Entity:
    ordered = sorted(names, key=lambda n: -counted[n])
    return Entity(
        id=ident,
        name=row.name if row else display_name(names, counted),
        type=names[0].type,
        aliases=tuple(dict.fromkeys(n.text for n in ordered)),
        count=sum(counted[n] for n in names),
        country=row.country if row else None,
        location=row.location if row else None,
    )
