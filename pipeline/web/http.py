"""Read requests' bodies without trusting their senders, and answer with JSON.

What is too large is refused before all of it is read.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from http import HTTPStatus
from typing import Annotated, Any, NoReturn

import msgspec
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from pipeline.errors import UsageError
from pipeline.foreign_json import decode_foreign
from pipeline.records import to_json

HEAD_ALONE = "newswire.head"  # in the scope of a request by HEAD, which is answered as GET is, without the body

# what editors write in a decision
_NO_CONTROLS = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"  # PostgreSQL keeps no NUL, and nobody sees the others
EditorText = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=_NO_CONTROLS)]
DecisionNote = Annotated[str, msgspec.Meta(max_length=2000, pattern=_NO_CONTROLS)]
ArticleName = Annotated[str, msgspec.Meta(min_length=1, max_length=2000, pattern=_NO_CONTROLS)]  # an id or address
_LARGEST_DECISION = 1 << 20  # bytes: a thousand addresses
_LONGEST_LENGTH = 15  # digits of a Content-Length that is read as a number


def stream_response(
    request: Request,
    parts: AsyncIterable[bytes] | Iterable[bytes],
    media_type: str,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an answer whose parts are made as they are sent; to HEAD none is made."""
    if request.scope.get(HEAD_ALONE):
        return Response(media_type=media_type, headers=headers)
    return StreamingResponse(parts, media_type=media_type, headers=headers)


def unknown(kind: str, name: str) -> NoReturn:
    """Answer that nothing has this name.

    Raises:
        HTTPException: 404, always.
    """
    raise HTTPException(404, f"there is no {kind} {name[:200]!r} here")


def json_response(content: object, status: int = 200) -> Response:
    """Return records or plain values as JSON."""
    return Response(to_json(content), status, media_type="application/json")


async def read_body(request: Request, limit: int) -> bytes:
    """Return a request's body.

    Raises:
        HTTPException: 413, it is larger than ``limit`` bytes, or says that it will be; 400, it ended too early.
    """
    too_large = HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {limit:,} bytes; send less at a time")
    announced = request.headers.get("Content-Length", "")
    if announced.isdecimal() and (len(announced) > _LONGEST_LENGTH or int(announced) > limit):
        raise too_large
    parts, size = list[bytes](), 0
    try:
        async for part in request.stream():
            parts.append(part)
            size += len(part)
            if size > limit:
                raise too_large
    except ClientDisconnect as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the request ended before its body was whole") from error
    return b"".join(parts)


async def read_decision(request: Request, kind: Any, default: Any = None) -> Any:
    """Return an editor's decision, a struct of the type ``kind``; ``default``, where there is one, for an empty body.

    Raises:
        UsageError: It is none; the message says what is wrong with it.
    """
    body = await read_body(request, _LARGEST_DECISION)
    if default is not None and not body.strip():
        return default
    try:
        return decode_foreign(body, kind)
    except ValueError as error:
        raise UsageError(f"a decision can't be read: {error}") from error
