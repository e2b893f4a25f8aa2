"""Pace requests: spacing, concurrency and holds per host and provider, over one limit for all."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Protocol

from tld import get_fld

from pipeline import urls
from pipeline.errors import ItemError
from pipeline.fetch.client import Gate
from pipeline.records import Outcome, Reason
from pipeline.settings import FetchSettings

# How long a request waits for its turn at a host at most, where nothing else is said.
PATIENCE_SECONDS = 300.0
# How long a host that refuses (429) without naming a time is left alone; as long as the usual feed interval.
_DEFAULT_HOLD_SECONDS = 900.0
# Longer wishes are not believed (miniflux and rss-fetcher cap Retry-After at a day too).
_MAX_HOLD_SECONDS = 24 * 3600.0


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class _Lane:
    """One host's turn-taking."""

    def __init__(self, concurrency: int, delay: float) -> None:
        self.slots = asyncio.Semaphore(concurrency)
        self.turn = asyncio.Lock()
        self.delay = delay
        self.waiting = 0
        self.next_start = float("-inf")
        self.held_until = float("-inf")

    @contextlib.contextmanager
    def queued(self) -> Iterator[None]:
        """Count one more that waits for its turn."""
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1

    def wait(self, now: float) -> float:
        """Return the seconds until the next request may start."""
        return max(self.held_until - now, self.next_start - now, 0.0)


class Holds(Protocol):
    """Keeps holds between runs."""

    def active_holds(self, now: dt.datetime) -> Mapping[str, dt.datetime]:
        """Return host → until when it is to be left alone, of those that are."""

    def save_hold(self, host: str, until: dt.datetime) -> None:
        """Leave ``host`` alone until then."""


class _Provider:
    """All hosts under one registered domain: they often are one machine, which counts our requests together."""

    def __init__(self, concurrency: int) -> None:
        self.slots = asyncio.Semaphore(concurrency)
        self.refused: set[str] = set()  # hosts that asked for time
        self.held_until = float("-inf")


class Pacing:
    """Paces requests: at most ``concurrency`` at once, per host as ``settings`` say.

    ``backlog`` counts the results that wait to be taken; no request starts while as many as ``concurrency`` do, so that
    bodies don't pile up. Nobody waits for a host longer than ``patience`` seconds. ``holds`` keeps what hosts ask for
    beyond this run, in the time that ``now`` tells. ``clock`` (seconds that only grow) and ``sleep`` are arguments for
    tests.
    """

    def __init__(
        self,
        settings: FetchSettings,
        concurrency: int,
        *,
        patience: float = PATIENCE_SECONDS,
        holds: Holds | None = None,
        now: Callable[[], dt.datetime] = _utc_now,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.backlog = Backlog(concurrency)
        self._settings = settings
        self._slots = asyncio.Semaphore(concurrency)
        self._patience = patience
        self._clock = clock or asyncio.get_running_loop().time
        self._sleep = sleep
        self._lanes: dict[str, _Lane] = {}
        self._providers: dict[str, _Provider] = {}
        self._holds = holds
        self._now = now
        for host, until in ({} if holds is None else holds.active_holds(now())).items():
            self._lane(host).held_until = self._clock() + (until - now()).total_seconds()

    def _lane(self, host: str) -> _Lane:
        if host not in self._lanes:
            self._lanes[host] = _Lane(self._settings.per_host_concurrency, self._settings.per_host_delay_seconds)
        return self._lanes[host]

    def _provider(self, host: str) -> _Provider:
        name = registered_domain(host)
        if name not in self._providers:
            self._providers[name] = _Provider(self._settings.per_provider_concurrency)
        return self._providers[name]

    def slow_down(self, host: str, crawl_delay: float) -> None:
        """Space ``host``'s requests by the delay that it asks for, up to the longest that we grant."""
        lane = self._lane(host)
        lane.delay = max(lane.delay, min(crawl_delay, self._settings.max_crawl_delay_seconds))

    def hold(self, host: str, seconds: float | None) -> None:
        """Leave ``host`` alone for ``seconds``; for a while where it named no time.

        Where a second host of a provider asks for time, all of its hosts are left alone: it counts them together.
        """
        wait = _DEFAULT_HOLD_SECONDS if seconds is None else min(seconds, _MAX_HOLD_SECONDS)
        lane, shared = self._lane(host), self._provider(host)
        lane.held_until = max(lane.held_until, self._clock() + wait)
        shared.refused.add(host)
        if len(shared.refused) > 1:
            shared.held_until = max(shared.held_until, lane.held_until)
        if self._holds is not None:
            self._holds.save_hold(host, self._now() + dt.timedelta(seconds=wait))

    @contextlib.asynccontextmanager
    async def slot(self, host: str, *, spaced: bool = True) -> AsyncIterator[None]:
        """Wait for a turn at ``host`` and hold it; ``spaced=False`` for what continues the last request.

        Raises:
            ItemError: TOO_MANY_REQUESTS (retry) where that would take too long: the host asked to be left alone, or
                its requests must be far apart and many wait.
        """
        lane = self._lane(host)
        self._refuse_if_long(host, lane, ahead=lane.waiting)
        async with contextlib.AsyncExitStack() as held:
            with lane.queued():
                await held.enter_async_context(lane.slots)
                async with lane.turn:
                    self._refuse_if_long(host, lane, ahead=0)
                    wait = max(lane.wait(self._clock()), self._provider(host).held_until - self._clock())
                    if spaced and wait > 0:
                        await self._sleep(wait)
                    lane.next_start = self._clock() + lane.delay
            await held.enter_async_context(self._provider(host).slots)
            await held.enter_async_context(self._slots)
            await self.backlog.wait_for_room()
            yield

    def _refuse_if_long(self, host: str, lane: _Lane, ahead: int) -> None:
        """Refuse a request that would wait too long; ``ahead`` others wait already.

        Raises:
            ItemError: TOO_MANY_REQUESTS (retry).
        """
        now = self._clock()
        wait = max(lane.wait(now) + ahead * lane.delay, self._provider(host).held_until - now)
        if wait > self._patience:
            detail = f"{host} is to be left alone, or others wait for it, for {wait:.0f} s more"
            raise ItemError(Outcome.RETRY, Reason.TOO_MANY_REQUESTS, detail, retry_after=wait, tried=False)

    def gate(self, ask: Callable[[str], Awaitable[None]] | None = None) -> Gate:
        """Return the gate of one item's requests, for ``Client.get``.

        ``ask`` is asked before each hop and may raise. Redirects within a host follow at once. A server that says
        when to come back has its host held.
        """
        last: str | None = None

        @contextlib.asynccontextmanager
        async def enter(url: str) -> AsyncIterator[None]:
            nonlocal last
            host = urls.host_and_port(url)
            if ask:
                await ask(url)
            async with self.slot(host, spaced=host != last):
                last = host
                try:
                    yield
                except ItemError as error:
                    if error.reason is Reason.TOO_MANY_REQUESTS or error.retry_after is not None:
                        self.hold(host, error.retry_after)
                    raise

        return enter


@functools.lru_cache(maxsize=100_000)
def registered_domain(host: str) -> str:
    """Return the registered domain of ``host`` ("user.blogs.example.com" and "www.example.com" are of one provider).

    Of an address, and of a name under no public suffix, it is the host itself.
    """
    domain = get_fld(f"http://{host}/", fail_silently=True, search_private=False)
    return str(domain or host)


class Backlog:
    """Keeps results from piling up: counts those that wait to be taken, up to a limit that nobody starts above."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting = 0
        self._room = asyncio.Event()
        self._room.set()

    async def wait_for_room(self) -> None:
        """Wait until fewer results than the limit wait."""
        await self._room.wait()

    def add(self) -> None:
        """Count one more result that waits."""
        self._waiting += 1
        if self._waiting >= self._limit:
            self._room.clear()

    def remove(self) -> None:
        """Count a result that was taken."""
        self._waiting -= 1
        if self._waiting < self._limit:
            self._room.set()
