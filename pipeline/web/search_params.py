"""Read a search from a query string, and write it back into one."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal
from urllib.parse import urlencode

import msgspec
from fastapi import Request
from fastapi.routing import APIRoute

from pipeline.errors import UsageError
from pipeline.index import MAX_HITS, Query, Sort
from pipeline.index.fields import FACETS
from pipeline.moments import parse_moment
from pipeline.records import Document, to_json

MAX_LIMIT = 1000  # things in one answer

_LONGEST_LINE = 2000

_FOR_HUBS = "/websub/"  # hubs may add what they like (W3C WebSub 5.3)


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
    cursor: Annotated[str, msgspec.Meta(max_length=4000)] = ""  # what an answer before gave as ``next``
    facets: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()  # of each document; all where none is named
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
            since=parse_moment("since", self.since) if self.since else None,
            until=parse_moment("until", self.until, end=True) if self.until else None,
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

    def identity(self) -> bytes:
        """Return what this search has in common with its other pages, and with no other search."""
        rest = msgspec.structs.replace(self, page=1, size=20, facets=(), facet_size=10, fields=(), cursor="")
        return hashlib.sha256(to_json(rest)).digest()[:12]

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
    lists: dict[str, list[str]] = {"facets": [], "fields": []}
    for name, value in pairs:
        if name not in (*_NAMES, *FACETS):
            raise UsageError(f"unknown parameter {name[:100]!r}; known: {', '.join((*_NAMES, *FACETS))}")
        if not value:
            continue
        if name in lists:
            lists[name] += split_names(value)
        elif name in FACETS:
            filters[name] = (*filters.get(name, ()), value)
        else:
            plain[name] = value
    try:
        params = msgspec.convert({**plain, **lists, "filters": filters}, SearchParams, strict=False)
    except msgspec.ValidationError as error:
        fault, _, path = str(error).partition(" - at ")
        raise UsageError(f"{path.strip('`').removeprefix('$.')}: {fault[0].lower()}{fault[1:]}") from error
    check_fields(params.fields)
    return params


def check_fields(fields: Iterable[str]) -> None:
    """Make sure that documents have these fields.

    Raises:
        UsageError: They don't; the message names the nearest that they have.
    """
    for field in fields:
        if field not in Document.__struct_fields__:
            near = difflib.get_close_matches(field, Document.__struct_fields__, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise UsageError(f"fields: a document has no {field[:100]!r}{hint} (docs/fields.md names all)")


def split_names(text: str) -> tuple[str, ...]:
    """Return the names in a list with commas or spaces between them."""
    return tuple(filter(None, re.split(r"[\s,]+", text)))


def refuse_unknown_params(request: Request) -> None:
    """Refuse a query string with parameters that its path does not have; searches check theirs themselves.

    Pages for people and the callbacks of hubs are let be: links that are passed on gather parameters.

    Raises:
        UsageError: It has such a parameter, or a NUL character; the message names it.
    """
    if "\0" in request.url.path or any("\0" in part for pair in request.query_params.multi_items() for part in pair):
        raise UsageError("a NUL character stands in the address, which no database looks for")
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or not route.include_in_schema or (route.openapi_extra or {}).get("parameters"):
        return
    if route.path.startswith(_FOR_HUBS):
        return
    names = [str(param.alias) for param in route.dependant.query_params]
    for name in request.query_params:
        if name not in names:
            known = f"known: {', '.join(names)}" if names else f"{route.path} has none"
            raise UsageError(f"unknown parameter {name[:100]!r}; {known}")


def check_limit(limit: int) -> int:
    """Return ``limit``, the number of things that one answer is to hold.

    Raises:
        UsageError: It is not from 1 to 1000.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise UsageError(f"limit: from 1 to {MAX_LIMIT}")
    return limit
