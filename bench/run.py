"""Measure the whole pipeline, from loopback feeds to the index, in articles a second.

    python bench/run.py [--articles 600] [--index URL]

Serves generated outlets on loopback, runs all stages once, and prints each stage's share. Pacing is off (the servers
are ours), everything else is as in production. Figures compare only within one run on one machine.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import socketserver
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from pipeline.records import Stage
from pipeline.settings import Environment, FetchSettings, PollSettings, Settings, Source, config_folder
from pipeline.stages import Context, run_one

WORDS = (
    "council river harvest minister budget market strike engine school winter border hospital railway bridge court "
    "election festival drought storm factory union price energy water police museum research vaccine satellite"
).split()
NAMES = ("Ana Ruiz", "Tom Okafor", "Mei Lindqvist", "Jorge Haddad", "Priya Novak", "Samuel Brandt")
PLACES = ("Nairobi", "Lisbon", "Oslo", "Lima", "Jakarta", "Toronto", "Baghdad", "Vienna")


def text(number: int) -> list[str]:
    chance = random.Random(number)
    paragraphs = []
    for _ in range(8):
        drawn = [chance.choice(WORDS) for _ in range(45)]
        drawn[3] = chance.choice(NAMES)
        drawn[9] = f"in {chance.choice(PLACES)}"
        drawn[20] = f"{chance.choice(WORDS)}{chance.randrange(10**6)}"
        paragraphs.append(" ".join(drawn).capitalize() + ".")
    return paragraphs


class Site(BaseHTTPRequestHandler):
    """One outlet: /feed lists its articles, /N is an article."""

    protocol_version = "HTTP/1.1"
    articles: range

    def do_GET(self) -> None:
        """Send the feed or an article."""
        status, kind = (200, "text/html") if self.path.strip("/").isdigit() else (404, "text/plain")
        body = self.page() if status == 200 else ""  # noqa: PLR2004
        if self.path == "/feed":
            status, body, kind = 200, self.feed(), "application/rss+xml"
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def feed(self) -> str:
        """Return the outlet's RSS feed."""
        host = self.headers["Host"]
        numbers = self.server.articles  # type: ignore[attr-defined]
        items = "".join(
            f"<item><title>{' '.join(text(n)[0].split()[:7])}</title><link>http://{host}/{n}</link>"
            "<pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate></item>"
            for n in numbers
        )
        return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Site</title>{items}</channel></rss>'

    def page(self) -> str:
        """Return an article among menus."""
        paragraphs = text(int(self.path.strip("/")))
        menu = "".join(f'<li><a href="/s/{word}">{word}</a></li>' for word in WORDS * 4)
        body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
        title = " ".join(paragraphs[0].split()[:7])
        return (
            f"<!doctype html><html lang=en><head><title>{title} | Site</title>"
            f"<meta property='og:title' content='{title}'>"
            "<meta property='article:published_time' content='2026-11-20T10:00:00Z'></head>"
            f"<body><nav><ul>{menu}</ul></nav><article><h1>{title}</h1>{body}</article>"
            f"<footer>{menu}</footer></body></html>"
        )

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextlib.contextmanager
def serving(outlets: int, articles: int) -> Iterator[list[Source]]:
    count = articles // outlets
    servers = []
    for number in range(outlets):
        server = ThreadingHTTPServer((f"127.0.1.{number + 1}", 0), Site)
        server.daemon_threads = True
        server.articles = range(number * count, (number + 1) * count)  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
    try:
        yield [
            Source(name=f"Outlet {n}", feeds=(f"http://{s.server_address[0]}:{s.server_port}/feed",))
            for n, s in enumerate(servers)
        ]
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=600)
    parser.add_argument("--index", help="NEWSWIRE_INDEX_URL; default: the embedded one")
    wanted = parser.parse_args()
    fetch = FetchSettings(allow_addresses=("127.0.0.0/8",), per_host_delay_seconds=0, per_host_concurrency=16)
    settings = Settings(fetch=fetch, poll=PollSettings(interval_minutes=60))
    with tempfile.TemporaryDirectory() as folder, serving(20, wanted.articles) as sources:
        home = Path(folder)
        addresses = Environment(
            home=home,
            store_url=f"sqlite:///{home}/ledger.db",
            index_url=wanted.index or f"sqlite:///{home}/index.db",
            archive_url=str(home / "archive"),
        )
        with Context(settings, sources, addresses, config=config_folder()) as context:
            reports = [run_one(context, stage) for stage in Stage]
    total = sum(report.seconds for report in reports)
    done = reports[-1].taken
    for report in reports:
        print(f"{report.stage:8} {report.taken:6} items {report.seconds:7.2f} s {report.seconds / total:6.1%}")
    print(f"{done} articles searchable in {total:.1f} s: {done / total:.1f} a second")


if __name__ == "__main__":
    socketserver.TCPServer.allow_reuse_address = True
    main()
