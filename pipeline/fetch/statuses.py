"""Map an HTTP status to what it means for the item. Pure."""

from __future__ import annotations

import datetime as dt
import re

from pipeline.errors import ItemError
from pipeline.fetch.headers import retry_after_seconds
from pipeline.records import Outcome, Reason

_MEANING = {
    400: (Outcome.DROPPED, Reason.NOT_FOUND),
    401: (Outcome.DROPPED, Reason.FORBIDDEN),
    402: (Outcome.DROPPED, Reason.FORBIDDEN),
    403: (Outcome.DROPPED, Reason.FORBIDDEN),
    404: (Outcome.DROPPED, Reason.NOT_FOUND),
    408: (Outcome.RETRY, Reason.SERVER_ERROR),
    410: (Outcome.DROPPED, Reason.GONE),
    425: (Outcome.RETRY, Reason.SERVER_ERROR),
    429: (Outcome.RETRY, Reason.TOO_MANY_REQUESTS),
    451: (Outcome.DROPPED, Reason.FORBIDDEN),
}
_SUCCESS = range(200, 300)
_REFUSED = range(400, 500)
_DETAIL = re.compile(r"status (\d{3})\b")


def is_failure(status: int) -> bool:
    """Tell whether a status says that a request failed: by the client's fault or the server's."""
    return status >= _REFUSED.start


def stated_status(detail: str | None) -> int | None:
    """Return the status that the detail of an outcome states, as ``status_error`` wrote it; None where it has none."""
    match = _DETAIL.match(detail or "")
    return int(match[1]) if match else None


def status_error(status: int, retry: str | None, now: dt.datetime) -> ItemError | None:
    """Return why a response with ``status`` is not the item, None where it is.

    ``retry`` is its Retry-After header. Other 4xx are as good as not found; all else may pass (5xx, and a redirect
    that names no address).
    """
    if status in _SUCCESS:
        return None
    default = (Outcome.DROPPED, Reason.NOT_FOUND) if status in _REFUSED else (Outcome.RETRY, Reason.SERVER_ERROR)
    outcome, reason = _MEANING.get(status, default)
    wait = retry_after_seconds(retry, now) if outcome is Outcome.RETRY else None
    return ItemError(outcome, reason, f"status {status}", retry_after=wait)
