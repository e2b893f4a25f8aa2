"""Fetch one address over HTTP without endangering us.

aiohttp with our own redirect loop (each hop is checked, credentials stay with their host), an address check at the
moment of connecting (names, literals, redirects and rebinding all pass it), a cap on the decoded size and a limit on
the total time. Nothing is read from the environment: a proxy would do the connecting in our place, unchecked.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from types import MappingProxyType, TracebackType
from typing import Any, NamedTuple, NoReturn, Self
from urllib.parse import urljoin

import aiohttp
from aiohttp.abc import AbstractResolver
from multidict import CIMultiDictProxy
from yarl import URL

from pipeline.errors import ItemError
from pipeline.fetch.addresses import is_address_allowed, is_in_networks, parse_networks
from pipeline.records import Outcome, Reason
from pipeline.settings import FetchSettings

Headers = CIMultiDictProxy[str]
Gate = Callable[[str], contextlib.AbstractAsyncContextManager[None]]
Check = Callable[[int, Headers], None]

# Not zstd: aiohttp decodes these three under its own cap, bombs included.
_CODINGS = ("gzip", "deflate", "br")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})
_CHUNK_BYTES = 64 * 1024
# Servers with long Content-Security-Policy headers exceed aiohttp's 8 KiB.
_MAX_HEADER = 32 * 1024
# Long enough for the next page of a host at the usual spacing; idle connections count as open files.
_KEEP_ALIVE_SECONDS = 3.0
_MAX_URL = 8000  # RFC 9110 4.1 asks for at least 8000 octets


class Hop(NamedTuple):
    """One redirect: who sent us on, and with which status."""

    url: str
    status: int


class HttpResponse(NamedTuple):
    """What a server answered, its body decoded from the transfer, not into text."""

    url: str
    final_url: str
    status: int
    headers: Headers
    body: bytes
    hops: tuple[Hop, ...]


class ServerLogin(NamedTuple):
    """What the operator arranged with a server: headers that only it may see, hosts whose certificate may be any."""

    headers: Mapping[str, str] = MappingProxyType({})
    unchecked: frozenset[str | None] = frozenset()


class _RefusedAddressError(OSError):
    """The address may not be connected to. An OSError, so that aiohttp passes it on as a failed connection."""

    def __init__(self) -> None:
        super().__init__(errno.EACCES, "the address is not public")


class Client:
    """Gets addresses; an async context manager.

    ``settings`` gives networks, ports, redirects and the name we go by. ``resolver`` replaces the system's name
    resolution (what it answers is checked all the same). Errors are ItemErrors with outcome and reason.
    """

    def __init__(
        self, settings: FetchSettings, *, connections: int = 100, resolver: AbstractResolver | None = None
    ) -> None:
        self._settings = settings
        self._networks = parse_networks(settings.allow_addresses)
        self._connections = connections
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            limit=self._connections,
            keepalive_timeout=_KEEP_ALIVE_SECONDS,
            socket_factory=self._guard,
            resolver=self._resolver,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),  # each get() has one of its own
            trust_env=False,
            max_line_size=_MAX_HEADER,
            max_field_size=_MAX_HEADER,
            headers={"User-Agent": format_user_agent(self._settings), "Accept-Encoding": ", ".join(_CODINGS)},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._session:
            await self._session.close()

    def _guard(self, info: tuple[Any, ...]) -> socket.socket:
        """Return a socket for an address that may be connected to.

        Raises:
            _RefusedAddressError: It may not.
        """
        family, kind, protocol, _, address = info
        ip, port = address[0], address[1]
        if not is_in_networks(ip, self._networks) and not (
            is_address_allowed(ip) and port in self._settings.allow_ports
        ):
            raise _RefusedAddressError
        return socket.socket(family=family, type=kind, proto=protocol)

    async def get(  # noqa: PLR0913  (each has its default; most requests name two or three)
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
        seconds: float | None = None,
        cut: bool = False,
        check: Check | None = None,
        gate: Gate | None = None,
        login: ServerLogin | None = None,
    ) -> HttpResponse:
        """Return what ``url`` answers, redirects followed; whatever the status is.

        Args:
            url: the address.
            headers: those of the request.
            max_bytes: of the decoded body.
            seconds: that all requests take together.
            cut: trim a longer body instead of failing.
            check: sees status and headers before the body is read, and may raise.
            gate: ``gate(url)`` surrounds each hop's request; waiting there is not on the clock.
            login: what the operator arranged with the server of ``url``.

        Raises:
            ItemError: TIMEOUT, CONNECTION, TLS (retry); TOO_LARGE, TOO_MANY_REDIRECTS, UNREADABLE (quarantined);
                REFUSED_ADDRESS, BAD_ADDRESS (dropped).
        """
        login = login or ServerLogin()
        left = seconds if seconds is not None else self._settings.timeout_seconds
        limit = max_bytes if max_bytes is not None else self._settings.max_bytes
        clock = asyncio.get_running_loop().time
        target, send, hops = _address(url), {**(headers or {}), **login.headers}, list[Hop]()
        while True:
            shown = str(target.with_user(None))  # a password is nobody else's business
            async with gate(shown) if gate else contextlib.nullcontext():
                began = clock()
                with _translated(shown, left):
                    async with asyncio.timeout(left), self._request(target, send, login.unchecked) as answer:
                        onward = _onward(target, answer)
                        if not onward:
                            if check:
                                check(answer.status, answer.headers)
                            body = await _body(answer, limit, cut=cut)
                            return HttpResponse(url, shown, answer.status, answer.headers, body, tuple(hops))
                        hops.append(Hop(shown, answer.status))
                left -= clock() - began
            if len(hops) > self._settings.max_redirects:
                detail = f"more than {self._settings.max_redirects} redirects, the last to {onward}"
                raise ItemError(Outcome.QUARANTINED, Reason.TOO_MANY_REDIRECTS, detail)
            if onward.origin() != target.origin():
                secret = {*_CREDENTIALS, *(name.lower() for name in login.headers)}
                send = {name: value for name, value in send.items() if name.lower() not in secret}
            target = onward

    async def post(self, url: str, form: Mapping[str, str]) -> HttpResponse:
        """Return what ``url`` answers to a form, whatever the status is; redirects are answers. Raises as ``get``."""
        seconds, target = self._settings.timeout_seconds, _address(url)
        shown = str(target.with_user(None))
        with _translated(shown, seconds):
            async with asyncio.timeout(seconds), self._request(target, {}, (), form) as answer:
                body = await _body(answer, self._settings.max_bytes, cut=True)
                return HttpResponse(url, shown, answer.status, answer.headers, body, ())

    @contextlib.asynccontextmanager
    async def _request(
        self,
        target: URL,
        headers: Mapping[str, str],
        unchecked: Collection[str | None],
        form: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request and yield its response, as long as the block runs.

        Raises:
            RuntimeError: The client is not open.
        """
        if self._session is None:
            raise RuntimeError("a Client is used inside `async with`")
        answer = await self._session.request(
            "GET" if form is None else "POST",
            target,
            headers=headers,
            data=form,
            allow_redirects=False,
            ssl=target.host not in unchecked,
        )
        try:
            yield answer
        finally:
            answer.release()  # closes the connection where the body wasn't read to its end


def format_user_agent(settings: FetchSettings) -> str:
    """Return the name we go by: it says who we are and how to reach the operator."""
    return settings.user_agent.replace("{contact}", settings.contact)


def _address(url: str, base: URL | None = None) -> URL:
    """Return ``url`` parsed.

    Raises:
        ItemError: BAD_ADDRESS (dropped) for what can't be asked for over http(s).
    """
    fault = "not an http or https address" if len(url) <= _MAX_URL else "too long"
    try:
        target = URL(urljoin(str(base), url.strip()) if base else url.strip())
    except ValueError as error:
        target, fault = URL(), str(error)
    if len(url) > _MAX_URL or target.scheme not in {"http", "https"} or not target.host or target.port == 0:
        raise ItemError(Outcome.DROPPED, Reason.BAD_ADDRESS, f"{url[:200]!r}: {fault}")
    # Credentials in a Location would be the other server's choice.
    same_server = base is None or target.origin() == base.origin()
    return (target if same_server else target.with_user(None)).with_fragment(None)


def _onward(target: URL, answer: aiohttp.ClientResponse) -> URL | None:
    """Return where a redirect leads, None for any other answer."""
    location = answer.headers.get("Location", "")
    return _address(location, target) if answer.status in _REDIRECTS and location else None


async def _body(answer: aiohttp.ClientResponse, limit: int, *, cut: bool) -> bytes:
    """Return the decoded body, of ``limit`` bytes at most.

    Raises:
        ItemError: UNREADABLE for a coding that wasn't asked for, TOO_LARGE unless it is to be cut (both quarantined).
    """
    coding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in {*_CODINGS, "identity", ""}:
        detail = f"its Content-Encoding {coding[:50]!r} wasn't asked for"
        raise ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, detail)
    if not cut and (answer.content_length or 0) > limit:  # the encoded size; the decoded one is larger still
        raise _too_large(limit)
    parts, size = list[bytes](), 0
    async for part in answer.content.iter_chunked(_CHUNK_BYTES):
        parts.append(part)
        size += len(part)
        if size > limit:
            if not cut:
                raise _too_large(limit)
            break
    return b"".join(parts)[:limit]


def _too_large(limit: int) -> ItemError:
    return ItemError(Outcome.QUARANTINED, Reason.TOO_LARGE, f"its body exceeds {limit} bytes")


@contextlib.contextmanager
def _translated(url: str, seconds: float) -> Iterator[None]:
    """Turn what aiohttp raises into an ItemError."""
    try:
        yield
    except ItemError:
        raise
    except (aiohttp.ClientError, OSError, ssl.SSLError, ValueError, TimeoutError) as error:
        _raise_translated(error, url, seconds)


def _raise_translated(error: Exception, url: str, seconds: float) -> NoReturn:
    """Raise what aiohttp raised as an ItemError.

    Raises:
        ItemError: Always.
    """
    detail = f"{url[:200]}: {str(error)[:200] or type(error).__name__}"
    outcome, reason = Outcome.RETRY, Reason.CONNECTION
    if isinstance(error, TimeoutError):
        reason, detail = Reason.TIMEOUT, f"{url[:200]}: no full answer within {max(seconds, 0):.3g} s"
    elif isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, _RefusedAddressError):
        outcome, reason = Outcome.DROPPED, Reason.REFUSED_ADDRESS
        detail = f"{url[:200]}: its address is not public, or its port not among fetch.allow_ports"
    elif isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        reason = Reason.TLS
    elif isinstance(error, ValueError):  # aiohttp's InvalidURL among them
        outcome, reason = Outcome.DROPPED, Reason.BAD_ADDRESS
    raise ItemError(outcome, reason, detail) from error
