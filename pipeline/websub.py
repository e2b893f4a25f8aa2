"""How does a feed push what is new? WebSub (W3C): which hub it names, and whether a push comes from it. Pure."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from html import unescape
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

# Feeds name their hub in their head; what stands in an item's content is not theirs.
_HEAD_BYTES = 16 * 1024
_LINK_ELEMENT = re.compile(rb"<(?:[A-Za-z][\w.-]*:)?link\b([^<>]{1,2000})>", re.IGNORECASE)
_FIRST_ITEM = re.compile(rb"<(?:[\w.-]+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_LINK_HEADER = re.compile(r"""<([^<>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s";,]+))*)""")
_PARAMETER = re.compile(r"""([\w*-]+)\s*=\s*(?:"([^"]*)"|([^\s";,]+))""")
# W3C WebSub 8: sha1 is allowed, and what most hubs still send.
_METHODS = frozenset({"sha1", "sha256", "sha384", "sha512"})


class Hub(NamedTuple):
    """Where to subscribe, and to what: the feed's address as it calls itself."""

    hub: str
    topic: str


def find_hub(url: str, link_headers: Iterable[str], body: bytes) -> Hub | None:
    """Return the hub that a feed at ``url`` names in its Link headers or, else, in itself; None where it has none."""
    for links in (_of_headers(link_headers), _of_feed(body)):
        hub = next((full for rel, link in links if rel == "hub" and (full := _absolute(url, link))), None)
        if hub:
            topic = next((full for rel, link in links if rel == "self" and (full := _absolute(url, link))), url)
            return Hub(hub, topic)
    return None


def is_signed(secret: str, header: str | None, body: bytes) -> bool:
    """Whether an X-Hub-Signature header shows that ``body`` comes from who knows ``secret``."""
    method, mark, given = (header or "").strip().partition("=")
    if not mark or method.lower() not in _METHODS:
        return False
    expected = hmac.new(secret.encode(), body, method.lower()).hexdigest()
    return hmac.compare_digest(expected.encode(), given.strip().lower().encode())


def subscription_form(hub: Hub, callback: str, secret: str, lease_seconds: int) -> Mapping[str, str]:
    """Return the form that asks a hub to push to ``callback``."""
    return {
        "hub.mode": "subscribe",
        "hub.topic": hub.topic,
        "hub.callback": callback,
        "hub.lease_seconds": str(lease_seconds),
        "hub.secret": secret,
    }


def _of_headers(values: Iterable[str]) -> list[tuple[str, str]]:
    links = []
    for value in values:
        for target, parameters in _LINK_HEADER.findall(value):
            named = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(parameters)}
            links += [(rel, target.strip()) for rel in named.get("rel", "").lower().split()]
    return links


def _of_feed(body: bytes) -> list[tuple[str, str]]:
    head = body[:_HEAD_BYTES]
    first = _FIRST_ITEM.search(head)
    links = []
    for match in _LINK_ELEMENT.finditer(head, 0, first.start() if first else len(head)):
        found = _ATTRIBUTE.findall(match[1].decode("utf-8", "replace"))
        named = {name.lower(): unescape(one or other) for name, one, other in found}
        links += [(rel, named.get("href", "").strip()) for rel in named.get("rel", "").lower().split()]
    return links


def _absolute(url: str, link: str) -> str | None:
    try:
        full = urljoin(url, link) if link else ""
        parts = urlsplit(full)
    except ValueError:
        return None
    return full if parts.scheme in {"http", "https"} and parts.hostname else None
