"""Refuse requests that no route should see: those that name a foreign host, and those whose head is too large.

A web site that makes its own name point to this machine (DNS rebinding) could otherwise read, by a visitor's browser,
what is served to this machine alone; its requests name its host. What a proxy adds (X-Forwarded-Host) is not looked at.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.settings import ServeSettings

ANY_HOST = "*"
_LOOPBACK = "localhost"
_MAX_HEADERS = 200  # browsers behind several proxies send some dozens
# A name or address with its port, as RFC 9110, 7.2 has it; an IPv6 address stands in brackets.
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\s\[\]:/?#@\\]+)(?::(?P<port>\d{0,5}))?", re.ASCII)


def known_hosts(settings: ServeSettings) -> frozenset[str]:
    """Return the names under which the server is reached beside those of this machine's loopback.

    ``serve.hosts``, the host of ``serve.public_url``, and the address that it listens on where that is a certain one.
    """
    public = urlsplit(settings.public_url).netloc.rpartition("@")[2] if settings.public_url else ""
    names = {ANY_HOST if name == ANY_HOST else parse_host(name) for name in (*settings.hosts, public)}
    bound = settings.host if ":" not in settings.host else f"[{settings.host}]"
    if not _is_unspecified(settings.host):
        names.add(parse_host(bound))
    return frozenset(filter(None, names))


def parse_host(header: str) -> str | None:
    """Return the name in a Host header: lower-case, without port and last dot, an address in its short form.

    None where the header isn't a host.
    """
    match = _HOST.fullmatch(header.strip())
    if match is None:
        return None
    name = match["name"].lower().removesuffix(".")
    if name.startswith("["):
        try:
            return str(ipaddress.IPv6Address(name.strip("[]")))
        except ValueError:
            return None
    return name or None


def is_known_host(header: str, known: Collection[str]) -> bool:
    """Tell whether a Host header names this machine's loopback or one of the hosts that are ``known``."""
    name = parse_host(header)
    return name is not None and (name in known or ANY_HOST in known or _is_loopback(name))


def _is_loopback(name: str) -> bool:
    if name == _LOOPBACK or name.endswith(f".{_LOOPBACK}"):  # resolvers keep both on this machine (RFC 6761, 6.3)
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_unspecified(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return not host


class RequestChecks:
    """An ASGI application in front of ``app`` that answers, in plain text, what is refused before any route sees it."""

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        self._app = app
        self._known = known_hosts(settings)
        self._max_bytes = settings.max_header_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is refused; hand any other one on."""
        fault = self._find_fault(scope) if scope["type"] == "http" else None
        if fault is None:
            await self._app(scope, receive, send)
            return
        status, reason = fault
        await PlainTextResponse(f"{reason}\n", status, {"Connection": "close"})(scope, receive, send)

    def _find_fault(self, scope: Scope) -> tuple[int, str] | None:
        """Return with which status a request is refused and why, None for one that isn't."""
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        size = len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"")
        size += sum(len(name) + len(value) for name, value in headers)
        if size > self._max_bytes or len(headers) > _MAX_HEADERS:
            limits = f"{self._max_bytes:,} bytes and {_MAX_HEADERS} lines"
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"address and headers are more than {limits}"
        hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
        if len(hosts) != 1 or parse_host(hosts[0]) is None:
            return HTTPStatus.BAD_REQUEST, "the request does not say in one Host header which host it asks"
        if not is_known_host(hosts[0], self._known):
            remedy = "whoever runs this server adds the name to serve.hosts in newswire.toml"
            return HTTPStatus.MISDIRECTED_REQUEST, f"this server is not called {hosts[0][:100]!r}; {remedy}"
        return None
