"""Read a search from a query string, and write it back into one."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal
from urllib.parse import urlencode

import msgspec

from pipeline.dates import parse_iso
from pipeline.errors import UsageError
from pipeline.index import MAX_HITS, Query, Sort
from pipeline.index.fields import FACETS

_MAX_LIMIT = 1000  # things in one answer

_LONGEST_LINE = 2000

_DAY = re.compile(r"\d{4}-?\d\d-?\d\d")


class SearchParams(msgspec.Struct, frozen=True, kw_only=True):
    """A search as its query string puts it; ``filters`` gathers the parameters that are fields."""

    q: Annotated[str, msgspec.Meta(max_length=_LONGEST_LINE)] = ""
    sort: Sort | None = None
    page: Annotated[int, msgspec.Meta(ge=1, le=MAX_HITS)] = 1
    size: Annotated[int, msgspec.Meta(ge=1, le=200)] = 20
    facet_size: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 10
    copies: Literal["fold", "all"] = "fold"
    since: str | None = None
    until: str | None = None
    facets: tuple[str, ...] = ()
    filters: Mapping[str, tuple[str, ...]] = {}

    def to_query(self, facets: tuple[str, ...] | None = None) -> Query:
        """Return the query for the index.

        Without a sort, words are sorted by relevance, and everything by time.

        Raises:
            UsageError: ``since`` or ``until`` is no time.
        """
        return Query(
            text=self.q,
            filters=self.filters,
            since=parse_moment("since", self.since),
            until=parse_moment("until", self.until, end=True),
            facets=self.facets if facets is None else facets,
            facet_size=self.facet_size,
            sort=self.sort_order,
            size=self.size,
            offset=(self.page - 1) * self.size,
            copies=self.copies == "all",
        )

    @property
    def sort_order(self) -> Sort:
        """Return how the hits are sorted."""
        return self.sort or ("relevance" if self.q.strip() else "newest")

    def has_filter(self, field: str, value: str) -> bool:
        """Return whether the search is filtered by this value."""
        return value in self.filters.get(field, ())

    def toggle_filter(self, field: str, value: str) -> str:
        """Return the query string of this search with one filter more or, where it is set, less."""
        values = self.filters.get(field, ())
        toggled = tuple(v for v in values if v != value) if value in values else (*values, value)
        return msgspec.structs.replace(self, filters={**self.filters, field: toggled}, page=1).query_string()

    def page_link(self, page: int) -> str:
        """Return the query string of another page of this search."""
        return msgspec.structs.replace(self, page=page).query_string()

    def query_string(self) -> str:
        """Return the query string of this search, "?" included."""
        return "?" + urlencode(self.changed_params())

    def changed_params(self) -> list[tuple[str, str]]:
        """Return the parameters that differ from their defaults."""
        plain = [
            (name, str(getattr(self, name)))
            for name in ("q", "sort", "copies", "since", "until", "size", "page")
            if getattr(self, name) != getattr(_DEFAULT, name)
        ]
        return plain + [(field, value) for field, values in self.filters.items() for value in values]


_DEFAULT = SearchParams()
_NAMES = tuple(name for name in SearchParams.__struct_fields__ if name != "filters")


def parse_search_params(pairs: Iterable[tuple[str, str]]) -> SearchParams:
    """Return what a query string asks for; an empty value is as good as none.

    Raises:
        UsageError: A parameter is unknown or has a value that it can't have; the message names both.
    """
    plain: dict[str, object] = {}
    filters: dict[str, tuple[str, ...]] = {}
    facets: list[str] = []
    for name, value in pairs:
        if name not in (*_NAMES, *FACETS):
            raise UsageError(f"unknown parameter {name!r}; known: {', '.join((*_NAMES, *FACETS))}")
        if not value:
            continue
        if name == "facets":
            facets += filter(None, re.split(r"[\s,]+", value))
        elif name in FACETS:
            filters[name] = (*filters.get(name, ()), value)
        else:
            plain[name] = value
    try:
        return msgspec.convert({**plain, "facets": facets, "filters": filters}, SearchParams, strict=False)
    except msgspec.ValidationError as error:
        fault, _, path = str(error).partition(" - at ")
        raise UsageError(f"{path.strip('`').removeprefix('$.')}: {fault[0].lower()}{fault[1:]}") from error


def check_limit(limit: int) -> int:
    """Return ``limit``, the number of things that one answer is to hold.

    Raises:
        UsageError: It is not from 1 to 1000.
    """
    if not 1 <= limit <= _MAX_LIMIT:
        raise UsageError(f"limit: from 1 to {_MAX_LIMIT}")
    return limit


def parse_moment(name: str, text: str | None, *, end: bool = False) -> dt.datetime | None:
    """Return the time that a parameter ``name`` gives, UTC where it names no zone.

    Of a day it is the start or, with ``end``, the start of the next day.

    Raises:
        UsageError: It is no time.
    """
    if text is None:
        return None
    fault = f"{name}: {text[:40]!r} is not a day or time such as 2026-11-20 or 2026-11-20T15:30Z"
    day = _DAY.match(text)
    if day is None:  # ISO 8601 has years, months and weeks too
        raise UsageError(fault)
    try:
        time = parse_iso(text, dt.UTC)
        return time + dt.timedelta(days=1) if end and day.end() == len(text) else time
    except (ValueError, OverflowError) as error:
        raise UsageError(fault) from error
