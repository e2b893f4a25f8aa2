"""Serve saved searches: which there are, their feeds, and saving, changing and removing them.

Reading shows nobody's address; whatever changes something needs a key that allows to decide.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
from fastapi import Depends, FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from pipeline.access_scopes import AccessScope
from pipeline.alerts.messages import site_address
from pipeline.context import Context
from pipeline.saved_searches import add_search, change_search, find_search, remove_search
from pipeline.saved_searches.digests import load_matches
from pipeline.saved_searches.messages import MatchedDocument, feed_address
from pipeline.saved_searches.receivers import signing_key
from pipeline.saved_searches.result_feeds import ATOM_TYPE, JSON_FEED_TYPE, render_atom, render_json_feed
from pipeline.search_records import DigestRhythm, MatchScope, SavedSearch, SavedSearchState, SearchRequest, WordsAsked
from pipeline.web.api_description import describe_answer
from pipeline.web.auth import require_scope
from pipeline.web.http import json_response, read_decision

_SHOWN = 100  # matches of a feed


class SavedSearchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What anybody may read of a saved search: none of its receivers' addresses."""

    id: str
    name: str
    q: str
    filters: dict[str, tuple[str, ...]]
    exclude: dict[str, tuple[str, ...]]
    match: WordsAsked
    each: MatchScope
    created: dt.datetime
    webhook: bool
    mail: int  # addresses
    digest: DigestRhythm
    next_digest: dt.datetime | None
    paused: bool
    fault: str | None
    atom: str
    json_feed: str


class SavedAnswer(SavedSearchAnswer, frozen=True, kw_only=True):
    """A search that was saved, and the key that signs what its webhook gets: it is said to nobody else."""

    webhook_key: str | None


class MatchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An article that a saved search told of."""

    number: int
    at: dt.datetime
    article: str


class SearchMatchesAnswer(SavedSearchAnswer, frozen=True, kw_only=True):
    """A saved search and its latest matches, the latest first."""

    matches: tuple[MatchAnswer, ...]


class RemovedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The id of a saved search that was removed."""

    removed: str


def add_saved_search_routes(app: FastAPI, context: Context) -> None:
    """Add the endpoints to ``app``."""
    _add_reading_routes(app, context)
    _add_writing_routes(app, context)
    _add_feed_routes(app, context)


def _add_reading_routes(app: FastAPI, context: Context) -> None:
    @app.get("/api/v1/searches", openapi_extra=describe_answer(tuple[SavedSearchAnswer, ...]))
    def searches() -> Response:
        """All saved searches, by name; whom they tell isn't said."""
        with context.store.read() as connection:
            states = context.store.saved_searches.list_states(connection)
        return json_response([SavedSearchAnswer(**_describe(context, state)) for state in states])

    @app.get("/api/v1/searches/{search}", openapi_extra=describe_answer(SearchMatchesAnswer))
    def saved_search(search: str) -> Response:
        """A saved search by its id or name, and its latest matches."""
        state = find_search(context, search)
        matches = tuple(
            MatchAnswer(number=match.n, at=match.at, article=match.article)
            for match, _ in latest_matches(context, state.search)
        )
        return json_response(SearchMatchesAnswer(**_describe(context, state), matches=matches))


def _add_writing_routes(app: FastAPI, context: Context) -> None:
    key = [Depends(require_scope(AccessScope.DECIDE))]
    described = describe_answer(SavedAnswer, status=201, bodies=(SearchRequest,))

    @app.post("/api/v1/searches", dependencies=key, openapi_extra=described)
    async def save_search(request: Request) -> Response:
        """Save a search; answers with its feeds and, where it has a webhook, the key that signs what that gets."""
        asked = await read_decision(request, SearchRequest)
        return _answer_saved(context, await run_in_threadpool(add_search, context, asked), 201)

    replaced = describe_answer(SavedAnswer, bodies=(SearchRequest,))

    @app.put("/api/v1/searches/{search}", dependencies=key, openapi_extra=replaced)
    async def replace_search(search: str, request: Request) -> Response:
        """Put another search in the place of one, whose feeds stay; what it asks otherwise holds from now on."""
        asked = await read_decision(request, SearchRequest)
        return _answer_saved(context, await run_in_threadpool(change_search, context, search, asked), 200)

    @app.delete("/api/v1/searches/{search}", dependencies=key, openapi_extra=describe_answer(RemovedAnswer))
    def forget_search(search: str) -> Response:
        """Remove a saved search, its feeds, and what waits for its receivers."""
        return json_response(RemovedAnswer(removed=remove_search(context, search).id))


def _answer_saved(context: Context, state: SavedSearchState, status: int) -> Response:
    signed = signing_key(state.search) if state.search.webhook else None
    return json_response(SavedAnswer(**_describe(context, state), webhook_key=signed), status)


def _add_feed_routes(app: FastAPI, context: Context) -> None:
    @app.get("/searches/{search}.atom", include_in_schema=False)
    def atom(search: str) -> Response:
        saved = find_search(context, search).search
        matches, site = latest_matches(context, saved), site_address(context.settings.serve)
        return Response(render_atom(saved, matches, site), media_type=f"{ATOM_TYPE}; charset=utf-8")

    @app.get("/searches/{search}.json", include_in_schema=False)
    def json_feed(search: str) -> Response:
        saved = find_search(context, search).search
        matches, site = latest_matches(context, saved), site_address(context.settings.serve)
        response = json_response(render_json_feed(saved, matches, site))
        response.headers["Content-Type"] = JSON_FEED_TYPE
        return response


def _describe(context: Context, state: SavedSearchState) -> dict[str, Any]:
    """Return the fields of ``SavedSearchAnswer``."""
    search, site = state.search, site_address(context.settings.serve)
    return {
        "id": search.id,
        "name": search.name,
        "q": search.text,
        "filters": search.filters,
        "exclude": search.exclude,
        "match": search.match,
        "each": search.scope,
        "created": search.created,
        "webhook": search.webhook is not None,
        "mail": len(search.mail),
        "digest": search.digest,
        "next_digest": state.due,
        "paused": search.paused,
        "fault": state.fault,
        "atom": feed_address(search, site, "atom"),
        "json_feed": feed_address(search, site, "json"),
    }


def latest_matches(context: Context, search: SavedSearch, limit: int = _SHOWN) -> list[MatchedDocument]:
    """Return the latest matches of a search whose documents are still there, the latest first."""
    with context.store.read() as connection:
        matches = context.store.saved_searches.list_matches(connection, search.id, limit=limit)
    return load_matches(context, matches)
