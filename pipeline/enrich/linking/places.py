"""Choose which of the places of one name an article means.

In this order: the one that "City, Region" or "City, Country" says; a city that is far larger than its namesakes; the
one in a country that the article speaks of; the one in the source's country; the more general or larger one.
A small city far from all that the article speaks of is not meant: another place has its name too.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable, Sequence

from pipeline.enrich.knowledge.knowledge_base import EntityKind, KnownEntity

# A city of so many inhabitants, and so many times larger than its namesakes, needs no context (London, Paris, Moscow).
_METROPOLIS_INHABITANTS = 1_000_000
_TIMES_LARGER = 8
# A city of fewer inhabitants isn't meant without a reason: most names of towns are also names of smaller places that no
# gazetteer has (the size from which a bare name counts as a city's, see voting.LARGE_CITY).
_MIN_INHABITANTS = 150_000


def count_countries(groups: Iterable[tuple[Sequence[KnownEntity], int]]) -> collections.Counter[str]:
    """Return how often an article speaks of each country, by the names that surely mean one country.

    ``groups`` are, for each name, the entities that it may name and its number of mentions.
    """
    counts: collections.Counter[str] = collections.Counter()
    for candidates, count in groups:
        if all(_is_small(c) for c in candidates):
            continue
        codes = {c.country for c in candidates}
        code = next(iter(codes)) if len(codes) == 1 else _foremost(candidates)
        if code:
            counts[code] += count
    return counts


def _foremost(candidates: Sequence[KnownEntity]) -> str | None:
    """Return the country of a city that is far larger than its namesakes elsewhere."""
    if not candidates:
        return None
    largest = max(candidates, key=_size)
    others = [c.population for c in candidates if c.country != largest.country]
    is_dominant = largest.kind is EntityKind.CITY and largest.population >= max(
        _METROPOLIS_INHABITANTS, _TIMES_LARGER * max(others, default=0)
    )
    return largest.country if is_dominant and not any(c.kind is EntityKind.COUNTRY for c in candidates) else None


def choose_place(
    candidates: Sequence[KnownEntity],
    qualifiers: Sequence[KnownEntity],
    country_counts: collections.Counter[str],
    source_country: str | None,
) -> KnownEntity | None:
    """Return the candidate that is meant, None where none is.

    Args:
        candidates: the places of that name.
        qualifiers: what the name after the comma may mean ("Illinois" in "Springfield, Illinois").
        country_counts: how often the article's other names speak of each country, from ``count_countries``.
        source_country: ISO 3166-1 code of the publisher's country.
    """
    for area in qualifiers:
        inside = [c for c in candidates if c.country == area.country and c.id != area.id and _may_lie_in(c, area)]
        if inside:
            return max(inside, key=_size)
    ranked = sorted(candidates, key=_size, reverse=True)
    if not ranked or (ranked[0].population < _METROPOLIS_INHABITANTS and any(_names_area(q) for q in qualifiers)):
        return None
    first, second_population = ranked[0], ranked[1].population if len(ranked) > 1 else 0
    is_dominant = first.kind is not EntityKind.COUNTRY and first.population >= _TIMES_LARGER * second_population
    if is_dominant and (first.population >= _METROPOLIS_INHABITANTS or first.listed):
        chosen = first
    else:  # a city far larger than its namesakes is meant even where the source has one of these
        chosen = _by_context(ranked, country_counts, None if is_dominant and not _is_small(first) else source_country)
    return None if _is_out_of_place(chosen, country_counts, source_country) else chosen


def _is_small(city: KnownEntity) -> bool:
    return city.kind is EntityKind.CITY and not city.listed and city.population < _MIN_INHABITANTS


def _names_area(qualifier: KnownEntity) -> bool:
    return qualifier.kind is EntityKind.COUNTRY or (qualifier.kind is EntityKind.REGION and qualifier.listed)


def _is_out_of_place(city: KnownEntity, country_counts: collections.Counter[str], source_country: str | None) -> bool:
    """Tell whether a small city lies outside of all countries that article and source have to do with, if any."""
    return (
        _is_small(city)
        and bool(country_counts or source_country)
        and city.country != source_country
        and not country_counts[city.country or ""]
    )


def _by_context(
    ranked: Sequence[KnownEntity], country_counts: collections.Counter[str], source_country: str | None
) -> KnownEntity:
    def weight(candidate: KnownEntity) -> int:
        from_source = candidate.country is not None and candidate.country == source_country
        return country_counts[candidate.country or ""] + from_source

    return max(ranked, key=weight)  # the first of equals: the larger one


def _may_lie_in(candidate: KnownEntity, area: KnownEntity) -> bool:
    """Tell whether a place may lie in an area of its country; the two sources code divisions alike for the US only."""
    return (
        candidate.country != "US" or area.kind is EntityKind.COUNTRY or not area.admin or candidate.admin == area.admin
    )


def _size(candidate: KnownEntity) -> tuple[int, int]:
    return candidate.population or (_METROPOLIS_INHABITANTS if candidate.listed else 0), -candidate.kind
