"""Write cursors that are handed out and taken back: where reading goes on, sealed so that no other one is taken for it.

A cursor names its source (one index, one ledger's feed) and is sealed with the source's secret name (HMAC, RFC 2104).
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import TypeVar

import msgspec

from pipeline.errors import ExpiredError, UsageError

S = TypeVar("S", bound=msgspec.Struct)

_SOURCE_BYTES, _SEAL_BYTES = 4, 12  # of SHA-256: enough to tell sources apart; 96 bits nobody guesses over a network
_LONGEST = 4000  # characters


def write_cursor(place: msgspec.Struct, secret: str) -> str:
    """Return the cursor of ``place`` in the source whose secret name is ``secret``: letters, digits, - and _."""
    body = msgspec.msgpack.encode(msgspec.structs.astuple(place))
    sealed = _mark(secret) + _seal(secret, type(place), body) + body
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def read_cursor(cursor: str, kind: type[S], secret: str) -> S:
    """Return the place that a cursor names.

    Raises:
        UsageError: It is no cursor that was handed out, or one of something else.
        ExpiredError: It was handed out by another source than the one that is here now.
    """
    try:
        sealed = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError) as error:
        raise UsageError(_NO_CURSOR) from error
    head = _SOURCE_BYTES + _SEAL_BYTES
    if len(sealed) <= head or len(cursor) > _LONGEST:
        raise UsageError(_NO_CURSOR)
    if sealed[:_SOURCE_BYTES] != _mark(secret):
        raise ExpiredError("cursor: it is of an index or ledger that isn't here any more; begin again without it")
    body = sealed[head:]
    if not hmac.compare_digest(sealed[_SOURCE_BYTES:head], _seal(secret, kind, body)):
        raise UsageError(_NO_CURSOR)
    return kind(*msgspec.msgpack.decode(body, type=tuple))


_NO_CURSOR = "cursor: it is none that was handed out for this; give it back as it was"


def _mark(secret: str) -> bytes:
    """Return what tells sources apart and gives none of their names away."""
    return hmac.digest(secret.encode(), b"source", "sha256")[:_SOURCE_BYTES]


def _seal(secret: str, kind: type[msgspec.Struct], body: bytes) -> bytes:
    return hmac.digest(secret.encode(), kind.__name__.encode() + b"\0" + body, "sha256")[:_SEAL_BYTES]
