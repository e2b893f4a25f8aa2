"""Measure how many pages a second are fetched from loopback as in production, beside aiohttp alone.

    python bench/fetch.py [--pages 6000] [--hosts 2000] [--rounds 3]

A server in a process of its own sends one page of 78 kB, 20 kB in gzip, under many host names. Pacing, robots.txt (one
for each host), redirect checks, address checks and caps are on; the spacing of one host is as in production, so the
pages are spread over the hosts. The first round asks for every robots.txt, the others know them. "aiohttp" is a bare
session with as many requests at a time, connections kept alive. Both take turns; figures compare only within one run
on one machine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import gzip
import multiprocessing
import random
import socket
import time
from collections.abc import Iterator
from multiprocessing.synchronize import Event as ReadyEvent

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from pipeline.errors import ItemError
from pipeline.fetch import RobotsMemory, fetch_pages
from pipeline.records import Entry
from pipeline.settings import FetchSettings, Settings

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
ADDRESS = "127.0.0.1"


def page() -> bytes:
    """Return a page of 78 kB that is 20 kB in gzip."""
    chance = random.Random(7)
    words = ["".join(chance.choices("etaoinshrdlu", k=chance.randint(3, 9))) for _ in range(900)]
    text = " ".join(chance.choices(words, k=8000))
    return f"<!doctype html><html><head><title>Page</title></head><body><p>{text}</p></body></html>".encode()[:78_000]


def serve(port: int, ready: ReadyEvent) -> None:
    """Serve the page at every path of every host, and robots.txt."""
    packed = gzip.compress(page(), 6)
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Encoding": "gzip"}

    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path == "/robots.txt":
            return web.Response(text="User-agent: *\nAllow: /\n")
        return web.Response(body=packed, headers=headers)

    async def run() -> None:
        runner = web.ServerRunner(web.Server(answer))
        await runner.setup()
        await web.TCPSite(runner, ADDRESS, port, backlog=4096).start()
        ready.set()
        await asyncio.Event().wait()

    asyncio.run(run())


class Loopback(AbstractResolver):
    """Every name is this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the loopback address."""
        return [{"hostname": host, "host": ADDRESS, "port": port, "family": family, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        """Nothing is open."""


@contextlib.contextmanager
def serving() -> Iterator[int]:
    with socket.socket() as free:
        free.bind((ADDRESS, 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    server = context.Process(target=serve, args=(port, ready), daemon=True)
    server.start()
    if not ready.wait(30):
        raise SystemExit("the server did not start within 30 s")
    try:
        yield port
    finally:
        server.terminate()
        server.join()


async def ours(urls: list[str], robots: RobotsMemory, settings: Settings) -> tuple[float, float]:
    """Return wall-clock and CPU seconds of fetching ``urls`` as the stage does."""
    entries = [Entry(id=url, url=url, source="bench", first_seen=NOW) for url in urls]
    began, spent = time.perf_counter(), time.process_time()
    failed = 0
    async for _, got in fetch_pages(entries, settings, robots, lambda: NOW, resolver=Loopback()):
        failed += isinstance(got, ItemError)
    if failed:
        raise SystemExit(f"{failed} of {len(urls)} pages failed")
    return time.perf_counter() - began, time.process_time() - spent


async def ceiling(urls: list[str], requests: int) -> tuple[float, float]:
    """Return wall-clock and CPU seconds of aiohttp alone."""
    waiting = iter(urls)
    connector = aiohttp.TCPConnector(limit=requests, resolver=Loopback())
    async with aiohttp.ClientSession(connector=connector, headers={"Accept-Encoding": "gzip, deflate, br"}) as session:

        async def work() -> None:
            for url in waiting:
                async with session.get(url, allow_redirects=False) as answer:
                    await answer.read()

        began, spent = time.perf_counter(), time.process_time()
        await asyncio.gather(*(work() for _ in range(requests)))
    return time.perf_counter() - began, time.process_time() - spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=6000)
    parser.add_argument("--hosts", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    wanted = parser.parse_args()
    with serving() as port:
        settings = Settings(fetch=FetchSettings(allow_addresses=(f"{ADDRESS}/32",)))
        hosts = [f"www.outlet{number}.example" for number in range(wanted.hosts)]
        urls = [f"http://{hosts[n % len(hosts)]}:{port}/{n}" for n in range(wanted.pages)]
        robots = RobotsMemory()
        for number in range(wanted.rounds):
            for name, run in (
                ("aiohttp", ceiling(urls, settings.fetch.concurrency)),
                ("fetch", ours(urls, robots, settings)),
            ):
                seconds, spent = asyncio.run(run)
                rate, cpu_ms = wanted.pages / seconds, 1000 * spent / wanted.pages
                print(f"round {number + 1}  {name:8} {rate:7.0f} pages/s  {cpu_ms:6.2f} ms CPU a page")


if __name__ == "__main__":
    main()
