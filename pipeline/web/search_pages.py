"""Serve the search page, with facets and a picture of the time, its feed, and the page of all values of a facet."""

from __future__ import annotations

import datetime as dt

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from pipeline.errors import QuerySyntaxError, UsageError
from pipeline.export_formats import MEDIA_TYPES, write_atom
from pipeline.index import MAX_HITS, Index, Results
from pipeline.index.fields import FACETS, HEADINGS, ordered_counts
from pipeline.index.query_language import is_read_as_typed
from pipeline.index.value_pattern import MAX_CHARACTERS
from pipeline.web import pages
from pipeline.web.copy_pages import FindOutdated
from pipeline.web.search_params import SearchParams, parse_search_params
from pipeline.web.time_picture import draw_histogram

# What the pages offer: parameter → words
_PRESETS = (("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days"), (None, "any time"))
_INTERVALS = ("hour", "day", "week", "month")
_BY = ("source", "people", "organisations", "places", "language", "countries")
_UNITS = (("articles", "all articles"), ("originals", "originals only"))

_EXPORTS = (("csv", "CSV"), ("jsonl", "JSON lines"), ("ninjs", "ninjs"))

_IN_FEED = 50  # articles
_MOST_VALUES = 500  # on the page of one facet


def add_search_pages(app: FastAPI, index: Index, find_outdated: FindOutdated) -> None:
    """Add the pages to ``app``."""

    @app.get("/", include_in_schema=False)
    def search(request: Request) -> Response:
        params = parse_search_params(request.query_params.multi_items())
        results = _search(index, params)
        histogram = results.histogram
        return pages.render_page(
            "search.html",
            params=params,
            results=results,
            understood=_worth_saying(params.q, results),
            outdated=find_outdated({hit.document.copy_group for hit in results.hits if hit.copies}),
            facets=HEADINGS,
            counts={name: ordered_counts(name, results.facets[name]) for name in HEADINGS},
            last=min(-(-results.total // params.size), MAX_HITS // params.size),
            picture=draw_histogram(histogram, share=params.share) if histogram else None,
            interval=histogram.interval if histogram else None,
            presets=_PRESETS,
            intervals=_INTERVALS,
            by_fields=[(field, HEADINGS[field]) for field in _BY],
            units=_UNITS,
            exports=_EXPORTS,
        )

    @app.get("/feed.atom", include_in_schema=False)
    def feed(request: Request) -> Response:
        """The newest articles of a search, for feed readers."""
        params = parse_search_params(request.query_params.multi_items())
        newest = params.changed_query(sort="newest", size=_IN_FEED, offset=0, highlight=False, copy_counts=False)
        documents = [hit.document for hit in index.search(newest).hits]
        at = max((document.first_seen for document in documents), default=dt.datetime.now(dt.UTC))
        name = f"urn:newswire:search:{params.identity().hex()}"
        body = b"".join(write_atom(documents, params.q or "newswire", at, name))
        return Response(body, media_type=f"{MEDIA_TYPES['atom']}; charset=utf-8")

    @app.get("/facets/{field}", include_in_schema=False)
    def facet(request: Request, field: str) -> Response:
        if field not in FACETS:
            raise HTTPException(404, "Articles are not counted by that.")
        pairs = request.query_params.multi_items()
        text = next((value for name, value in pairs if name == "text"), "")[:MAX_CHARACTERS]
        params = parse_search_params((name, value) for name, value in pairs if name != "text")
        within = {field: text} if text else {}
        results = index.search(params.changed_query(facets=(field,), facet_size=_MOST_VALUES, within=within, size=0))
        return pages.render_page(
            "facet.html",
            params=params,
            field=field,
            heading=HEADINGS.get(field, field.replace("_", " ").capitalize()),
            values=ordered_counts(field, results.facets[field]),
            text=text,
            is_cut=len(results.facets[field]) == _MOST_VALUES,
            hidden=[pair for pair in params.changed_params() if pair[0] not in {"page", "size"}],
        )


def _search(index: Index, params: SearchParams) -> Results:
    """Return the results with their facets and picture."""
    query = params.changed_query(interval=params.interval or "auto", facets=tuple(HEADINGS))
    try:
        return index.search(query)
    except QuerySyntaxError:
        raise
    except UsageError:  # an interval that was chosen for a shorter time, which a link has widened since
        if params.interval is None:
            raise
        return index.search(msgspec.structs.replace(query, interval="auto"))


def _worth_saying(line: str, results: Results) -> str:
    """Return how a line was understood where that isn't plain from the line; empty where it is."""
    is_plain = not results.warnings and is_read_as_typed(line, results.understood)
    return "" if is_plain else results.understood
