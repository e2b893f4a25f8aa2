"""Serve saved searches: which there are, their feeds, and saving and removing them.

Reading needs no key, and shows nobody's address; saving and removing need the API key.
"""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import Depends, FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from pipeline.alerts.messages import site_address
from pipeline.context import Context
from pipeline.saved_searches import add_search, find_search, remove_search
from pipeline.saved_searches.digests import load_matches
from pipeline.saved_searches.messages import MatchedDocument, feed_address
from pipeline.saved_searches.receivers import signing_key
from pipeline.saved_searches.result_feeds import ATOM_TYPE, JSON_FEED_TYPE, render_atom, render_json_feed
from pipeline.search_records import SavedSearch, SavedSearchState, SearchRequest
from pipeline.web.auth import require_api_key
from pipeline.web.http import describe_body, json_response, read_decision

_SHOWN = 100  # matches of a feed


def add_saved_search_routes(app: FastAPI, context: Context) -> None:
    """Add the endpoints to ``app``."""
    _add_reading_routes(app, context)
    _add_writing_routes(app, context)
    _add_feed_routes(app, context)


def _add_reading_routes(app: FastAPI, context: Context) -> None:
    @app.get("/api/searches")
    def searches() -> Response:
        """All saved searches, by name; whom they tell isn't said."""
        with context.store.read() as connection:
            states = context.store.saved_searches.list_states(connection)
        return json_response([describe_search(context, state) for state in states])

    @app.get("/api/searches/{search}")
    def saved_search(search: str) -> Response:
        """A saved search by its id or name, and its latest matches."""
        state = find_search(context, search)
        matches = _latest_matches(context, state.search)
        shown = [{"number": m.match.n, "at": m.match.at, "article": m.document.id} for m in matches]
        return json_response({**describe_search(context, state), "matches": shown})


def _add_writing_routes(app: FastAPI, context: Context) -> None:
    key = [Depends(require_api_key(context.environment.api_key))]

    @app.post("/api/searches", dependencies=key, openapi_extra=describe_body(SearchRequest), status_code=201)
    async def save_search(request: Request) -> Response:
        """Save a search; answers with its feeds and, where it has a webhook, the key that signs what that gets."""
        asked = await read_decision(request, SearchRequest)
        state = await run_in_threadpool(add_search, context, asked)
        signed = {"webhook_key": signing_key(state.search)} if state.search.webhook else {}
        return json_response({**describe_search(context, state), **signed}, 201)

    @app.delete("/api/searches/{search}", dependencies=key)
    def forget_search(search: str) -> Response:
        """Remove a saved search, its feeds, and what waits for its receivers."""
        return json_response({"removed": remove_search(context, search).id})


def _add_feed_routes(app: FastAPI, context: Context) -> None:
    @app.get("/searches/{search}.atom", include_in_schema=False)
    def atom(search: str) -> Response:
        saved = find_search(context, search).search
        matches, site = _latest_matches(context, saved), site_address(context.settings.serve)
        return Response(render_atom(saved, matches, site), media_type=f"{ATOM_TYPE}; charset=utf-8")

    @app.get("/searches/{search}.json", include_in_schema=False)
    def json_feed(search: str) -> Response:
        saved = find_search(context, search).search
        matches, site = _latest_matches(context, saved), site_address(context.settings.serve)
        response = json_response(render_json_feed(saved, matches, site))
        response.headers["Content-Type"] = JSON_FEED_TYPE
        return response


def describe_search(context: Context, state: SavedSearchState) -> dict[str, Any]:
    """Return what anybody may read of a saved search: none of its receivers' addresses."""
    search, site = state.search, site_address(context.settings.serve)
    return {
        "id": search.id,
        "name": search.name,
        "q": search.text,
        "filters": msgspec.to_builtins(search.filters),
        "each": search.scope,
        "created": search.created,
        "webhook": search.webhook is not None,
        "mail": len(search.mail),
        "digest": search.digest,
        "next_digest": state.due,
        "fault": state.fault,
        "atom": feed_address(search, site, "atom"),
        "json_feed": feed_address(search, site, "json"),
    }


def _latest_matches(context: Context, search: SavedSearch) -> list[MatchedDocument]:
    with context.store.read() as connection:
        matches = context.store.saved_searches.list_matches(connection, search.id, limit=_SHOWN)
    return load_matches(context, matches)
