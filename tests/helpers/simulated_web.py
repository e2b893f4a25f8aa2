"""Simulated servers on virtual time: hours of polite waiting pass in no time."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt

from multidict import CIMultiDict, CIMultiDictProxy

from pipeline import urls
from pipeline.errors import ItemError
from pipeline.fetch.client import HttpResponse
from pipeline.records import Stage

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
PAGE = b"<!doctype html><html><body><p>Words that stand on this page.</p></body></html>"


def clock():
    """The time of day on a loop whose time jumps; of no loop the beginning."""
    try:
        return NOW + dt.timedelta(seconds=asyncio.get_running_loop().time())
    except RuntimeError:
        return NOW


class SimulatedWeb:
    """Servers that answer after a while; in place of a Client. ``log`` has (host, path, when) of each request.

    ``robots`` holds the robots.txt of hosts, ``feeds`` documents by address, ``seconds`` how long hosts take (0.1 where
    nothing is said), ``faults`` what addresses or hosts raise, ``moves`` where addresses redirect to.
    """

    def __init__(self):
        self.log = []
        self.robots, self.feeds, self.seconds, self.faults, self.moves = {}, {}, {}, {}, {}

    def times(self, host):
        return [at for of, _, at in self.log if of == host]

    def paths(self, host):
        return [path for of, path, _ in self.log if of == host]

    async def get(self, url, *, check=None, gate=None, **_more):
        target = url
        while True:
            host = urls.host_and_port(target)
            path = target.partition(host)[2]
            async with gate(target) if gate else contextlib.nullcontext():
                self.log.append((host, path, asyncio.get_running_loop().time()))
                await asyncio.sleep(self.seconds.get(host, 0.1))
                if fault := self.faults.get(target, self.faults.get(host)):
                    raise ItemError(fault.outcome, fault.reason, fault.detail, retry_after=fault.retry_after)
                onward = self.moves.get(target)
                if onward is None:
                    return self._answer(url, target, host, path, check)
            target = onward

    def _answer(self, url, target, host, path, check):
        kind, status, body = "text/html", 200, PAGE + target.encode()
        if path == "/robots.txt":
            body = self.robots.get(host, "").encode()
            status, kind = (200 if body else 404), "text/plain"
        elif target in self.feeds:
            body, kind = self.feeds[target].encode(), "application/rss+xml"
        headers = CIMultiDictProxy(CIMultiDict({"Content-Type": kind}))
        if check:
            check(status, headers)
        return HttpResponse(url, target, status, headers, body, ())

    async def post(self, url, form):
        raise AssertionError("nothing is posted")


class StreamCoordinator:
    """Runs until ``end`` is called; each stage can be woken. ``clock`` is that of what is due."""

    def __init__(self, clock=clock):
        self.is_ending = False
        self._clock = clock
        self.saved = []  # (stage, result, when)
        self._hearers = {}
        self._awake = {stage: asyncio.Event() for stage in Stage}

    def end(self):
        self.is_ending = True
        for stage in Stage:
            self.wake(stage)

    async def call(self, function):
        await asyncio.sleep(0)
        return function()

    def wake(self, stage):
        self._awake[stage].set()
        self._hearers.get(stage, lambda: None)()

    def attend(self, stage, hear):
        self._hearers[stage] = hear

    async def rest(self, stage, *, until=None):
        if self.is_ending:
            return
        wait = None if until is None else max((until - self._clock()).total_seconds(), 0.0)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._awake[stage].wait()
        self._awake[stage].clear()

    async def wait_for_room(self, stage):
        """Return at once."""

    def count(self, stage, saved):
        self.saved += [(stage, result, asyncio.get_running_loop().time()) for result in saved]
        for following in Stage:
            if following is not stage:
                self.wake(following)
