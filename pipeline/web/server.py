"""Listen, and serve an application within limits: on open connections, and on the time that a request may take to come.

uvicorn waits for ever for a head or body that comes byte by byte, and a few hundred such connections use up a server.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from pipeline.errors import ServeError
from pipeline.settings import ServeSettings

_BACKLOG = 2048
_KEEP_ALIVE = 10  # seconds that an idle connection stays open
_ANSWER_SECONDS = 300.0  # in which an answer must have been given, and what was sent of it have been read
_AWAY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 10\r\n"
    b"Connection: close\r\nContent-Length: 42\r\n\r\ntoo many connections; try again in a while"
)
_LATE = (
    b"HTTP/1.1 408 Request Timeout\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Connection: close\r\nContent-Length: 30\r\n\r\nthe request took too long here"
)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at ``host`` and ``port``.

    Raises:
        ServeError: The port is taken, or nobody may or can listen there.
    """
    where = f"port {port} of {host}"
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except socket.gaierror as error:
        raise ServeError(f"{host}: there is no such host to listen on: name one with --host") from error
    except OSError as error:
        reason, remedy = _FAULTS.get(error.errno or 0, (os.strerror(error.errno or 0), "name another one"))
        raise ServeError(f"{where}: {reason}; {remedy} with --host and --port, or in [serve]") from error


_FAULTS = {
    errno.EADDRINUSE: ("another program listens there", "end it, or name another port"),
    errno.EADDRNOTAVAIL: ("this machine has no such address", "name one that it has"),
    errno.EACCES: ("you may not listen there", "name a port above 1023"),
}


def address_of(listener: socket.socket) -> str:
    """Return the address of the page that a browser finds at ``listener``."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ipaddress.ip_address(host).version == 6 else f"http://{host}:{port}/"  # noqa: PLR2004


def serve(app: ASGIApp, listener: socket.socket, settings: ServeSettings) -> None:
    """Serve ``app`` at ``listener`` until the process is told to end."""

    class Bounded(BoundedProtocol):
        limits = settings

    config = uvicorn.Config(
        app,
        http=Bounded,
        ws="none",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        h11_max_incomplete_event_size=settings.max_header_bytes,
    )
    try:
        uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:  # uvicorn has ended in good order and says once more why
        return


class BoundedProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, with limits on how many connections are open and how long each waits for its request."""

    limits = ServeSettings()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._deadline: asyncio.TimerHandle | None = None
        self._awaited: object = None  # the state of the connection that the deadline is of

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; or say, where too many connections are open, to come back later."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.max_connections:
            transport.write(_AWAY)
            transport.close()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take in what came; the time for what is still to come runs on."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self._watch()

    def resume_writing(self) -> None:
        """Go on to write, as the client has read; it has the same time again for the rest of a long answer."""
        super().resume_writing()
        self._extend()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop_watch()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """Set the time by which what is awaited (head, body, answer) must be there; once for each of them."""
        state = self.conn.their_state
        if state is self._awaited:
            return
        self._stop_watch()
        self._awaited = state
        seconds: dict[object, float] = {h11.IDLE: self.limits.header_seconds, h11.SEND_BODY: self.limits.body_seconds}
        self._deadline = self.loop.call_later(seconds.get(state, _ANSWER_SECONDS), self._end)

    def _extend(self) -> None:
        self._stop_watch()
        self._deadline = self.loop.call_later(_ANSWER_SECONDS, self._end)

    def _stop_watch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end(self) -> None:
        """End the connection: what was awaited did not come in time."""
        if self.conn.our_state is h11.SEND_BODY and not self.flow.write_paused:  # a long answer, which is being read
            self._extend()
            return
        is_begun = self._awaited is h11.SEND_BODY or (self._awaited is h11.IDLE and self.conn.trailing_data[0])
        if self.transport.is_closing() or not is_begun or self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.abort()  # whoever doesn't read what was sent would keep it open for ever
            return
        self.transport.write(_LATE)
        self.transport.close()
