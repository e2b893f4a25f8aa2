"""Put the web application together: the JSON interface, the pages, and what goes with every answer.

All that it serves is read-only, but for the endpoints that need the API key and the callbacks of hubs.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any, NoReturn

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from pipeline.context import Context, open_context
from pipeline.editorial.explain import explain_name
from pipeline.errors import BusyError, NewswireError, SearchIndexError, StoreError, UnknownError, UsageError
from pipeline.index import Index, Results
from pipeline.web import pages, search_params
from pipeline.web.decisions import add_decision_routes
from pipeline.web.editorial import add_editorial_routes
from pipeline.web.http import json_response
from pipeline.web.ingest import add_ingest_routes
from pipeline.web.story_view import StoryView, load_story
from pipeline.web.websub import add_websub_routes

_log = logging.getLogger(__name__)

# Nothing is loaded from elsewhere and no script runs, whatever an article may hold.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
# Programs use these paths: they get errors as JSON.
_FOR_SERVICES = ("/api/", "/health", "/ingest", "/websub/")
_RETRY_AFTER = "10"  # seconds; most batches take less
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


def create_app(context: Context, lifespan: Callable[[FastAPI], Any] | None = None) -> FastAPI:
    """Return the application that serves the index and the ledger of ``context``.

    ``lifespan`` is an asynchronous context manager in which the application runs, see FastAPI.
    """
    app = create_search_app(context.index, lifespan)

    @app.get("/api/explain")
    def explain(address: str) -> Response:
        """Why an address is, or is not, in the index."""
        return json_response(explain_name(context, address) or _unknown("address", address))

    add_editorial_routes(app, context)
    add_decision_routes(app, context)
    add_ingest_routes(app, context)
    add_websub_routes(app, context)
    return app


def create_search_app(index: Index, lifespan: Callable[[FastAPI], Any] | None = None) -> FastAPI:
    """Return the application that serves ``index`` alone, which needs no ledger and is read-only."""
    app = FastAPI(title="newswire", docs_url=None, redoc_url=None, lifespan=lifespan)
    _add_search_routes(app, index)
    pages.add_page_routes(app, index)
    app.add_exception_handler(NewswireError, _error_response)
    app.add_exception_handler(HTTPException, _error_response)
    app.add_exception_handler(RequestValidationError, _error_response)
    app.add_exception_handler(Exception, _error_response)

    @app.middleware("http")
    async def _headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await answer(request)
        response.headers.update(_HEADERS)
        return response

    return app


def _add_search_routes(app: FastAPI, index: Index) -> None:
    @app.get("/api/search")
    def search(request: Request) -> Response:
        """Search: q, any field as a filter, facets, sort, page, size, copies, since, until."""
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
            return json_response({"status": "unavailable", "reason": str(error)}, 503)


def _describe_results(params: search_params.SearchParams, results: Results) -> dict[str, Any]:
    return {
        "total": results.total,
        "articles": results.articles,
        "page": params.page,
        "size": params.size,
        "facets": {field: _counts(values) for field, values in results.facets.items()},
        "hits": results.hits,
    }


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


def _error_response(request: Request, error: Exception) -> Response:
    """Return what went wrong: as JSON for a service, as a page for a person."""
    status, reason = _status_and_reason(error)
    if request.url.path.startswith(_FOR_SERVICES):
        response = json_response({"error": reason}, status)
        response.headers.update(_error_headers(error))
        return response
    return pages.render_message(request, status, reason)


def _status_and_reason(error: Exception) -> tuple[int, str]:
    if isinstance(error, HTTPException):
        return error.status_code, error.detail
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        return 422, f"{first['loc'][-1]}: {first['msg'][:1].lower()}{first['msg'][1:]}"
    if isinstance(error, UsageError):
        return 404 if isinstance(error, UnknownError) else 400, str(error)
    if isinstance(error, SearchIndexError | StoreError):
        return 503, str(error)
    if isinstance(error, NewswireError):  # of what is not foreseen the server logs the traceback
        _log.error("%s", error)
    return 500, "newswire failed; its log says why"


def _error_headers(error: Exception) -> Mapping[str, str]:
    """Return the headers that go with an error."""
    if isinstance(error, HTTPException):
        return error.headers or {}
    return {"Retry-After": _RETRY_AFTER} if isinstance(error, BusyError) else {}
