"""Fetch one address over HTTP without endangering us.

aiohttp with our own redirect loop (each hop is checked, credentials stay with their host), an address check at the
moment of connecting (names, literals, redirects and rebinding all pass it), a cap on the decoded size and a limit on
the total time. Nothing is read from the environment: a proxy would do the connecting in our place, unchecked.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import Any, NamedTuple, NoReturn, Self
from urllib.parse import urljoin

import aiohttp
from aiohttp.abc import AbstractResolver
from multidict import CIMultiDictProxy
from yarl import URL

from pipeline.errors import ItemError
from pipeline.fetch.addresses import is_address_allowed, is_in_networks, parse_networks
from pipeline.fetch.answer_counts import count_answer
from pipeline.fetch.bodies import decode_body, is_whole_document
from pipeline.fetch.headers import location_text
from pipeline.fetch.resolver import SystemResolver
from pipeline.fetch.tolerant_protocol import BodyFaults, TolerantProtocol
from pipeline.records import Outcome, Reason
from pipeline.settings import FetchSettings
from pipeline.urls import check_address

Headers = CIMultiDictProxy[str]
Gate = Callable[[str], contextlib.AbstractAsyncContextManager[None]]
Check = Callable[[int, Headers], None]

_CODINGS = ("gzip", "deflate", "br")
_REDIRECTS = frozenset({300, 301, 302, 303, 307, 308})
_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})
_CHUNK_BYTES = 64 * 1024
# Servers with long Content-Security-Policy headers exceed aiohttp's 8 KiB.
_MAX_HEADER = 32 * 1024
_MAX_HEADERS = 1010  # the fields that heads.mend_head leaves, and those that it writes
# A server that has sent a whole document and says no more for so long has forgotten to end it.
_SILENCE_SECONDS = 3.0
# Long enough for the next page of a host at the usual spacing; idle connections count as open files.
_KEEP_ALIVE_SECONDS = 3.0


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
        self._faults: BodyFaults = {}

    async def __aenter__(self) -> Self:
        connector = _Connector(
            self._faults,
            limit=self._connections,
            keepalive_timeout=_KEEP_ALIVE_SECONDS,
            socket_factory=self._guard,
            resolver=self._resolver or SystemResolver(),
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),  # each get() has one of its own
            trust_env=False,
            auto_decompress=False,  # bodies.decode_body knows what servers call gzip
            max_headers=_MAX_HEADERS,
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
                        count_answer(target.host or "", answer.status)
                        onward = _onward(target, answer)
                        if not onward:
                            if check:
                                check(answer.status, answer.headers)
                            body = await self._body(answer, limit, cut=cut)
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

    async def post(
        self, url: str, data: Mapping[str, str] | bytes, *, headers: Mapping[str, str] | None = None
    ) -> HttpResponse:
        """Return what ``url`` answers to a form, or to a body as it is, whatever the status is; redirects are answers.

        Raises as ``get``.
        """
        seconds, target = self._settings.timeout_seconds, _address(url)
        shown = str(target.with_user(None))
        with _translated(shown, seconds):
            async with asyncio.timeout(seconds), self._request(target, headers or {}, (), data) as answer:
                body = await self._body(answer, self._settings.max_bytes, cut=True)
                return HttpResponse(url, shown, answer.status, answer.headers, body, ())

    @contextlib.asynccontextmanager
    async def _request(
        self,
        target: URL,
        headers: Mapping[str, str],
        unchecked: Collection[str | None],
        data: Mapping[str, str] | bytes | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request and yield its response, as long as the block runs.

        Raises:
            RuntimeError: The client is not open.
        """
        if self._session is None:
            raise RuntimeError("a Client is used inside `async with`")
        answer = await self._session.request(
            "GET" if data is None else "POST",
            target,
            headers=headers,
            data=data,
            allow_redirects=False,
            ssl=target.host not in unchecked,
        )
        try:
            yield answer
        finally:
            answer.release()  # closes the connection where the body wasn't read to its end
            self._faults.pop(answer.content, None)

    async def _body(self, answer: aiohttp.ClientResponse, limit: int, *, cut: bool) -> bytes:
        """Return the decoded body, of ``limit`` bytes at most.

        Raises:
            ItemError: UNREADABLE for a coding that is unknown, TOO_LARGE unless it is to be cut (both quarantined);
                CONNECTION (retry) for a body that breaks off, unless all of the document came.
        """
        if not cut and (answer.content_length or 0) > limit:  # the encoded size; the decoded one is larger still
            raise _too_large(limit)
        codings = answer.headers.getall("Content-Encoding", ())
        data = await _read(answer, limit, codings)
        if len(data) > limit and not cut:
            raise _too_large(limit)
        try:
            body = decode_body(data, codings, limit + 1)
        except ValueError as error:
            raise ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, str(error)) from error
        if len(body.data) > limit and not cut:
            raise _too_large(limit)
        fault = self._faults.get(answer.content) or body.fault
        if fault and len(data) <= limit and not is_whole_document(body.data):
            raise ItemError(Outcome.RETRY, Reason.CONNECTION, fault)
        return body.data[:limit]


class _Connector(aiohttp.TCPConnector):
    """A connector whose connections read what browsers read."""

    def __init__(self, faults: BodyFaults, **options: Any) -> None:
        super().__init__(**options)
        protocol: Any = functools.partial(TolerantProtocol, asyncio.get_running_loop(), faults)
        self._factory = protocol  # aiohttp has no argument for it


def product_token(settings: FetchSettings) -> str:
    """Return the name by which robots.txt files and X-Robots-Tag headers speak to this program."""
    return format_user_agent(settings).partition("/")[0].strip() or "newswire"


def format_user_agent(settings: FetchSettings) -> str:
    """Return the name we go by: it says who we are and how to reach the operator."""
    return settings.user_agent.replace("{contact}", settings.contact)


def _address(url: str, base: URL | None = None) -> URL:
    """Return ``url`` parsed.

    Raises:
        ItemError: BAD_ADDRESS (dropped) for what can't be asked for over http(s).
    """
    try:
        target = URL(check_address(urljoin(str(base), url.strip()) if base else url))
    except ValueError as error:
        raise ItemError(Outcome.DROPPED, Reason.BAD_ADDRESS, str(error)) from error
    if not target.host:  # it consisted of characters that no host has
        raise ItemError(Outcome.DROPPED, Reason.BAD_ADDRESS, f"not an http or https address: {url[:200]!r}")
    # Credentials in a Location would be the other server's choice.
    same_server = base is None or target.origin() == base.origin()
    return (target if same_server else target.with_user(None)).with_fragment(None)


def _onward(target: URL, answer: aiohttp.ClientResponse) -> URL | None:
    """Return where a redirect leads, None for any other answer."""
    location = answer.headers.get("Location", "")
    return _address(location_text(location), target) if answer.status in _REDIRECTS and location else None


async def _read(answer: aiohttp.ClientResponse, limit: int, codings: Sequence[str]) -> bytes:
    """Return the body as it was sent; what exceeds ``limit`` bytes may be cut.

    It ends too where the server says no more, without an end, after a whole document.
    """
    parts, size = list[bytes](), 0
    while size <= limit:
        try:
            async with asyncio.timeout(_SILENCE_SECONDS if parts else None):
                part = await answer.content.read(_CHUNK_BYTES)
        except TimeoutError:
            with contextlib.suppress(ValueError):  # a coding that is unknown: it shows at the end
                if is_whole_document(decode_body(b"".join(parts), codings, limit).data):
                    break
            continue
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts)


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
    detail = f"{url[:200]}: {' '.join(str(error).split())[:200] or type(error).__name__}"
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
