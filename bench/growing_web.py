"""Serve a few outlets on loopback whose feeds grow and whose pages change, and remember who asked for what.

All is drawn from one seed: the same steps give the same web. Texts are made of the sentences below.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import random
import socketserver
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from xml.sax.saxutils import escape

_PLACES = ("Paris", "Lagos", "Osaka", "Lima", "Cairo", "Oslo", "Quito", "Perth", "Turin", "Hanoi", "Accra", "Minsk")
_PEOPLE = ("Ada Brook", "Leo Marsh", "Ines Vale", "Omar Stone", "Mia Frost", "Paul Reed", "Nora Field", "Jon Hart")
_BODIES = ("harbour board", "city council", "water company", "tram union", "school board", "river authority")
_THINGS = ("ferry terminal", "flood wall", "tram line", "library roof", "fish market", "north bridge", "gas plant")
_VERBS = ("approved", "rejected", "delayed", "opened", "inspected", "closed", "financed", "sold")
_SENTENCES = (
    "The {body} of {place} {verb} the {thing} on Monday after a debate that lasted until midnight.",
    "{person}, who speaks for the {body}, said that the {thing} would cost {number} million by the end of the year.",
    "Residents of {place} had collected {number} thousand signatures against the plan since the spring.",
    "An engineer counted {number} cracks in the {thing} and asked that nobody should use it before repairs are done.",
    "Work on the {thing} begins in {number} weeks, according to a schedule that {person} showed to reporters.",
    "The last time that {place} decided on the {thing} was {number} years ago, and little has come of it since.",
    "Traders near the {thing} expect {number} per cent less business while the streets of {place} are dug up.",
    "{person} will answer questions of the public in the town hall of {place} on day {number} of next month.",
)
_COPIES = 0.25  # share of articles that are copies
_CHANGES = 0.5  # how often a page changes when others are published
_START = dt.datetime(2026, 11, 20, 6, 0, tzinfo=dt.UTC)


class Piece(NamedTuple):
    """An article as it is served now."""

    number: int
    outlet: int
    title: str
    paragraphs: tuple[str, ...]
    version: int = 1

    @property
    def path(self) -> str:
        """Return where its page is."""
        return f"/news/{self.number}"

    @property
    def published(self) -> str:
        """Return when it says that it was published: the order of numbers."""
        return (_START + dt.timedelta(minutes=self.number)).isoformat()

    def page(self) -> bytes:
        """Return its page."""
        text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in self.paragraphs)
        return (
            f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{escape(self.title)}</title>"
            f'<meta property="article:published_time" content="{self.published}"></head>'
            f"<body><article><h1>{escape(self.title)}</h1>{text}</article></body></html>"
        ).encode()


class Request(NamedTuple):
    """That a page was asked for, and when (``time.monotonic``)."""

    at: float
    url: str
    version: int


class GrowingWeb:
    """The outlets at ``addresses`` (host and port each), drawn from ``seed``."""

    def __init__(self, addresses: list[str], seed: int) -> None:
        self.addresses = addresses
        self.pieces: list[Piece] = []
        self.requests: list[Request] = []
        self.feed_requests = 0
        self._draw = random.Random(seed)
        self._lock = threading.Lock()

    def feeds_toml(self) -> str:
        """Return the outlets as a feeds.toml; their feeds are due all the time."""
        return "\n".join(
            f'[[source]]\nname = "Outlet {n}"\nfeeds = ["http://{address}/feed"]\n'
            f'interval_minutes = 0.004\nlanguage = "en"\n'
            for n, address in enumerate(self.addresses)
        )

    def url_of(self, piece: Piece) -> str:
        """Return the address of a piece."""
        return f"http://{self.addresses[piece.outlet]}{piece.path}"

    def grow(self, *, changing: bool) -> None:
        """Publish some articles, one in four a copy of an earlier one; change some pages."""
        with self._lock:
            for _ in range(self._draw.randint(1, 4)):
                self.pieces.append(self._new_piece(len(self.pieces)))
            if changing and self._draw.random() < _CHANGES:
                at = self._draw.randrange(len(self.pieces))
                self.pieces[at] = self._changed(self.pieces[at])

    def _new_piece(self, number: int) -> Piece:
        outlet = self._draw.randrange(len(self.addresses))
        if self.pieces and self._draw.random() < _COPIES:
            original = self._draw.choice(self.pieces)
            if original.outlet != outlet:
                return original._replace(number=number, outlet=outlet, version=1)
        event = random.Random(self._draw.randrange(40))  # several articles tell of one event
        names = {"place": event.choice(_PLACES), "person": event.choice(_PEOPLE), "body": event.choice(_BODIES)}
        names |= {"thing": event.choice(_THINGS), "verb": event.choice(_VERBS)}
        chosen = self._draw.sample(_SENTENCES, 5)
        paragraphs = tuple(sentence.format(**names, number=self._draw.randint(2, 9000)) for sentence in chosen)
        title = f"{names['place']}: {names['body']} {names['verb']} {names['thing']} for reason {number}"
        return Piece(number, outlet, title, paragraphs)

    def _changed(self, piece: Piece) -> Piece:
        """Return a piece with another last paragraph, and a headline that says so to whoever reads the feed."""
        said = (
            f"Correction: an earlier form of this article, number {piece.number}, had a wrong figure {piece.version}."
        )
        paragraphs = (*piece.paragraphs[:5], said)
        # with its own number: a copy of a changed article bears that one's mark already
        title = f"{piece.title.partition(' (')[0]} ({piece.number}.{piece.version})"
        return piece._replace(title=title, paragraphs=paragraphs, version=piece.version + 1)

    def respond(self, outlet: int, path: str) -> tuple[int, str, bytes]:
        """Return status, media type and body for a request of an outlet's server."""
        with self._lock:
            if path == "/feed":
                self.feed_requests += 1
                return 200, "application/atom+xml", self._feed(outlet)
            number = path.removeprefix("/news/")
            if number.isdigit() and int(number) < len(self.pieces) and self.pieces[int(number)].outlet == outlet:
                piece = self.pieces[int(number)]
                self.requests.append(Request(time.monotonic(), self.url_of(piece), piece.version))
                return 200, "text/html; charset=utf-8", piece.page()
        return 404, "text/plain", b"no such page"

    def _feed(self, outlet: int) -> bytes:
        entries = "".join(
            f"<entry><id>tag:{self.addresses[outlet]},2026:{piece.number}</id><title>{escape(piece.title)}</title>"
            f'<link href="{self.url_of(piece)}"/><published>{piece.published}</published>'
            f"<updated>{piece.published}</updated></entry>"
            for piece in reversed(self.pieces)
            if piece.outlet == outlet
        )
        return (
            f'<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Outlet</title>'
            f"<id>tag:{self.addresses[outlet]}</id><updated>{_START.isoformat()}</updated>{entries}</feed>"
        ).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30.0
    disable_nagle_algorithm = True
    server: _Site

    def do_GET(self) -> None:
        status, media_type, body = self.server.web.respond(self.server.outlet, self.path)
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Say nothing."""


class _Site(ThreadingHTTPServer):
    daemon_threads = True
    web: GrowingWeb
    outlet: int

    def server_bind(self) -> None:
        """Bind without asking the name service for a name, as the base class does."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.socket.getsockname()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that were killed."""


@contextlib.contextmanager
def serve_web(seed: int, *, outlets: int = 4, host: str = "127.0.28.", port: int = 0) -> Iterator[GrowingWeb]:
    """Serve a new web, one loopback address an outlet; on ``port``, or a free one."""
    sites = []
    for n in range(outlets):
        sites.append(_Site((f"{host}{n + 1}", sites[0].server_port if sites else port), _Handler))
    web = GrowingWeb([f"{host}{n + 1}:{site.server_port}" for n, site in enumerate(sites)], seed)
    threads = []
    for n, site in enumerate(sites):
        site.web, site.outlet = web, n
        threads.append(threading.Thread(target=site.serve_forever, args=(0.05,), daemon=True))
        threads[-1].start()
    try:
        yield web
    finally:
        for site, thread in zip(sites, threads, strict=True):
            site.shutdown()
            thread.join()
            site.server_close()
