"""Check the API key; every endpoint that changes something does so first."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from fastapi import Request
from starlette.exceptions import HTTPException


def require_api_key(api_key: str | None) -> Callable[[Request], None]:
    """Return the check that writing endpoints name as ``Depends(require_api_key(api_key))``.

    A request says the key as ``Authorization: Bearer KEY`` or ``X-API-Key: KEY``. The check raises HTTPException: 401
    for a missing or wrong key, 403 where the server has none, so that nobody can write.
    """

    def check(request: Request) -> None:
        if not api_key:
            raise HTTPException(403, "nothing can be written here: set NEWSWIRE_API_KEY and start the server again")
        given = _sent_key(request)
        # digests of equal length: how long the comparison takes says nothing about the key
        if given is None or not hmac.compare_digest(_digest(given), _digest(api_key)):
            remedy = "send the API key as 'Authorization: Bearer KEY'"
            reason = f"no API key; {remedy}" if given is None else f"the API key is wrong; {remedy}"
            raise HTTPException(401, reason, headers={"WWW-Authenticate": "Bearer"})

    return check


def _sent_key(request: Request) -> str | None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else request.headers.get("X-API-Key")


def _digest(key: str) -> bytes:
    return hmac.digest(b"newswire", key.encode(), "sha256")
