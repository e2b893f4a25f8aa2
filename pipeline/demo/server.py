"""Serve the demo newsroom: an HTTP server for each outlet, each on its loopback address.

They speak HTTP as real outlets do: conditional requests, compression, redirects.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import gzip
import ipaddress
import signal
import socketserver
import sys
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from pipeline.demo import articles, newsroom
from pipeline.demo.newsroom import Newsroom, feeds_toml
from pipeline.demo.site import SiteResponse
from pipeline.errors import NewswireError, UsageError
from pipeline.settings import Source

_PORTS_TRIED = 20  # where any port will do: a port that is free on the first address may be in use on the next
_GZIP_FROM = 1000  # bytes; below, compression gains nothing
_IDLE_SECONDS = 30.0  # how long a connection may stay open between two requests
_STOP_SECONDS = 0.05  # how soon a server notices that it has to stop


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "newsroom"
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True  # without this, head and body may wait for each other
    server: _Site

    def do_GET(self) -> None:
        self._send(self.server.newsroom.respond(self.server.host, self.path))

    def do_HEAD(self) -> None:
        self.do_GET()

    def _send(self, sent: SiteResponse) -> None:
        status, body = (304, b"") if self._is_current(sent) else (sent.status, sent.body)
        self.send_response(status)
        for name, value in sent.headers.items():
            self.send_header(name, value)
        if len(body) >= _GZIP_FROM and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Vary", "Accept-Encoding")
        if status != 304:  # noqa: PLR2004  it speaks of a body that isn't sent
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _is_current(self, sent: SiteResponse) -> bool:
        """Return whether the client has what would be sent; If-None-Match has precedence (RFC 9110, 13.2.2)."""
        tag, since = self.headers.get("If-None-Match"), self.headers.get("If-Modified-Since")
        if tag is not None:
            return sent.headers.get("ETag") in [part.strip() for part in tag.split(",")]
        return since is not None and since == sent.headers.get("Last-Modified")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Say nothing."""


class _Site(ThreadingHTTPServer):
    """The server of one outlet."""

    daemon_threads = True
    newsroom: Newsroom

    def __init__(self, host: str, port: int) -> None:
        super().__init__((host, port), _Handler)
        self.host = f"{host}:{self.server_port}"

    def server_bind(self) -> None:
        """Bind without asking the name service for a name, as the base class does."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.socket.getsockname()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that closed its connection early."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Server:
    """A running newsroom."""

    def __init__(self, sites: Sequence[_Site], edition: int) -> None:
        self._sites = sites
        self._hosts = {outlet.key: site.host for outlet, site in zip(articles.load_outlets(), sites, strict=True)}
        self.edition = edition

    @property
    def edition(self) -> int:
        """Return the edition that is served; it may be set while the server runs."""
        return self.newsroom.edition

    @edition.setter
    def edition(self, edition: int) -> None:
        self.newsroom = newsroom.load_newsroom(edition, self._hosts)
        for site in self._sites:
            site.newsroom = self.newsroom

    @property
    def sources(self) -> tuple[Source, ...]:
        """Return the outlets with the addresses of their feeds, agency first."""
        return self.newsroom.sources

    @property
    def ports(self) -> tuple[int, ...]:
        """Return the ports in use, each once; on most machines it is one."""
        return tuple(dict.fromkeys(site.server_port for site in self._sites))


@contextlib.contextmanager
def serve_newsroom(edition: int = 1, host: str = "127.0.0.1", port: int = 0) -> Iterator[Server]:
    """Serve the newsroom on ``host`` and the addresses that follow it, one for each outlet, all on ``port``.

    With port 0, a free port is used.

    Raises:
        UsageError: An address can't be used.
    """
    sites = _open(host, port)
    try:
        server = Server(sites, edition)
        threads = [threading.Thread(target=site.serve_forever, args=(_STOP_SECONDS,), daemon=True) for site in sites]
        for thread in threads:
            thread.start()
        try:
            yield server
        finally:
            for site in sites:
                site.shutdown()
            for thread in threads:
                thread.join()
    finally:
        for site in sites:
            site.server_close()


def _open(host: str, port: int) -> list[_Site]:
    """Bind a server for each outlet; raise UsageError where an address can't be used."""
    first = ipaddress.ip_address(host)
    failed: OSError | None = None
    for _ in range(1 if port else _PORTS_TRIED):
        sites: list[_Site] = []
        with contextlib.ExitStack() as opened:
            try:
                for number in range(len(articles.load_outlets())):
                    site_port = sites[0].server_port if sites else port
                    sites.append(opened.enter_context(_site(str(first + number), site_port, host)))
            except OSError as error:
                failed = error
            else:
                opened.pop_all()  # they stay open
                return sites
    reason = failed.strerror if failed else None
    raise UsageError(f"{first + len(sites)}:{port} can't be served: {reason}; name another port") from failed


def _site(address: str, port: int, host: str) -> _Site:
    """Bind an outlet's server; where a machine has a single loopback address (macOS), on any port of ``host``."""
    try:
        return _Site(address, port)
    except OSError as error:
        if error.errno != errno.EADDRNOTAVAIL or address == host:
            raise
        return _Site(host, 0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.demo.server", description=__doc__)
    parser.add_argument("--port", type=int, default=8900, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--edition", type=int, choices=newsroom.EDITIONS, default=1, help="2: after the correction")
    parser.add_argument("--write-feeds", type=Path, metavar="FILE", help="write a feeds.toml that names the feeds")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with serve_newsroom(options.edition, port=options.port) as server:
            if options.write_feeds:
                options.write_feeds.write_text(feeds_toml(server.sources), encoding="utf-8")
            sys.stdout.write(f"demo newsroom, edition {server.edition}: {server.sources[0].home}\n")
            sys.stdout.flush()
            stop.wait()
    except (NewswireError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
