"""Which of the places of that name does an article mean?

In this order: the one that "City, Region" or "City, Country" says; a city that is far larger than its namesakes; the
one in a country that the article speaks of; the one in the source's country; the more general or larger one.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable, Sequence

from pipeline.enrich.known import Kind, Row

# A city as large as this and so many times larger than its namesakes needs no context (London, Paris, Moscow).
_METROPOLIS = 1_000_000
_TIMES_LARGER = 8


def countries_spoken_of(rows: Iterable[tuple[Sequence[Row], int]]) -> collections.Counter[str]:
    """Return how often an article speaks of each country, by the names that can mean one country only."""
    spoken: collections.Counter[str] = collections.Counter()
    for candidates, count in rows:
        codes = {r.country for r in candidates}
        if len(codes) == 1 and (code := next(iter(codes))):
            spoken[code] += count
    return spoken


def choose(
    candidates: Sequence[Row], qualifiers: Sequence[Row], spoken: collections.Counter[str], source_country: str | None
) -> Row:
    """Return the place that is meant.

    Args:
        candidates: the places of that name, at least one.
        qualifiers: what the name after the comma may mean ("Illinois" in "Springfield, Illinois").
        spoken: countries of the article, from ``countries_spoken_of``.
        source_country: ISO code of the publisher's country.
    """
    for row in qualifiers:
        inside = [c for c in candidates if c.country == row.country and c.id != row.id and _within(c, row)]
        if inside:
            return max(inside, key=_size)
    ranked = sorted(candidates, key=_size, reverse=True)
    if len(ranked) == 1 or ranked[0].population >= max(_METROPOLIS, _TIMES_LARGER * ranked[1].population):
        return (
            ranked[0] if ranked[0].kind is not Kind.COUNTRY or len(ranked) == 1 else _by_context(ranked, spoken, None)
        )
    return _by_context(ranked, spoken, source_country)


def _by_context(ranked: Sequence[Row], spoken: collections.Counter[str], source_country: str | None) -> Row:
    def weight(row: Row) -> tuple[int, bool]:
        return spoken[row.country or ""], row.country == source_country

    return max(ranked, key=weight)  # the first of equals: the larger one


def _within(place: Row, area: Row) -> bool:
    """Tell whether a place may lie in an area of its country; the two sources code divisions alike for the US only."""
    return place.country != "US" or area.kind is Kind.COUNTRY or not area.admin or place.admin == area.admin


def _size(row: Row) -> tuple[int, int]:
    return row.population or (_METROPOLIS if row.listed else 0), -row.kind
