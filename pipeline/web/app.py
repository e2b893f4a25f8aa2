"""Put the web application together: the JSON interface, the pages, and what goes with every answer.

All that it serves is read-only, but for the endpoints that need the API key and the callbacks of hubs.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, NoReturn

import msgspec
from fastapi import Depends, FastAPI, Request, Response
from starlette.exceptions import HTTPException

from pipeline.context import Context, open_context
from pipeline.editorial.corrections import find_outdated
from pipeline.editorial.explain import explain_name, without_texts
from pipeline.errors import SearchIndexError
from pipeline.index import Index, Results
from pipeline.settings import ServeSettings
from pipeline.web import pages, search_params
from pipeline.web.answers import Answers
from pipeline.web.api_description import describe_api, describe_search_params
from pipeline.web.copy_pages import FindOutdated, add_copy_pages, know_nothing
from pipeline.web.decisions import add_decision_routes
from pipeline.web.editorial import add_editorial_routes
from pipeline.web.failures import RETRY_AWAY, add_error_handlers, log_inside
from pipeline.web.http import json_response
from pipeline.web.ingest import add_ingest_routes
from pipeline.web.operations import add_operation_routes
from pipeline.web.replays import add_replay_routes
from pipeline.web.request_checks import RequestChecks
from pipeline.web.search_pages import add_search_pages
from pipeline.web.story_view import StoryView, load_story
from pipeline.web.websub import add_websub_routes

_log = logging.getLogger(__name__)

_DEFAULTS = ServeSettings()
# Seconds that a decision over HTTP waits for a stage's batch: clients and proxies give up after 30, and nobody would
# know then whether it was decided.
LOCK_WAIT_SECONDS = 10.0


def from_environment() -> FastAPI:
    """Return the application for what the settings files and the environment name.

    ``uvicorn --factory pipeline.web.app:from_environment`` serves it; ledger and index are closed when it ends.
    """
    context = open_context(lock_wait_seconds=LOCK_WAIT_SECONDS)
    if fault := prepare_index(context):
        _log.warning("%s", fault)

    @contextlib.asynccontextmanager
    async def close_in_the_end(_: FastAPI) -> AsyncIterator[None]:
        with context:
            yield

    return create_app(context, close_in_the_end)


def prepare_index(context: Context) -> str | None:
    """Make the index where there is none yet; return what is wrong where that can't be done.

    The application starts all the same: a read-only key may not create an index, and /health says whether it answers.
    """
    try:
        context.index.prepare()
    except SearchIndexError as error:
        return str(error)
    return None


def create_app(
    context: Context, lifespan: Callable[[FastAPI], Any] | None = None, *, serve: ServeSettings | None = None
) -> FastAPI:
    """Return the application that serves the index and the ledger of ``context``.

    ``lifespan`` is an asynchronous context manager in which the application runs, see FastAPI; ``serve`` stands in
    place of the context's settings of that name.
    """
    outdated = functools.partial(find_outdated, context)
    app = create_search_app(context.index, lifespan, serve=serve or context.settings.serve, outdated=outdated)

    @app.get("/api/explain")
    def explain(address: str) -> Response:
        """Why an address is, or is not, in the index."""
        explanation = explain_name(context, address) or _unknown("address", address)
        return json_response(without_texts(explanation) if explanation.is_hidden else explanation)

    add_operation_routes(app, context)
    add_editorial_routes(app, context)
    add_replay_routes(app, context)
    add_decision_routes(app, context)
    add_ingest_routes(app, context)
    add_websub_routes(app, context)
    return app


def create_search_app(
    index: Index,
    lifespan: Callable[[FastAPI], Any] | None = None,
    *,
    serve: ServeSettings = _DEFAULTS,
    outdated: FindOutdated = know_nothing,
) -> FastAPI:
    """Return the application that serves ``index`` alone, which needs no ledger and is read-only.

    ``outdated`` finds the copies that still say what was corrected.
    """
    known = [Depends(search_params.refuse_unknown_params)]
    app = FastAPI(title="newswire", docs_url=None, redoc_url=None, lifespan=lifespan, dependencies=known)
    app.openapi = functools.partial(describe_api, app)  # type: ignore[method-assign]
    _add_search_routes(app, index)
    pages.add_page_routes(app, index)
    add_search_pages(app, index, outdated)
    add_copy_pages(app, index, outdated)
    add_error_handlers(app)
    app.add_middleware(Answers, frame_ancestors=serve.frame_ancestors)
    app.add_middleware(RequestChecks, settings=serve)
    return app


def _add_search_routes(app: FastAPI, index: Index) -> None:
    @app.get("/api/search", openapi_extra={"parameters": describe_search_params()})
    def search(request: Request) -> Response:
        """Search: q, any field as a filter, exclude, facets, counts over time, sort, page, size, copies, times."""
        params = search_params.parse_search_params(request.query_params.multi_items())
        return json_response(_describe_results(params, index.search(params.to_query())))

    @app.get("/api/articles/{article_id}")
    def article(article_id: str) -> Response:
        """One document."""
        return json_response(index.get(article_id) or _unknown("article", article_id))

    @app.get("/api/stories/{story_id}")
    def story(story_id: str) -> Response:
        """One story: its articles, newest first, its outlets and its span of time."""
        return json_response(_describe_story(load_story(index, story_id) or _unknown("story", story_id)))

    @app.get("/health")
    def health() -> Response:
        """Tell whether the index answers."""
        try:
            return json_response({"status": "ok", "documents": index.count()})
        except SearchIndexError as error:
            number = log_inside(error, "GET", "/health")
            reason = f"the index can't be used now; the log says why (request {number})"
            response = json_response({"status": "unavailable", "reason": reason}, 503)
            response.headers["Retry-After"] = RETRY_AWAY
            return response


def _describe_results(params: search_params.SearchParams, results: Results) -> dict[str, Any]:
    return {
        "total": results.total,
        "articles": results.articles,
        "page": params.page,
        "size": params.size,
        "facets": {field: _counts(values) for field, values in results.facets.items()},
        "hits": results.hits,
    } | ({"histogram": results.histogram} if results.histogram else {})


def _describe_story(view: StoryView) -> dict[str, Any]:
    names = {field: _counts(values) for field, values in view.names.items()}
    return msgspec.structs.asdict(view) | {"outlets": _counts(view.outlets), "names": names}


def _counts(values: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"value": value, "count": count} for value, count in values]


def _unknown(kind: str, name: str) -> NoReturn:
    """Answer that nothing has this name.

    Raises:
        HTTPException: 404, always.
    """
    raise HTTPException(404, f"there is no {kind} {name[:200]!r} here")
