"""Serve a synthetic web on loopback addresses, and log who asked for what when.

    python -m bench.web.server FOLDER

Pages are sent as they lie in the folder. A feed lists what has arrived since the start, the moment at which this server
is ready (it then prints it, in seconds since 1970); it has an ETag, so that a feed that hasn't changed costs little.
Ends when its standard input does. FOLDER/requests.jsonl gets a line a request.
"""

from __future__ import annotations

import argparse
import asyncio
import bisect
import gzip
import html
import sys
import threading
import time
from collections.abc import Callable
from email.utils import format_datetime
from pathlib import Path

import msgspec

from bench.web.site import Page, Web, load_web

_LISTED = 100  # entries that a growing feed has at most; what was there from the start comes on top
_FLUSH_SECONDS = 1.0
_LONGEST_HEAD = 16_384


class Request(msgspec.Struct, frozen=True):
    """A line of the log: when its answer was sent, and how many articles the feed had listed by then, if it was one."""

    at: float
    host: str
    path: str
    status: int
    listed: int | None = None


class Answer(msgspec.Struct, frozen=True):
    """What is sent."""

    status: int
    body: bytes = b""
    headers: tuple[str, ...] = ()
    listed: int | None = None


class Feed:
    """One outlet's feed, as it is so many seconds after the start."""

    def __init__(self, host: str, port: int, pages: list[Page]) -> None:
        self._arrivals = [page.at for page in pages]
        self._items = [_item(page) for page in pages]
        self._start = bisect.bisect_right(self._arrivals, 0.0)
        self._head = (
            f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Outlet {host}</title>'
            f"<link>http://{host}:{port}/</link><description>All articles</description>"
        )
        self._packed: tuple[int, bytes] = (-1, b"")

    def listed(self, seconds: float) -> int:
        """Return how many articles it has listed by then."""
        return bisect.bisect_right(self._arrivals, max(0.0, seconds))

    def answer(self, seconds: float, etag: str | None) -> Answer:
        """Return the document in gzip, or that it is the one that ``etag`` names."""
        listed = self.listed(seconds)
        tag = f'"{listed}"'
        if etag == tag:
            return Answer(304, headers=(f"ETag: {tag}",), listed=listed)
        if self._packed[0] != listed:
            shown = self._items[: self._start] + self._items[max(self._start, listed - _LISTED) : listed]
            document = f"{self._head}{''.join(reversed(shown))}</channel></rss>"  # the newest first
            self._packed = (listed, gzip.compress(document.encode(), 5))
        headers = ("Content-Type: application/rss+xml", "Content-Encoding: gzip", f"ETag: {tag}")
        return Answer(200, self._packed[1], headers, listed)


def _item(page: Page) -> str:
    title, date = html.escape(page.title), format_datetime(page.published, usegmt=True)
    return (
        f"<item><title>{title}</title><link>{page.url}</link><guid>{page.url}</guid><pubDate>{date}</pubDate></item>\n"
    )


class Server:
    """Answers requests for a web; ``clock`` tells seconds since 1970."""

    def __init__(self, folder: Path, web: Web, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._web = web
        self._clock = clock
        self._encoder = msgspec.json.Encoder()
        self._log: list[Request] = []
        self.started = clock()
        by_host: dict[str, list[Page]] = {host: [] for host in web.hosts}
        for page in web.pages:
            by_host[page.host].append(page)
        self._feeds = {host: Feed(host, web.port, pages) for host, pages in by_host.items()}

    def answer(self, host: str, path: str, etag: str | None = None) -> Answer:
        """Return what ``host`` has at ``path``, and log the request."""
        answer = self._answer(host, path, etag)
        self._log.append(Request(self._clock(), host, path, answer.status, answer.listed))
        return answer

    def _answer(self, host: str, path: str, etag: str | None) -> Answer:
        if path == "/feed.xml" and host in self._feeds:
            return self._feeds[host].answer(self._clock() - self.started, etag)
        if path == "/robots.txt" and (delay := self._web.crawl_delays.get(host)):
            return Answer(200, f"User-agent: *\nCrawl-delay: {delay:g}\n".encode(), ("Content-Type: text/plain",))
        if path.startswith("/news/"):
            try:
                body = (self._folder / "pages" / f"{Path(path).name}.gz").read_bytes()
            except OSError:
                return Answer(404)
            return Answer(200, body, ("Content-Type: text/html; charset=utf-8", "Content-Encoding: gzip"))
        return Answer(404)

    def save_log(self) -> None:
        """Append what was logged since the last call to the folder's requests.jsonl."""
        lines, self._log = self._log, []
        with (self._folder / "requests.jsonl").open("ab") as log:
            log.write(self._encoder.encode_lines(lines))

    async def serve_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until it ends."""
        host = writer.get_extra_info("sockname")[0]
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                etags = [line.partition(":")[2].strip() for line in head if line.lower().startswith("if-none-match:")]
                answer = self.answer(host, head[0].split(" ")[1], etags[0] if etags else None)
                fields = "\r\n".join((*answer.headers, f"Content-Length: {len(answer.body)}"))
                writer.write(f"HTTP/1.1 {answer.status} -\r\n{fields}\r\n\r\n".encode() + answer.body)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, IndexError):
            pass  # the connection ends here, as it does when a client has enough or sends no HTTP
        finally:
            writer.close()

    async def run(self) -> None:
        """Listen on all hosts, say so, and save the log every second until the task is cancelled."""
        servers = [
            await asyncio.start_server(self.serve_connection, host, self._web.port, backlog=128, limit=_LONGEST_HEAD)
            for host in self._web.hosts
        ]
        self.started = self._clock()
        print(self.started, flush=True)
        try:
            while True:
                await asyncio.sleep(_FLUSH_SECONDS)
                self.save_log()
        finally:
            for server in servers:
                server.close()
            self.save_log()


def load_log(folder: Path) -> list[Request]:
    """Return the requests that a server logged in ``folder``."""
    path = folder / "requests.jsonl"
    return msgspec.json.decode(b"[" + b",".join(path.read_bytes().splitlines()) + b"]", type=list[Request])


async def _run_until_input_ends(server: Server) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def wait_for_end() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait_for_end, daemon=True).start()
    serving = asyncio.create_task(server.run())
    waiting = asyncio.create_task(ended.wait())
    await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        waiting.cancel()
    serving.cancel()
    try:
        await serving
    except asyncio.CancelledError:
        return


def main() -> None:
    """Serve the folder that is named until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    asyncio.run(_run_until_input_ends(Server(folder, load_web(folder))))


if __name__ == "__main__":
    main()
