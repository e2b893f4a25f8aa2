"""Put the web application together: the JSON interface, the pages, and what goes with every answer.

All that it serves is read-only, but for the endpoints that need the API key and the callbacks of hubs.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import AsyncIterator, Callable, Collection
from typing import Any

import msgspec
from fastapi import Depends, FastAPI, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware

from pipeline.context import Context, open_context
from pipeline.editorial.corrections import find_outdated
from pipeline.editorial.explain import Explanation, explain_name, without_texts
from pipeline.errors import SearchIndexError, StoreError
from pipeline.index import Index
from pipeline.settings import ServeSettings
from pipeline.web import pages, search_params
from pipeline.web.answers import Answers
from pipeline.web.api_description import describe_answer, describe_api
from pipeline.web.api_versions import add_version_one
from pipeline.web.auth import Access, check_reading
from pipeline.web.changes import add_change_routes
from pipeline.web.conditional import ConditionalAnswers
from pipeline.web.copy_pages import FindOutdated, Outdated, add_copy_pages, know_nothing
from pipeline.web.decisions import add_decision_routes
from pipeline.web.editor_pages import add_editor_pages
from pipeline.web.editorial import add_editorial_routes
from pipeline.web.export import add_export_routes
from pipeline.web.failures import RETRY_AWAY, add_error_handlers, log_inside
from pipeline.web.http import json_response, unknown
from pipeline.web.ingest import add_ingest_routes
from pipeline.web.operations import add_operation_routes
from pipeline.web.rate_limits import RateLimits
from pipeline.web.reader_language import ReaderLanguage
from pipeline.web.reader_names import ReaderNames
from pipeline.web.reader_pages import add_reader_pages
from pipeline.web.replays import add_replay_routes
from pipeline.web.request_checks import RequestChecks
from pipeline.web.saved_search_pages import add_saved_search_pages
from pipeline.web.saved_searches import add_saved_search_routes
from pipeline.web.search import add_search_routes
from pipeline.web.search_pages import add_search_pages
from pipeline.web.websub import add_websub_routes

_log = logging.getLogger(__name__)

_DEFAULTS = ServeSettings()
_SMALLEST_PACKED = 1000  # bytes of an answer: less is sent in one packet anyhow
_PACKED_AT = 5  # of gzip's levels: text gets a few hundredths smaller at 9, and takes three times as long
_PREFLIGHT_SECONDS = 3600  # for which a browser needn't ask again whether it may


class HealthAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether the index answers, and how many documents it has."""

    status: str
    documents: int | None = None
    reason: str | None = None


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
    serve = serve or context.settings.serve
    names = ReaderNames(context.config)
    outdated = functools.partial(_find_outdated, context)
    app = create_search_app(context.index, lifespan, serve=serve, outdated=outdated, names=names)
    app.state.access = Access(context, serve)

    @app.get("/api/explain", openapi_extra=describe_answer(Explanation))
    def explain(address: str) -> Response:
        """Why an address is, or is not, in the index."""
        explanation = explain_name(context, address) or unknown("address", address)
        return json_response(without_texts(explanation) if explanation.is_hidden else explanation)

    add_reader_pages(app, context)
    desk = add_editor_pages(app, context, serve)
    add_operation_routes(app, context)
    add_editorial_routes(app, context, names)
    add_replay_routes(app, context)
    add_decision_routes(app, context)
    add_ingest_routes(app, context)
    add_saved_search_routes(app, context)  # its feeds before the pages, whose paths take any name
    add_saved_search_pages(app, desk)
    add_websub_routes(app, context)
    add_change_routes(app, context)
    add_version_one(app)
    return app


def _find_outdated(context: Context, groups: Collection[str]) -> Outdated:
    """Return the copies that still say what was corrected; none where the ledger can't be read: searches go on."""
    try:
        return find_outdated(context, groups) if groups else {}
    except StoreError as error:
        _log.warning("copies are shown without their corrections: %s", error)
        return {}


def create_search_app(
    index: Index,
    lifespan: Callable[[FastAPI], Any] | None = None,
    *,
    serve: ServeSettings = _DEFAULTS,
    outdated: FindOutdated = know_nothing,
    names: ReaderNames | None = None,
) -> FastAPI:
    """Return the application that serves ``index`` alone, which needs no ledger and is read-only.

    ``outdated`` finds the copies that still say what was corrected, ``names`` what readers call things.
    """
    names = names or ReaderNames()
    known = [Depends(search_params.refuse_unknown_params), Depends(check_reading)]
    app = FastAPI(title="newswire", docs_url=None, redoc_url=None, lifespan=lifespan, dependencies=known)
    app.openapi = functools.partial(describe_api, app)  # type: ignore[method-assign]
    app.state.access = Access(None, serve)
    add_search_routes(app, index, names)
    _add_health_route(app, index)
    pages.add_page_routes(app, index)
    add_search_pages(app, index, outdated)
    add_copy_pages(app, index, outdated)
    add_export_routes(app, index)
    add_version_one(app)
    add_error_handlers(app)
    app.add_middleware(ReaderLanguage, names=names)
    app.add_middleware(ConditionalAnswers)
    app.add_middleware(GZipMiddleware, minimum_size=_SMALLEST_PACKED, compresslevel=_PACKED_AT)
    app.add_middleware(RateLimits, per_minute=serve.requests_per_minute)
    if serve.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=serve.cors_origins,
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=["Authorization", "X-API-Key", "If-None-Match", "Last-Event-ID"],
            expose_headers=["ETag", "Retry-After"],
            max_age=_PREFLIGHT_SECONDS,
        )
    app.add_middleware(Answers, frame_ancestors=serve.frame_ancestors)
    app.add_middleware(RequestChecks, settings=serve)
    return app


def _add_health_route(app: FastAPI, index: Index) -> None:
    @app.get("/health", openapi_extra=describe_answer(HealthAnswer))
    def health() -> Response:
        """Tell whether the index answers."""
        try:
            return json_response(HealthAnswer(status="ok", documents=index.count()))
        except SearchIndexError as error:
            number = log_inside(error, "GET", "/health")
            reason = f"the index can't be used now; the log says why (request {number})"
            response = json_response(HealthAnswer(status="unavailable", reason=reason), 503)
            response.headers["Retry-After"] = RETRY_AWAY
            return response
