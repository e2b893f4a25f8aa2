"""What the network does to the pages and feeds of a run, over real HTTP on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import signal
import socket
import subprocess
import sys
import time

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver

from pipeline.context import utc_now
from pipeline.feeds.parse import parse
from pipeline.fetch import pacing
from pipeline.records import Entry, Outcome, Reason, Stage
from pipeline.settings import FetchSettings, Settings
from pipeline.stages import Context
from pipeline.stages.fetch import FetchLoop
from pipeline.stages.network import open_network
from pipeline.store import NewArticle, Store
from pipeline.urls import article_id
from tests.helpers.inline_workers import InlineWorkers
from tests.helpers.simulated_web import StreamCoordinator
from tests.helpers.support import REPO, places
from tests.helpers.web import serve

PAGE = b"<!doctype html><html><body><p>Words.</p></body></html>"


class Names(AbstractResolver):
    """Finds all names on loopback but those whose server doesn't answer."""

    async def resolve(self, host, port=0, family=socket.AF_INET):
        if "silent" in host:
            await asyncio.Event().wait()
        found = {"hostname": host, "host": "127.0.0.1", "port": port, "proto": 0, "flags": 0, "family": socket.AF_INET}
        return [found]

    async def close(self):
        """Close nothing."""


async def byte_by_byte(_reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\n")
    with contextlib.suppress(OSError, asyncio.CancelledError):
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.2)
    writer.transport.abort()


async def endless_head(_reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\n")
    with contextlib.suppress(OSError, asyncio.CancelledError):
        for number in itertools.count():
            writer.write(b"X-Header-%d: and so on\r\n" % number)
            await writer.drain()
            await asyncio.sleep(0.2)
    writer.transport.abort()


def enter(store, addresses):
    now = utc_now()
    entries = [Entry(id=article_id(url), url=url, source="outlet", first_seen=now) for url in addresses]
    with store.write() as connection:
        store.ledger.insert_articles(connection, [NewArticle.from_entry(e) for e in entries], now)


async def fetch_all(context, count):
    """Fetch until so many results are saved; return reason or outcome → hosts, and hosts in the order of results."""
    coordinator = StreamCoordinator(utc_now)
    async with open_network(context, coordinator, resolver=Names(), parsers=InlineWorkers(parse)) as network:
        task = asyncio.create_task(FetchLoop(context, network).run(coordinator))
        while len(coordinator.saved) < count:
            await coordinator.rest(Stage.EXTRACT)
        coordinator.end()
        await task
    return [(result.article.url, result.outcome, result.reason, result.detail) for _, result, _ in coordinator.saved]


def test_bad_servers_get_their_own_outcomes_and_all_others_are_done_first(tmp_path, site, monkeypatch):
    monkeypatch.setattr(pacing, "_SLOW_SECONDS", 0.5)
    limits = FetchSettings(
        allow_addresses=("127.0.0.0/8",),
        per_host_delay_seconds=0.0,
        timeout_seconds=5.0,
        obey_robots=False,
        concurrency=4,  # fewer places than there are bad servers
    )

    async def circle(request):
        number = int(request.host.removeprefix("circle").partition(".")[0])
        raise web.HTTPFound(f"http://circle{(number + 1) % 1000}.example:{site.port}/round")

    site.handlers["/round"] = circle
    site.page("/page", PAGE)

    async def run(context):
        slow = await asyncio.start_server(byte_by_byte, "127.0.0.1", 0)
        heads = await asyncio.start_server(endless_head, "127.0.0.1", 0)
        ports = [server.sockets[0].getsockname()[1] for server in (slow, heads)]
        bad = {
            **{f"http://slow{n}.example:{ports[0]}/": (Outcome.RETRY, Reason.TIMEOUT) for n in range(3)},
            **{f"http://head{n}.example:{ports[1]}/": (Outcome.RETRY, Reason.TIMEOUT) for n in range(3)},
            **{f"http://silent{n}.example:{site.port}/": (Outcome.RETRY, Reason.TIMEOUT) for n in range(2)},
        }
        circles = {
            f"http://circle{n}.example:{site.port}/round": (Outcome.QUARANTINED, Reason.TOO_MANY_REDIRECTS)
            for n in (1, 500, 998)
        }
        good = [f"http://good{n}.example:{site.port}/page" for n in range(30)]
        enter(context.store, [*bad, *circles, *good])
        results = await fetch_all(context, len(bad) + len(circles) + len(good))
        for server in (slow, heads):
            server.close()
        return bad, circles, good, results

    settings = Settings(fetch=limits)
    environment = places(tmp_path, f"sqlite:///{tmp_path}/ledger.db")
    with Context(settings, (), environment, config=REPO / "config") as context:
        bad, circles, good, results = asyncio.run(run(context))
    outcomes = {url: (outcome, reason) for url, outcome, reason, _ in results}
    assert outcomes == {**bad, **circles, **dict.fromkeys(good, (Outcome.DONE, None))}
    order = [url for url, *_ in results]
    assert max(map(order.index, good)) < min(map(order.index, bad))
    assert all(detail for url, *_, detail in results if url in bad)


PROGRAM = """
import sys
from pathlib import Path
from pipeline.records import Stage
from pipeline.settings import Environment, FetchSettings, Settings
from pipeline.stages import Context, run_one

url, home, config, delay = sys.argv[1:]
fetch = FetchSettings(allow_addresses=("127.0.0.0/8",), per_host_delay_seconds=float(delay))
environment = Environment(home=Path(home), store_url=url, index_url="", archive_url=home)
with Context(Settings(fetch=fetch), (), environment, config=Path(config)) as context:
    print("ready", flush=True)
    report = run_one(context, Stage.FETCH)
    print(report.to_plain()["done"], flush=True)
"""


@pytest.mark.parametrize("is_killed", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_two_programs_ask_each_host_no_oftener_than_allowed_also_where_one_is_killed(tmp_path, store_url, is_killed):
    delay, hosts, pages = 0.4, [f"127.0.0.{n}" for n in range(2, 8)], 6
    asked: list[tuple[str, str, float]] = []

    async def answer(request):
        asked.append((request.host, request.path, time.monotonic()))
        found = request.path != "/robots.txt"
        return web.Response(body=PAGE + request.host.encode(), status=200 if found else 404, content_type="text/html")

    with serve("0.0.0.0") as site:
        site.handlers = dict.fromkeys(["/robots.txt", *(f"/{n}" for n in range(pages))], answer)
        store = Store(store_url)
        enter(store, [f"http://{host}:{site.port}/{n}" for host in hosts for n in range(pages)])
        store.close()
        command = [sys.executable, "-c", PROGRAM, store_url, str(tmp_path), str(REPO / "config"), str(delay)]
        with contextlib.ExitStack() as stack:

            def start():
                program = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
                assert program.stdout.readline() == "ready\n"
                return program

            programs = [start(), start()]
            if is_killed:
                while len(asked) < 12:
                    time.sleep(0.01)
                programs[0].send_signal(signal.SIGKILL)
                programs[0].wait()
                programs.append(start())
            codes = [program.wait() for program in programs]
    fetched = [(host, path) for host, path, _ in asked if path != "/robots.txt"]
    assert len(set(fetched)) == len(hosts) * pages
    if not is_killed:  # whom a program was killed over is asked for again
        assert len(fetched) == len(hosts) * pages
        assert codes == [0, 0]
    for host in hosts:
        times = [at for of, _, at in asked if of.startswith(f"{host}:")]
        assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= delay - 0.002
