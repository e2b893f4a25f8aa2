"""Serve ``POST /ingest``, by which publishers' own systems hand in articles; it needs the API key."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import Depends, FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from pipeline.access_scopes import AccessScope
from pipeline.context import Context
from pipeline.errors import ItemError
from pipeline.foreign_json import decode_foreign
from pipeline.intake.submissions import SUBMITTED_FIELDS, submit_article
from pipeline.records import Reason, to_json
from pipeline.web.api_description import PROBLEM, describe_answer
from pipeline.web.auth import require_scope
from pipeline.web.http import read_body

# Enough for a wire agency's minute; who has more sends more requests.
_MAX_ARTICLES = 500
_STATUS = {
    Reason.TAKEN_DOWN: HTTPStatus.GONE,
    Reason.WITHDRAWN: HTTPStatus.GONE,
    Reason.BUSY: HTTPStatus.CONFLICT,
    Reason.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}
_RETRY_AFTER = {"Retry-After": "60"}  # seconds


class IngestedArticle(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of an article that was sent: its id and whether it is new, or why it can't be taken in."""

    code: int | None = None
    id: str | None = None
    status: str | None = None
    error: str | None = None


class IngestAnswer(IngestedArticle, frozen=True, kw_only=True, omit_defaults=True):
    """The same of one article; of several ``items``, in their order."""

    items: tuple[IngestedArticle, ...] | None = None


def add_ingest_routes(app: FastAPI, context: Context) -> None:
    """Add the endpoint to ``app``; it writes to the ledger of ``context``, and the next run does the rest."""
    key = [Depends(require_scope(AccessScope.INGEST))]

    @app.post("/ingest", dependencies=key, openapi_extra=_describe_articles())
    async def ingest(request: Request) -> Response:
        """Take in one article (a JSON object) or several (an array), each whole or as the address of its page.

        Answers 202 with the id of each, which /api/explain knows; what can't be taken in is named beside them. Where
        nothing can be, the status says why: 409, 410, 413, 422.
        """
        sent = _parse_body(await read_body(request, context.settings.extract.max_bytes))
        answers = await run_in_threadpool(ingest_articles, context, sent if isinstance(sent, list) else [sent])
        worst = min((answer["code"] for answer in answers), default=HTTPStatus.ACCEPTED)
        headers = _RETRY_AFTER if any(a["code"] == HTTPStatus.CONFLICT for a in answers) else None
        body = {"items": answers} if isinstance(sent, list) else answers[0]
        return Response(to_json(body), worst, headers, media_type="application/json")


def _describe_articles() -> dict[str, Any]:
    """Return what the description of the API says of the body: an article, or several."""
    properties = {name: {} for name in sorted(SUBMITTED_FIELDS)} | {"url": _ADDRESS, "text": _TEXT, "title": _TEXT}
    one = {"type": "object", "properties": properties, "additionalProperties": False}
    one["anyOf"] = [{"required": ["text"]}, {"required": ["url"]}]
    several = {"type": "array", "items": one, "minItems": 1, "maxItems": _MAX_ARTICLES}
    body = {"required": True, "content": {"application/json": {"schema": {"oneOf": [one, several]}}}}
    described = describe_answer(IngestAnswer, status=HTTPStatus.ACCEPTED, requestBody=body)
    accepted = described["responses"][str(int(HTTPStatus.ACCEPTED))]
    for status in sorted({*_STATUS.values(), HTTPStatus.UNPROCESSABLE_ENTITY}):
        problem = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        refused = {"description": "nothing was taken in", "content": accepted["content"] | problem}
        described["responses"][str(int(status))] = refused
    return described


_ADDRESS = {"type": "string", "format": "uri", "pattern": "^https?://"}
_TEXT = {"type": "string", "minLength": 1}


def ingest_articles(context: Context, sent: Sequence[Any]) -> list[dict[str, Any]]:
    """Take in the articles ``sent``, in one transaction; return what to answer for each, in their order."""
    answers: list[dict[str, Any]] = []
    with context.store.write() as connection:
        for submitted in sent:
            try:
                done = submit_article(context, connection, submitted)
                answers.append({"id": done.id, "status": done.status, "code": int(HTTPStatus.ACCEPTED)})
            except ItemError as error:
                code = _STATUS.get(error.reason, HTTPStatus.UNPROCESSABLE_ENTITY)
                answers.append({"error": str(error), "code": int(code)})
    return answers


def _parse_body(body: bytes) -> Any:
    """Return the article or the articles of a body.

    Raises:
        HTTPException: 400, it is neither, or there are too many.
    """
    try:
        sent = decode_foreign(body)
    except ValueError as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"the body is not JSON: {error}") from error
    if not isinstance(sent, dict | list):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "send an article as a JSON object, or an array of them")
    if isinstance(sent, list) and not 0 < len(sent) <= _MAX_ARTICLES:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"send 1 to {_MAX_ARTICLES} articles at a time, not {len(sent)}")
    return sent
