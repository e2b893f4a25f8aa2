"""Read the response headers that matter here; nonsense reads as unknown. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from email.message import Message
from email.utils import parsedate_to_datetime

_NOT_IN_ADDRESS = re.compile(rb"[^!-~]")
_SCHEME = re.compile(rb"(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?")
_SECONDS = re.compile(r"\s*(\d{1,10})\s*")
_MAX_AGE = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)


def parse_content_type(content_type: str | None) -> tuple[str | None, str | None]:
    """Return media type and charset of a Content-Type header, both in lower case."""
    if not content_type:
        return None, None
    message = Message()
    message["Content-Type"] = " ".join(content_type.split())
    kind = content_type.partition(";")[0].strip().lower() or None
    charset = message.get_param("charset")
    return kind, charset.strip(" '\"").lower() or None if isinstance(charset, str) else None


def location_text(value: str) -> str:
    """Return the address in a Location header, as its server meant it.

    Bytes that aren't ASCII are percent-encoded as they were sent (RFC 9110 10.2.2 allows none), in a host's name they
    are read as UTF-8. White space inside the address goes, but spaces (URL standard, 4.4).
    """
    raw = value.encode("utf-8", "surrogateescape").strip().translate(None, b"\t\r\n")
    begin, slashes, rest = raw.partition(b"//")
    if slashes and _SCHEME.fullmatch(begin):
        end = next((at for at, byte in enumerate(rest) if byte in b"/?#"), len(rest))
        host = rest[:end].decode("utf-8", "replace")
        return f"{begin.decode('ascii')}//{host}{_percent_encoded(rest[end:])}"
    return _percent_encoded(raw)


def _percent_encoded(raw: bytes) -> str:
    return _NOT_IN_ADDRESS.sub(lambda match: b"%%%02X" % match[0][0], raw).decode("ascii")


def retry_after_seconds(value: str | None, now: dt.datetime) -> float | None:
    """Return the seconds that a Retry-After header (seconds or a date; RFC 9110 10.2.3) asks to wait."""
    if not value:
        return None
    if number := _SECONDS.fullmatch(value):
        return float(number[1])
    when = _http_date(value)
    return max(0.0, (when - now).total_seconds()) if when else None


def freshness_seconds(headers: Mapping[str, str], now: dt.datetime) -> float | None:
    """Return for how many seconds a response says that it stays fresh (Cache-Control before Expires; RFC 9111)."""
    control = headers.get("Cache-Control", "")
    if re.search(r"\bno-(?:cache|store)\b", control, re.IGNORECASE):
        return None
    if age := _MAX_AGE.search(control):
        return float(age[1])
    expires = _http_date(headers.get("Expires", ""))
    if not expires:
        return None
    sent = _http_date(headers.get("Date", "")) or now
    return max(0.0, (expires - sent).total_seconds())


def _http_date(value: str) -> dt.datetime | None:
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=dt.UTC)
