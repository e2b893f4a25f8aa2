"""Measure how long it takes to poll feeds of many loopback hosts, of which nearly all are unchanged.

    python bench/poll.py [--feeds 10000] [--hosts 5000] [--changed 0.01]

The first round reads every feed; the second one, which is measured, finds the share ``--changed`` of them changed. The
servers are one process on many loopback addresses. Pacing, parsing in workers and the ledger are as in production.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import multiprocessing
import resource
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from pipeline.records import Stage
from pipeline.settings import Environment, FetchSettings, Settings, Source, config_folder
from pipeline.stages import Context, run_one

ITEMS = 5


class Site(asyncio.Protocol):
    """Answers any path with a feed of that name: 304 where the tag is known, in one packet."""

    edition = 0
    changed = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with nothing received."""
        self.transport = transport
        self.rest = b""

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self.rest += data
        while b"\r\n\r\n" in self.rest:
            request, self.rest = self.rest.split(b"\r\n\r\n", 1)
            number = int(request.split(b" ", 2)[1].strip(b"/"))
            edition = self.edition if number % 1000 < self.changed * 1000 else 0
            tag = f'"{number}-{edition}"'.encode()
            if b"If-None-Match: " + tag in request:
                self.transport.write(b"HTTP/1.1 304 Not Modified\r\nETag: %s\r\n\r\n" % tag)
            else:
                body = feed(number, edition)
                self.transport.write(b"HTTP/1.1 200 OK\r\nETag: %s\r\nContent-Length: %d\r\n\r\n" % (tag, len(body)))
                self.transport.write(body)


def feed(number: int, edition: int) -> bytes:
    items = "".join(
        f"<item><title>News {n} of {number}</title><link>/{number}/{n}</link>"
        f"<pubDate>Fri, 20 Nov 2026 {n % 24:02}:00:00 GMT</pubDate></item>"
        for n in range(edition, edition + ITEMS)
    )
    return f'<rss version="2.0"><channel><title>Site</title>{items}</channel></rss>'.encode()


def serve(pipe: Connection, changed: float) -> None:
    Site.changed = changed

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Site, "0.0.0.0", 0, backlog=4096)  # noqa: S104  loopback addresses are many
        pipe.send(server.sockets[0].getsockname()[1])
        loop.add_reader(pipe.fileno(), lambda: setattr(Site, "edition", pipe.recv()))
        await server.serve_forever()

    asyncio.run(run())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=10_000)
    parser.add_argument("--hosts", type=int, default=5_000)
    parser.add_argument("--changed", type=float, default=0.01)
    wanted = parser.parse_args()
    parent_end, server_end = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(server_end, wanted.changed), daemon=True)
    server.start()
    port = parent_end.recv()
    sources: list[Source] = []
    for host in range(wanted.hosts):
        address = f"127.{1 + host // 65025}.{host // 255 % 255}.{1 + host % 255}"
        feeds = tuple(f"http://{address}:{port}/{n}" for n in range(host, wanted.feeds, wanted.hosts))
        sources.append(Source(name=f"Site {host}", feeds=feeds))
    settings = Settings(fetch=FetchSettings(allow_addresses=("127.0.0.0/8",)))
    now = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    with tempfile.TemporaryDirectory() as folder:
        addresses = Environment(
            home=Path(folder), store_url=f"sqlite:///{folder}/ledger.db", index_url="", archive_url=folder
        )
        with Context(settings, sources, addresses, config=config_folder(), clock=lambda: now) as context:
            for edition, label in enumerate(("all new", f"{1 - wanted.changed:.0%} unchanged")):
                parent_end.send(edition)
                # within the same day, so that none is asked for in full
                now += dt.timedelta(minutes=edition)
                with context.store.write() as connection:
                    context.store.feeds.make_due(connection, now)
                used, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
                plain = run_one(context, Stage.POLL).to_plain()
                seconds, spent = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF)
                cpu = spent.ru_utime + spent.ru_stime - used.ru_utime - used.ru_stime
                print(
                    f"{label}: {plain['in']} feeds in {seconds:.1f} s ({cpu:.1f} s of our CPU, parsers aside): "
                    f"{plain['done']} read, {plain['dropped'].get('not modified', 0)} not modified, {plain['new']} new"
                )
    server.terminate()


if __name__ == "__main__":
    main()
