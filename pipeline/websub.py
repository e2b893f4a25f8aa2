"""Do what WebSub (W3C) asks of a subscriber: find a feed's hub, subscribe to it, check its pushes.

Pure: requests are sent by ``intake.websub_subscriber``.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from pipeline.urls import without_credentials

_LINK_HEADER = re.compile(r"""<([^<>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s";,]+))*)""")
_PARAMETER = re.compile(r"""([\w*-]+)\s*=\s*(?:"([^"]*)"|([^\s";,]+))""")
# W3C WebSub 8: sha1 is allowed, and what most hubs still send.
_METHODS = frozenset({"sha1", "sha256", "sha384", "sha512"})


class Hub(NamedTuple):
    """Where to subscribe, and to what: the feed's address as it calls itself."""

    hub: str
    topic: str


def find_hub(url: str, link_headers: Iterable[str], hub: str | None = None, topic: str | None = None) -> Hub | None:
    """Return the hub of a feed, None where it has none.

    Args:
        url: the feed's address, its topic where it gives itself no other.
        link_headers: the Link headers that came with it; a hub that they name comes first.
        hub: the hub that its document names.
        topic: the address that its document gives itself.
    """
    links = _parse_link_headers(link_headers)
    if header_hub := _first_absolute(url, links, "hub"):
        return Hub(header_hub, _first_absolute(url, links, "self") or url)
    document_hub = _absolute(url, hub)
    return Hub(document_hub, _absolute(url, topic) or url) if document_hub else None


def is_signed(secret: str, header: str | None, body: bytes) -> bool:
    """Tell whether an X-Hub-Signature header shows that the sender of ``body`` knows ``secret``."""
    method, mark, signature = (header or "").strip().partition("=")
    if not mark or method.lower() not in _METHODS:
        return False
    expected = hmac.new(secret.encode(), body, method.lower()).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.strip().lower().encode())


def subscription_form(hub: Hub, callback: str, secret: str, lease_seconds: int) -> Mapping[str, str]:
    """Return the form that asks a hub to push to ``callback``."""
    return {
        "hub.mode": "subscribe",
        "hub.topic": hub.topic,
        "hub.callback": callback,
        "hub.lease_seconds": str(lease_seconds),
        "hub.secret": secret,
    }


def _parse_link_headers(values: Iterable[str]) -> list[tuple[str, str]]:
    """Return relation and target of each link in the headers (RFC 8288)."""
    links = []
    for value in values:
        for target, parameters in _LINK_HEADER.findall(value):
            attributes = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(parameters)}
            links += [(relation, target.strip()) for relation in attributes.get("rel", "").lower().split()]
    return links


def _first_absolute(url: str, links: Iterable[tuple[str, str]], relation: str) -> str | None:
    return next((full for rel, link in links if rel == relation and (full := _absolute(url, link))), None)


def _absolute(url: str, link: str | None) -> str | None:
    try:
        full = urljoin(url, link) if link else ""
        parts = urlsplit(full)
    except ValueError:
        return None
    return without_credentials(full) if parts.scheme in {"http", "https"} and parts.hostname else None
