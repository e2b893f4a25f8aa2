"""The errors of the client, as one tree.

NewswireClientError
├── ConnectionFailedError      the server can't be reached, or what it sends is no answer of newswire's
└── ApiError                   the server refuses; carries the status and the reason
    ├── AccessError            401, 403: it needs a key, or another one
    ├── NotFoundError          404
    ├── CursorExpiredError     410: begin again without a cursor
    └── UnavailableError       429, 503: later it may
"""

from __future__ import annotations

import json

import httpx


class NewswireClientError(Exception):
    """Something that a caller can understand and handle."""


class ConnectionFailedError(NewswireClientError):
    """The server can't be reached, or what it sends is no answer of newswire's."""


class ApiError(NewswireClientError):
    """The server refuses.

    Args:
        status: of HTTP.
        detail: one line that says why.
        retry_after: seconds after which it may be asked again, where it said so.
    """

    def __init__(self, status: int, detail: str, retry_after: float | None = None) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail
        self.retry_after = retry_after


class AccessError(ApiError):
    """It needs a key, or another one."""


class NotFoundError(ApiError):
    """There is no such thing."""


class CursorExpiredError(ApiError):
    """The index or ledger was made anew since the cursor was given: begin again without one."""


class UnavailableError(ApiError):
    """It can't be done now; later it may."""


_BY_STATUS = {401: AccessError, 403: AccessError, 404: NotFoundError, 410: CursorExpiredError,
              429: UnavailableError, 503: UnavailableError}  # fmt: skip


def error_of(response: httpx.Response) -> ApiError:
    """Return the error that an answer says; its body has been read."""
    kind = _BY_STATUS.get(response.status_code, ApiError)
    return kind(response.status_code, _detail(response), _retry_after(response))


def _detail(response: httpx.Response) -> str:
    """Return the reason: of problem details (RFC 9457), of newswire's former form, else that of the status."""
    try:
        body = json.loads(response.content)
    except ValueError:
        body = None
    if isinstance(body, dict):
        for name in ("detail", "error", "title"):
            if isinstance(body.get(name), str):
                return str(body[name])
    return response.reason_phrase or "no reason was given"


def _retry_after(response: httpx.Response) -> float | None:
    seconds = response.headers.get("Retry-After", "")
    return float(seconds) if seconds.isascii() and seconds.isdigit() else None
