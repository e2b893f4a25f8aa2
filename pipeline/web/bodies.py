"""How is the body of a request read without trusting its sender?"""

from __future__ import annotations

from http import HTTPStatus

from fastapi import Request
from starlette.exceptions import HTTPException


async def read_body(request: Request, limit: int) -> bytes:
    """Return a request's body; raises HTTPException 413 where it is larger than ``limit`` bytes."""
    parts, size = list[bytes](), 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > limit:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {limit:,} bytes; send less at a time")
    return b"".join(parts)
