"""How is the index served? The JSON interface, the pages, and what goes with every answer."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, NoReturn

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from pipeline.errors import BusyError, NewswireError, SearchIndexError, StoreError, UnknownError, UsageError
from pipeline.index import Index, Results
from pipeline.web import pages, search_params
from pipeline.web.answers import json_response
from pipeline.web.story_view import StoryView, load_story

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
# Who asks here is a program: it gets its errors as JSON.
_FOR_SERVICES = ("/api/", "/health", "/ingest", "/websub/")
_SOON = "10"  # seconds after which to ask again; most batches take less


def create_app(
    index: Index,
    explain: Callable[[str], object | None] | None = None,
    more: Iterable[Callable[[FastAPI], None]] = (),
) -> FastAPI:
    """Return the application that serves ``index``, read-only but for what ``more`` adds.

    ``explain`` returns what the ledger knows of an address or id as records or plain values, None where it knows
    nothing; without it /api/explain is not served.
    """
    app = FastAPI(title="newswire", docs_url=None, redoc_url=None)
    _serve_json(app, index, explain)
    pages.add_page_routes(app, index)
    for add in more:
        add(app)
    app.add_exception_handler(NewswireError, _failed)
    app.add_exception_handler(HTTPException, _failed)
    app.add_exception_handler(RequestValidationError, _failed)
    app.add_exception_handler(Exception, _failed)

    @app.middleware("http")
    async def _headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await answer(request)
        response.headers.update(_HEADERS)
        return response

    return app


def _serve_json(app: FastAPI, index: Index, explain: Callable[[str], object | None] | None) -> None:
    @app.get("/api/search")
    def search(request: Request) -> Response:
        """Search: q, any field as a filter, facets, sort, page, size, copies, since, until."""
        wanted = search_params.parse_search_params(request.query_params.multi_items())
        return json_response(_results(wanted, index.search(wanted.to_query())))

    @app.get("/api/articles/{article_id}")
    def article(article_id: str) -> Response:
        """One document."""
        return json_response(index.get(article_id) or _unknown("article", article_id))

    @app.get("/api/stories/{story_id}")
    def one_story(story_id: str) -> Response:
        """One story: its articles, newest first, its outlets and its span of time."""
        return json_response(_story(load_story(index, story_id) or _unknown("story", story_id)))

    if explain is not None:

        @app.get("/api/explain")
        def explained(address: str) -> Response:
            """Why an address is, or is not, in the index."""
            return json_response(explain(address) or _unknown("address", address))

    @app.get("/health")
    def health() -> Response:
        """Whether the index answers."""
        try:
            return json_response({"status": "ok", "documents": index.count()})
        except SearchIndexError as error:
            return json_response({"status": "unavailable", "reason": str(error)}, 503)


def _results(wanted: search_params.SearchParams, found: Results) -> dict[str, Any]:
    return {
        "total": found.total,
        "articles": found.articles,
        "page": wanted.page,
        "size": wanted.size,
        "facets": {field: _counts(values) for field, values in found.facets.items()},
        "hits": found.hits,
    }


def _story(found: StoryView) -> dict[str, Any]:
    names = {field: _counts(values) for field, values in found.names.items()}
    return msgspec.structs.asdict(found) | {"outlets": _counts(found.outlets), "names": names}


def _counts(values: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"value": value, "count": count} for value, count in values]


def _unknown(kind: str, name: str) -> NoReturn:
    raise HTTPException(404, f"there is no {kind} {name[:200]!r} here")


def _failed(request: Request, error: Exception) -> Response:
    """Say what went wrong: as JSON to a service, as a page to a person."""
    status, reason = _status(error)
    if request.url.path.startswith(_FOR_SERVICES):
        response = json_response({"error": reason}, status)
        response.headers.update(_more(error))
        return response
    return pages.render_message(request, status, reason)


def _status(error: Exception) -> tuple[int, str]:
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


def _more(error: Exception) -> Mapping[str, str]:
    """Return the headers that go with an error."""
    if isinstance(error, HTTPException):
        return error.headers or {}
    return {"Retry-After": _SOON} if isinstance(error, BusyError) else {}
