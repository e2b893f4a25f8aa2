"""Sign what a webhook gets as Standard Webhooks (standardwebhooks.com) says, and check such a signature. Pure.

The receiver so knows who sent it, that nothing was changed, and that it isn't an old one that somebody sends again.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hmac
from collections.abc import Mapping

_PREFIX = "whsec_"  # before a key in base64
_TOLERANCE = dt.timedelta(minutes=5)  # between the clocks of sender and receiver, as the standard recommends


def sign_body(key: str, message_id: str, body: bytes, now: dt.datetime) -> dict[str, str]:
    """Return the headers that go with a body that is sent at ``now``.

    Raises:
        ValueError: The key begins with ``whsec_`` and is not base64.
    """
    stamp = str(int(now.timestamp()))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{_signature(key, message_id, stamp, body)}",
    }


def is_body_signed(key: str, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> bool:
    """Tell whether a body that came at ``now`` was sent lately by who knows ``key``; header names are in lower case."""
    stamp = headers.get("webhook-timestamp", "")
    if not stamp.isascii() or not stamp.isdigit() or abs(int(stamp) - now.timestamp()) > _TOLERANCE.total_seconds():
        return False
    expected = _signature(key, headers.get("webhook-id", ""), stamp, body).encode()
    given = [part.partition(",") for part in headers.get("webhook-signature", "").split()]
    return any(version == "v1" and hmac.compare_digest(expected, text.encode()) for version, _, text in given)


def _signature(key: str, message_id: str, stamp: str, body: bytes) -> str:
    signed = f"{message_id}.{stamp}.".encode() + body
    return base64.b64encode(hmac.digest(_key_bytes(key), signed, "sha256")).decode()


def _key_bytes(key: str) -> bytes:
    """Return the bytes of a key.

    Raises:
        ValueError: It begins with ``whsec_`` and is not base64.
    """
    if not key.startswith(_PREFIX):
        return key.encode()
    try:
        return base64.b64decode(key.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError(f"what follows {_PREFIX} is not base64") from error
