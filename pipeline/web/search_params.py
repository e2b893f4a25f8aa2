"""Read a search from a query string, and write it back into one."""

from __future__ import annotations

import datetime as dt
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
from pipeline.index import MAX_HITS, Interval, Query, Sort, Unit, WordsWanted
from pipeline.index.fields import FACETS
from pipeline.index.query_language import MAX_CHARACTERS
from pipeline.moments import parse_moment
from pipeline.records import Document, to_json

MAX_LIMIT = 1000  # things in one answer

_LAST = r"^[1-9][0-9]{0,3}[hd]$"  # so many hours or days
_HOURS = {"h": 1, "d": 24}

# A language (BCP 47), such as de or pt-BR; empty is none
LanguageTag = Annotated[str, msgspec.Meta(max_length=35, pattern=r"^([A-Za-z]{2,3}([_-][A-Za-z0-9]{1,8})*)?$")]

_FOR_HUBS = "/websub/"  # hubs may add what they like (W3C WebSub 5.3)


class SearchParams(msgspec.Struct, frozen=True, kw_only=True):
    """A search as its query string puts it; ``filters`` gathers the parameters that are fields.

    Each ``exclude`` is ``field:value``, each ``within`` ``field:text``; ``last`` is a number of hours or days, ``24h``
    or ``7d``; ``lang`` is the language in which values are named.
    """

    q: Annotated[str, msgspec.Meta(max_length=MAX_CHARACTERS)] = ""
    sort: Sort | None = None
    page: Annotated[int, msgspec.Meta(ge=1, le=MAX_HITS)] = 1
    size: Annotated[int, msgspec.Meta(ge=1, le=200)] = 20
    facet_size: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 10
    copies: Literal["fold", "all"] = "fold"
    count: Unit = "articles"
    match: WordsWanted = "all"
    fresh: bool = False
    since: str | None = None
    until: str | None = None
    last: Annotated[str, msgspec.Meta(pattern=_LAST)] | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=4000)] = ""  # what an answer before gave as ``next``
    interval: Interval | Literal["auto"] | None = None
    by: str | None = None
    by_size: Annotated[int, msgspec.Meta(ge=1, le=20)] = 5
    share: bool = False
    facets: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()  # of each document; all where none is named
    lang: LanguageTag = ""
    exclude: Mapping[str, tuple[str, ...]] = {}
    within: Mapping[str, str] = {}
    filters: Mapping[str, tuple[str, ...]] = {}

    def to_query(self, facets: tuple[str, ...] | None = None, now: dt.datetime | None = None) -> Query:
        """Return the query for the index; ``now`` ends the time that ``last`` names.

        Without a sort, words are sorted by relevance, and everything by time.

        Raises:
            UsageError: ``since`` or ``until`` is no time.
        """
        since = parse_moment("since", self.since) if self.since else None
        if self.last:
            span = dt.timedelta(hours=int(self.last[:-1]) * _HOURS[self.last[-1]])
            start = (now or dt.datetime.now(dt.UTC)) - span
            since = max(start, since) if since else start
        return Query(
            text=self.q,
            filters=self.filters,
            exclude=self.exclude,
            since=since,
            until=parse_moment("until", self.until, end=True) if self.until else None,
            facets=self.facets if facets is None else facets,
            facet_size=self.facet_size,
            within=self.within,
            count=self.count,
            interval=self.interval,
            by=self.by,
            by_size=self.by_size,
            share=self.share,
            sort=self.sort_order,
            size=self.size,
            offset=(self.page - 1) * self.size,
            copies=self.copies == "all",
            match=self.match,
            fresh=self.fresh,
        )

    def changed_query(self, **values: object) -> Query:
        """Return the query for the index with other values of its own, see ``Query``."""
        return msgspec.structs.replace(self.to_query(), **values)

    @property
    def sort_order(self) -> Sort:
        """Return how the hits are sorted."""
        return self.sort or ("relevance" if self.q.strip() else "newest")

    def identity(self) -> bytes:
        """Return what this search has in common with its other pages, and with no other search."""
        chosen = (self.q, self.filters, self.exclude, self.since, self.until, self.last, self.sort_order, self.copies)
        return hashlib.sha256(to_json(chosen)).digest()[:12]

    def has_filter(self, field: str, value: str) -> bool:
        """Return whether the search is filtered by this value."""
        return value in self.filters.get(field, ())

    def is_excluded(self, field: str, value: str) -> bool:
        """Return whether the search excludes this value."""
        return value in self.exclude.get(field, ())

    def toggle_filter(self, field: str, value: str) -> str:
        """Return the query string of this search with one filter more or, where it is set, less."""
        filters, exclude = _toggle(self.filters, field, value), _without(self.exclude, field, value)
        return self.changed(filters=filters, exclude=exclude)

    def toggle_exclusion(self, field: str, value: str) -> str:
        """Return the query string of this search with one value excluded or, where it is, so no more."""
        filters, exclude = _without(self.filters, field, value), _toggle(self.exclude, field, value)
        return self.changed(filters=filters, exclude=exclude)

    def changed(self, **values: object) -> str:
        """Return the query string of the first page of this search with other parameters."""
        return msgspec.structs.replace(self, **{"page": 1, **values}).query_string()

    def line_link(self, line: str) -> str:
        """Return the query string of this search for another line."""
        return msgspec.structs.replace(self, q=line, page=1).query_string()

    def page_link(self, page: int) -> str:
        """Return the query string of another page of this search."""
        return msgspec.structs.replace(self, page=page).query_string()

    def query_string(self) -> str:
        """Return the query string of this search, "?" included."""
        return "?" + urlencode(self.changed_params())

    def export_string(self) -> str:
        """Return the query string by which all that this search finds is exported, without "?"."""
        return urlencode([pair for pair in self.changed_params() if pair[0] not in _OF_PAGES or pair[0] in _OF_EXPORTS])

    def changed_params(self) -> list[tuple[str, str]]:
        """Return the parameters of a page that differ from their defaults."""
        plain = [
            (name, "true" if value is True else str(value))
            for name in _OF_PAGES
            if (value := getattr(self, name)) != getattr(_DEFAULT, name)
        ]
        excluded = [("exclude", f"{field}:{value}") for field, values in self.exclude.items() for value in values]
        return plain + excluded + [(field, value) for field, values in self.filters.items() for value in values]


def _toggle(named: Mapping[str, tuple[str, ...]], field: str, value: str) -> dict[str, tuple[str, ...]]:
    """Return field → values with one value more or, where it is there, less."""
    values = named.get(field, ())
    return _without(named, field, value) if value in values else {**named, field: (*values, value)}


def _without(named: Mapping[str, tuple[str, ...]], field: str, value: str) -> dict[str, tuple[str, ...]]:
    left = tuple(other for other in named.get(field, ()) if other != value)
    others = {name: values for name, values in named.items() if name != field}
    return {**others, field: left} if left else others


_OF_PAGES = (
    "q",
    "sort",
    "copies",
    "match",
    "fresh",
    "count",
    "since",
    "until",
    "last",
    "interval",
    "by",
    "share",
    "size",
    "page",
    "lang",
)
_OF_EXPORTS = frozenset({"q", "match", "since", "until", "last"})
_DEFAULT = SearchParams()
_NAMES = tuple(name for name in SearchParams.__struct_fields__ if name != "filters")


def parse_search_params(pairs: Iterable[tuple[str, str]]) -> SearchParams:
    """Return what a query string asks for; an empty value is as good as none.

    Raises:
        UsageError: A parameter is unknown or has a value that it can't have; the message names both.
    """
    plain: dict[str, object] = {}
    filters: dict[str, tuple[str, ...]] = {}
    excluded: dict[str, tuple[str, ...]] = {}
    within: dict[str, str] = {}
    lists: dict[str, list[str]] = {"facets": [], "fields": []}
    for name, value in pairs:
        if name not in (*_NAMES, *FACETS):
            raise UsageError(f"unknown parameter {name[:100]!r}; known: {', '.join((*_NAMES, *FACETS))}")
        if not value:
            continue
        if name in lists:
            lists[name] += split_names(value)
        elif name == "exclude":
            field, unwanted = _split_pair(name, value)
            excluded[field] = (*excluded.get(field, ()), unwanted)
        elif name == "within":
            field, within[field] = _split_pair(name, value)
        elif name in FACETS:
            filters[name] = (*filters.get(name, ()), value)
        else:
            plain[name] = value
    try:
        named = {"exclude": excluded, "within": within, "filters": filters}
        params = msgspec.convert({**plain, **lists, **named}, SearchParams, strict=False)
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


def _split_pair(name: str, pair: str) -> tuple[str, str]:
    """Return the field and the value of a parameter that holds both.

    Raises:
        UsageError: It holds no colon, or nothing on one side of it.
    """
    field, _, value = pair.partition(":")
    if not field or not value:
        raise UsageError(f"{name}: write it as field:value, such as source:Northwire")
    return field, value


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
