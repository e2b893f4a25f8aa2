"""How is the index served? The JSON interface, the pages, and what goes with every answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NoReturn

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from pipeline.errors import NewswireError, SearchIndexError, UsageError
from pipeline.index import Index, Results
from pipeline.records import to_json
from pipeline.web import asked, pages
from pipeline.web.story import Story, story

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
    pages.serve(app, index)
    for add in more:
        add(app)
    app.add_exception_handler(NewswireError, _failed)
    app.add_exception_handler(HTTPException, _failed)
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
        wanted = asked.read(request.query_params.multi_items())
        return _json(_results(wanted, index.search(wanted.query())))

    @app.get("/api/articles/{article_id}")
    def article(article_id: str) -> Response:
        """One document."""
        return _json(index.get(article_id) or _unknown("article", article_id))

    @app.get("/api/stories/{story_id}")
    def one_story(story_id: str) -> Response:
        """One story: its articles, newest first, its outlets and its span of time."""
        return _json(_story(story(index, story_id) or _unknown("story", story_id)))

    if explain is not None:

        @app.get("/api/explain")
        def explained(address: str) -> Response:
            """Why an address is, or is not, in the index."""
            return _json(explain(address) or _unknown("address", address))

    @app.get("/health")
    def health() -> Response:
        """Whether the index answers."""
        try:
            return _json({"status": "ok", "documents": index.count()})
        except SearchIndexError as error:
            return _json({"status": "unavailable", "reason": str(error)}, 503)


def _results(wanted: asked.Asked, found: Results) -> dict[str, Any]:
    return {
        "total": found.total,
        "articles": found.articles,
        "page": wanted.page,
        "size": wanted.size,
        "facets": {field: _counts(values) for field, values in found.facets.items()},
        "hits": found.hits,
    }


def _story(found: Story) -> dict[str, Any]:
    names = {field: _counts(values) for field, values in found.names.items()}
    return msgspec.structs.asdict(found) | {"outlets": _counts(found.outlets), "names": names}


def _counts(values: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"value": value, "count": count} for value, count in values]


def _unknown(kind: str, name: str) -> NoReturn:
    raise HTTPException(404, f"there is no {kind} {name[:200]!r} here")


def _json(content: object, status: int = 200) -> Response:
    return Response(to_json(content), status, media_type="application/json")


def _failed(request: Request, error: Exception) -> Response:
    """Say what went wrong: as JSON to a service, as a page to a person."""
    status, reason = _status(error)
    if request.url.path.startswith(_FOR_SERVICES):
        response = _json({"error": reason}, status)
        response.headers.update((error.headers or {}) if isinstance(error, HTTPException) else {})
        return response
    return pages.message(request, status, reason)


def _status(error: Exception) -> tuple[int, str]:
    if isinstance(error, HTTPException):
        return error.status_code, error.detail
    if isinstance(error, UsageError):
        return 400, str(error)
    if isinstance(error, SearchIndexError):
        return 503, str(error)
    return 500, "newswire failed; its log says why"
