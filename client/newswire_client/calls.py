"""Say what is asked of the API and what its answers are: each endpoint once, for both clients. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypedDict, TypeVar
from urllib.parse import quote

from newswire_client.models import Article, ChangePage, SavedSearch, SearchPage, Story

PREFIX = "/api/v1"

T = TypeVar("T")
Moment = dt.date | dt.datetime | str
Filters = Mapping[str, str | Sequence[str]]
Sort = Literal["relevance", "newest", "oldest", "arrived"]
ExportFormat = Literal["jsonl", "csv", "parquet", "ninjs", "atom"]
Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """One request, and what becomes of its answer."""

    method: str = "GET"
    path: str
    params: Params = ()
    body: object = None  # sent as JSON
    decode: Callable[[Any], T]


class ChoosingOptions(TypedDict, total=False):
    """What chooses articles beside a search's words, and which of their fields are sent."""

    filters: Filters  # field → a value that it must have, or several of which it must have one
    since: Moment  # a day or time; a time without a zone is UTC
    until: Moment  # the same; a day counts as a whole
    fields: Sequence[str]  # of the articles; all where none is named


class SearchOptions(ChoosingOptions, total=False):
    """What a search asks for beside its words."""

    sort: Sort  # by relevance where there are words, else newest first
    copies: bool  # whether each copy of an article is a hit of its own
    facets: Sequence[str]  # fields whose values are counted
    facet_size: int  # values of each facet
    size: int  # hits of a page, at most 200
    lang: str  # a language whose readers' names for the values of facets are given as labels


class SavedSearchOptions(TypedDict, total=False):
    """What a saved search tells of, and whom."""

    filters: Mapping[str, Sequence[str]]
    exclude: Mapping[str, Sequence[str]]
    match: Literal["all", "any"]
    each: Literal["article", "original", "story"]
    webhook: str
    mail: Sequence[str]
    digest: Literal["now", "hourly", "daily", "weekly"]
    paused: bool


def search(q: str, options: SearchOptions, *, page: int | None = None, cursor: str | None = None) -> Call[SearchPage]:
    """Return the request for one page of a search."""
    pairs = [
        *_choosing(q, options),
        ("sort", options.get("sort")),
        ("copies", "all" if options.get("copies") else None),
        ("facets", ",".join(options.get("facets", ()))),
        ("facet_size", options.get("facet_size")),
        ("size", options.get("size")),
        ("lang", options.get("lang")),
        ("page", page),
        ("cursor", cursor),
    ]
    return Call(path=f"{PREFIX}/search", params=_params(pairs), decode=SearchPage.of)


def export(q: str, options: ChoosingOptions, form: ExportFormat) -> Call[bytes]:
    """Return the request for a whole result as a file."""
    pairs = [*_choosing(q, options), ("format", form)]
    return Call(path=f"{PREFIX}/export", params=_params(pairs), decode=bytes)


def article(article_id: str, fields: Sequence[str] = ()) -> Call[Article]:
    """Return the request for one article."""
    params = _params([("fields", ",".join(fields))])
    return Call(path=f"{PREFIX}/articles/{_segment(article_id)}", params=params, decode=Article.of)


def story(story_id: str) -> Call[Story]:
    """Return the request for one story."""
    return Call(path=f"{PREFIX}/stories/{_segment(story_id)}", decode=Story.of)


def changes(cursor: str | None, *, limit: int | None, wait: float | None, documents: bool) -> Call[ChangePage]:
    """Return the request for what became of articles behind a cursor."""
    pairs = [("cursor", cursor), ("limit", limit), ("wait", wait), ("documents", None if documents else "false")]
    return Call(path=f"{PREFIX}/changes", params=_params(pairs), decode=ChangePage.of)


def saved_searches() -> Call[tuple[SavedSearch, ...]]:
    """Return the request for all saved searches."""
    return Call(path=f"{PREFIX}/searches", decode=lambda raw: tuple(map(SavedSearch.of, raw)))


def save_search(name: str, q: str, options: SavedSearchOptions) -> Call[SavedSearch]:
    """Return the request that saves a search."""
    body = {"name": name, "q": q, **options}
    return Call(method="POST", path=f"{PREFIX}/searches", body=body, decode=SavedSearch.of)


def remove_search(search_id: str) -> Call[None]:
    """Return the request that removes a saved search."""
    return Call(method="DELETE", path=f"{PREFIX}/searches/{_segment(search_id)}", decode=lambda _: None)


def health() -> Call[int]:
    """Return the request for the number of documents."""
    return Call(path="/health", decode=lambda raw: int(raw["documents"]))


def _choosing(q: str, options: ChoosingOptions) -> list[tuple[str, object]]:
    """Return the parameters that choose articles and their fields."""
    filters = [
        (field, value)
        for field, values in options.get("filters", {}).items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    times = [("since", _moment(options.get("since"))), ("until", _moment(options.get("until")))]
    return [("q", q), *times, *filters, ("fields", ",".join(options.get("fields", ())))]


def _params(pairs: Iterable[tuple[str, object]]) -> Params:
    return tuple((name, str(value)) for name, value in pairs if value not in {None, ""})


def _moment(moment: Moment | None) -> str | None:
    return moment.isoformat() if isinstance(moment, dt.date) else moment


def _segment(text: str) -> str:
    return quote(text, safe="")
