"""Which of the places of that name does an article mean?

In this order: the one that "City, Region" or "City, Country" says; a city that is far larger than its namesakes; the
one in a country that the article speaks of; the one in the source's country; the more general or larger one.
A small city far from all that the article speaks of is not meant: its name is some other place's.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable, Sequence

from pipeline.enrich.knowledge.knowledge_base import EntityKind, KnownEntity

# A city as large as this and so many times larger than its namesakes needs no context (London, Paris, Moscow).
_METROPOLIS = 1_000_000
_TIMES_LARGER = 8
# A city below this size isn't meant without a reason: most names of towns are also names of smaller places that no
# gazetteer has (the size from which a bare name counts as a city's, see voting.LARGE_CITY).
_UNLIKELY = 150_000


def count_countries(rows: Iterable[tuple[Sequence[KnownEntity], int]]) -> collections.Counter[str]:
    """Return how often an article speaks of each country, by the names that surely mean one country."""
    spoken: collections.Counter[str] = collections.Counter()
    for candidates, count in rows:
        if all(_small(r) for r in candidates):
            continue
        codes = {r.country for r in candidates}
        code = next(iter(codes)) if len(codes) == 1 else _foremost(candidates)
        if code:
            spoken[code] += count
    return spoken


def _foremost(candidates: Sequence[KnownEntity]) -> str | None:
    """Return the country of a city that is far larger than its namesakes elsewhere."""
    if not candidates:
        return None
    largest = max(candidates, key=_size)
    others = [c.population for c in candidates if c.country != largest.country]
    large = largest.kind is EntityKind.CITY and largest.population >= max(
        _METROPOLIS, _TIMES_LARGER * max(others, default=0)
    )
    return largest.country if large and not any(c.kind is EntityKind.COUNTRY for c in candidates) else None


def choose_place(
    candidates: Sequence[KnownEntity],
    qualifiers: Sequence[KnownEntity],
    spoken: collections.Counter[str],
    source_country: str | None,
) -> KnownEntity | None:
    """Return the place that is meant, None where it is none of these.

    Args:
        candidates: the places of that name.
        qualifiers: what the name after the comma may mean ("Illinois" in "Springfield, Illinois").
        spoken: countries of the article's other names, from ``countries_spoken_of``.
        source_country: ISO code of the publisher's country.
    """
    for row in qualifiers:
        inside = [c for c in candidates if c.country == row.country and c.id != row.id and _within(c, row)]
        if inside:
            return max(inside, key=_size)
    ranked = sorted(candidates, key=_size, reverse=True)
    if not ranked or (ranked[0].population < _METROPOLIS and any(_says_where(q) for q in qualifiers)):
        return None
    first, second = ranked[0], ranked[1].population if len(ranked) > 1 else 0
    dominant = first.kind is not EntityKind.COUNTRY and first.population >= _TIMES_LARGER * second
    if dominant and (first.population >= _METROPOLIS or first.listed):
        found = first
    else:  # a city far larger than its namesakes is meant even where the source has one of these
        found = _by_context(ranked, spoken, None if dominant and not _small(first) else source_country)
    return None if _out_of_place(found, spoken, source_country) else found


def _small(row: KnownEntity) -> bool:
    return row.kind is EntityKind.CITY and not row.listed and row.population < _UNLIKELY


def _says_where(row: KnownEntity) -> bool:
    return row.kind is EntityKind.COUNTRY or (row.kind is EntityKind.REGION and row.listed)


def _out_of_place(row: KnownEntity, spoken: collections.Counter[str], source_country: str | None) -> bool:
    """Tell whether a small city lies in a country that neither article nor source has to do with, and another has."""
    return (
        _small(row)
        and bool(spoken or source_country)
        and row.country != source_country
        and not spoken[row.country or ""]
    )


def _by_context(
    ranked: Sequence[KnownEntity], spoken: collections.Counter[str], source_country: str | None
) -> KnownEntity:
    def weight(row: KnownEntity) -> int:
        return spoken[row.country or ""] + (row.country is not None and row.country == source_country)

    return max(ranked, key=weight)  # the first of equals: the larger one


def _within(place: KnownEntity, area: KnownEntity) -> bool:
    """Tell whether a place may lie in an area of its country; the two sources code divisions alike for the US only."""
    return place.country != "US" or area.kind is EntityKind.COUNTRY or not area.admin or place.admin == area.admin


def _size(row: KnownEntity) -> tuple[int, int]:
    return row.population or (_METROPOLIS if row.listed else 0), -row.kind
