"""Turn errors into answers: JSON for a service, a page for a person.

What concerns the inside (addresses of servers, paths, faults of ours) goes into the log alone, under the number of the
request that the answer names.
"""

from __future__ import annotations

import errno
import logging
import secrets
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import NamedTuple

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route

from pipeline.errors import (
    ArchiveError,
    BusyError,
    ExpiredError,
    NewswireError,
    SearchIndexError,
    StoreError,
    UnknownError,
    UsageError,
)
from pipeline.records import to_json
from pipeline.web import pages
from pipeline.web.api_description import PROBLEM, Problem
from pipeline.web.api_versions import PREFIX
from pipeline.web.http import json_response

_log = logging.getLogger(__name__)

# Programs use these paths: they get errors as JSON.
_FOR_SERVICES = ("/api/", "/health", "/ingest", "/websub/", "/openapi.json")
NEVER_BY_HEAD = "/websub/"  # a GET there changes something
# Seconds; most batches, and most restarts of a server, take less.
_RETRY_BUSY, RETRY_AWAY = "10", "30"
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE})


class ErrorAnswer(NamedTuple):
    """How an error is answered: status, one line that says why, headers, and whether only the log says it whole."""

    status: int
    reason: str
    headers: Mapping[str, str] = {}
    is_inside: bool = False


def add_error_handlers(app: FastAPI) -> None:
    """Let ``app`` answer each error that is foreseen in one way."""
    for kind in (NewswireError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, error_response)


def describe_error(error: Exception) -> ErrorAnswer:
    """Return how an error is answered."""
    if isinstance(error, HTTPException):
        return ErrorAnswer(error.status_code, error.detail, error.headers or {})
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        return ErrorAnswer(422, f"{first['loc'][-1]}: {first['msg'][:1].lower()}{first['msg'][1:]}")
    if isinstance(error, UsageError):
        status = 404 if isinstance(error, UnknownError) else 410 if isinstance(error, ExpiredError) else 400
        return ErrorAnswer(status, str(error))
    return _describe_failure(error)


def _describe_failure(error: Exception) -> ErrorAnswer:
    """Return how an error that is not the sender's is answered."""
    if isinstance(error, BusyError):
        return ErrorAnswer(503, str(error), {"Retry-After": _RETRY_BUSY})
    for kind, name in ((SearchIndexError, "index"), (StoreError, "ledger"), (ArchiveError, "archive")):
        if isinstance(error, kind):
            return _unavailable(f"the {name} can't be used now; try again later")
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return _unavailable("the server has no room now; try again later")
    return ErrorAnswer(500, "newswire failed; its log says why", is_inside=True)


def _unavailable(reason: str) -> ErrorAnswer:
    return ErrorAnswer(503, reason, {"Retry-After": RETRY_AWAY}, is_inside=True)


def allowed_methods(routes: Iterable[object], path: str) -> list[str]:
    """Return by which methods a path can be asked for; of two routes that fit, the one without parameters counts."""
    fitting = [route for route in routes if isinstance(route, Route) and route.path_regex.match(path)]
    exact = [route for route in fitting if not route.param_convertors] or fitting
    methods = {method for route in exact for method in route.methods or ()}
    if "GET" in methods and not path.startswith(NEVER_BY_HEAD):
        methods.add("HEAD")
    return sorted(methods)


def log_inside(error: Exception, method: str, path: str) -> str:
    """Log an error that an answer doesn't tell; return the number under which the log has it."""
    number = secrets.token_hex(4)
    trace = None if isinstance(error, NewswireError) else error
    _log.error("request %s, %s %s: %s", number, method, path[:200], error or type(error).__name__, exc_info=trace)
    return number


def error_response(request: Request, error: Exception) -> Response:
    """Return what went wrong: as JSON for a service, as a page for a person."""
    failure = describe_error(error)
    headers, reason = dict(failure.headers), failure.reason
    if failure.status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(allowed_methods(request.app.routes, request.url.path))
        if request.method == "OPTIONS":
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)
    number = log_inside(error, request.method, request.url.path) if failure.is_inside else None
    path = request.url.path
    if path.startswith(f"{PREFIX}/"):
        title = HTTPStatus(failure.status).phrase
        problem = Problem(title=title, status=failure.status, detail=reason, request=number or msgspec.UNSET)
        response = Response(to_json(problem), failure.status, media_type=PROBLEM)
    elif path.startswith(_FOR_SERVICES):
        response = json_response({"error": _numbered(reason, number)}, failure.status)
    else:
        response = pages.render_message(request, failure.status, _numbered(reason, number))
    response.headers.update(headers)
    return response


def _numbered(reason: str, number: str | None) -> str:
    """Return the reason with the number under which the log has it."""
    return reason if number is None else f"{reason} (request {number})"
