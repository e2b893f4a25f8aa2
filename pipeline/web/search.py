"""Serve searches, articles and stories to programs, out of the index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response

from pipeline.cursors import read_cursor, write_cursor
from pipeline.errors import UsageError
from pipeline.index import Hit, Index, Query, Results, SortKey, TimeHistogram
from pipeline.index.query_language import QueryWarning
from pipeline.records import Document, StoryTitle
from pipeline.web.api_description import describe_answer, describe_search_params
from pipeline.web.completion import LineCompletion, SearchLine, describe_completions
from pipeline.web.http import json_response, unknown
from pipeline.web.reader_language import Reader, main_language
from pipeline.web.reader_names import ReaderNames
from pipeline.web.search_params import SearchParams, check_fields, check_limit, parse_search_params, split_names
from pipeline.web.story_view import StoryView, load_story, story_title


class ValueCount(msgspec.Struct, frozen=True, omit_defaults=True):
    """How many articles have a value; ``label`` is what the language that was asked for calls it."""

    value: str
    count: int
    label: str | None = None


class SearchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a search answers. ``next`` is the cursor of the next page, where the search can go on by one.

    ``understood`` is the search line with all that it leaves unsaid, ``warnings`` what in it was hardly meant as it was
    read, ``suggestion`` a line with words that the index has, where nothing was found.
    """

    total: int
    articles: int
    page: int
    size: int
    facets: Mapping[str, tuple[ValueCount, ...]]
    hits: tuple[Hit, ...]
    histogram: TimeHistogram | None = None
    understood: str = ""
    warnings: tuple[QueryWarning, ...] = ()
    suggestion: str = ""
    next: str | None = None


class StoryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A story as ``StoryView`` has it, its counts with names."""

    id: str
    title: str | None
    key_names: tuple[str, ...]
    aliases: tuple[str, ...]
    size: int
    first: str
    last: str
    outlets: tuple[ValueCount, ...]
    names: Mapping[str, tuple[ValueCount, ...]]
    articles: tuple[Document, ...]
    languages: tuple[str, ...] = ()
    titles: tuple[StoryTitle, ...] = ()


class SearchPlace(msgspec.Struct, frozen=True):
    """Where a search goes on: which one, and behind which hit."""

    search: bytes
    key: tuple[str | float | bool, ...]


def add_search_routes(app: FastAPI, index: Index, names: ReaderNames) -> None:
    """Add the endpoints to ``app``."""

    @app.get("/api/search", openapi_extra=describe_answer(SearchAnswer, parameters=describe_search_params()))
    def search(request: Request) -> Response:
        """Search: q, any field as a filter, exclude, facets, counts over time, sort, page, size, copies, times.

        Sorted by newest, oldest or arrived and with ``copies=all``, an answer gives in ``next`` the ``cursor`` of the
        page behind it, however many there are; articles that come or go meanwhile neither shift nor repeat any.
        """
        params = parse_search_params(request.query_params.multi_items())
        query = params.to_query()
        if params.cursor:
            query = msgspec.structs.replace(query, after=_read_key(index, params))
        results = index.search(query)
        reader = Reader(main_language(params.lang), names)
        answer = _describe_results(params, results, reader, _next_cursor(index, params, query, results))
        return json_response(narrow_documents(answer, params.fields))

    @app.get("/api/complete", openapi_extra=describe_answer(tuple[LineCompletion, ...]))
    def complete(q: SearchLine, size: int = 10) -> Response:
        """Names, sources and fields that a search line may go on with."""
        return json_response(describe_completions(index, q, check_limit(size)))

    @app.get("/api/articles/{article_id}", openapi_extra=describe_answer(Document))
    def article(article_id: str, fields: str = "") -> Response:
        """One document; of its fields those that ``fields`` names."""
        names = split_names(fields)
        check_fields(names)
        return json_response(narrow_document(index.get(article_id) or unknown("article", article_id), names))

    @app.get("/api/stories/{story_id}", openapi_extra=describe_answer(StoryAnswer))
    def story(story_id: str, lang: str = "") -> Response:
        """One story: its articles, newest first, its outlets and its span of time; title and labels in ``lang``."""
        reader = Reader(main_language(lang), names)
        return json_response(_describe_story(load_story(index, story_id) or unknown("story", story_id), reader))


def narrow_document(document: Document, fields: Iterable[str]) -> Document | dict[str, Any]:
    """Return those ``fields`` of a document that are named, all of them where none is."""
    names = tuple(dict.fromkeys(fields))
    return {name: getattr(document, name) for name in names} if names else document


def narrow_documents(answer: SearchAnswer, fields: Iterable[str]) -> SearchAnswer | dict[str, Any]:
    """Return a search's answer with those ``fields`` of each document that are named, all where none is."""
    names = tuple(fields)
    if not names:
        return answer
    hits = [msgspec.structs.asdict(hit) | {"document": narrow_document(hit.document, names)} for hit in answer.hits]
    return msgspec.structs.asdict(answer) | {"hits": hits}


def _read_key(index: Index, params: SearchParams) -> SortKey:
    """Return behind which hit the search goes on.

    Raises:
        UsageError: The cursor is none, is another search's, or a page is named beside it.
    """
    place = read_cursor(params.cursor, SearchPlace, index.identity())
    if place.search != params.identity():
        raise UsageError("cursor: it is of another search; a cursor goes with the parameters that it came from")
    if params.page != 1:
        raise UsageError("page: none goes with a cursor, which says itself where to go on")
    return tuple(place.key)


def _next_cursor(index: Index, params: SearchParams, query: Query, results: Results) -> str | None:
    """Return the cursor of the next page, None behind the last one and where there can't be any.

    Articles go on to arrive, so in this order there is always a next page.
    """
    if not query.has_cursor:
        return None
    is_last = len(results.hits) < query.size
    if is_last and query.sort != "arrived":
        return None
    if results.last is None:
        return params.cursor or None
    return write_cursor(SearchPlace(params.identity(), results.last), index.identity())


def _describe_results(params: SearchParams, results: Results, reader: Reader, next_cursor: str | None) -> SearchAnswer:
    return SearchAnswer(
        total=results.total,
        articles=results.articles,
        page=params.page,
        size=params.size,
        facets={field: _counts(field, values, reader) for field, values in results.facets.items()},
        hits=results.hits,
        histogram=results.histogram,
        understood=results.understood,
        warnings=results.warnings,
        suggestion=results.suggestion,
        next=next_cursor,
    )


def _describe_story(view: StoryView, reader: Reader) -> dict[str, Any]:
    view = msgspec.structs.replace(view, title=story_title(view.titles, view.title, reader.language))
    names = {field: _counts(field, values, reader) for field, values in view.names.items()}
    return msgspec.structs.asdict(view) | {"outlets": _counts("source", view.outlets, reader), "names": names}


def _counts(field: str, values: Iterable[tuple[str, int]], reader: Reader) -> tuple[ValueCount, ...]:
    return tuple(
        ValueCount(value, count, reader.label(value, field) if reader.language else None) for value, count in values
    )
