"""Pace requests: spacing, concurrency and holds per host and provider, over one limit for all."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import NamedTuple, Protocol

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
# Turns that are written ahead for requests that nobody planned: robots.txt, redirects.
_EXTRA_TURNS = 2
# A host that another program has is asked for again after so long.
_RETRY_SECONDS = 0.25
_LEASE_MARGIN_SECONDS = 5.0
# A request that takes longer leaves its place; so many may have, for each place.
_SLOW_SECONDS = 3.0
SLOW_PER_PLACE = 2


class NotNowError(ItemError):
    """A host can't be asked soon, and nothing was asked for the item yet: it may be given back as it was."""

    def after_request(self) -> ItemError:
        """Return what it means for an item for which something was asked: it is tried again later."""
        return ItemError(self.outcome, self.reason, self.detail, retry_after=self.retry_after, tried=False)


class Places:
    """How many requests are under way at once, and how many of their results wait to be taken.

    A request that takes long leaves its place to another one, as long as not too many do: servers that don't answer,
    names that aren't found and bodies that come byte by byte keep nobody else waiting.
    """

    def __init__(self, concurrency: int) -> None:
        self.backlog = Backlog(concurrency)
        self._slots = asyncio.Semaphore(concurrency)
        self._slow = SLOW_PER_PLACE * concurrency

    @contextlib.asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Wait for a place and hold it."""
        await self._slots.acquire()
        has_left = False

        def leave() -> None:
            nonlocal has_left
            if self._slow > 0:
                self._slow -= 1
                has_left = True
                self._slots.release()

        timer = asyncio.get_running_loop().call_later(_SLOW_SECONDS, leave)
        try:
            yield
        finally:
            timer.cancel()
            if has_left:
                self._slow += 1
            else:
                self._slots.release()


class Grant(NamedTuple):
    """A host that is ours: what is known of it. All times are seconds from now."""

    host: str
    ready_in: float  # until a request may start, as far as the ledger knows
    held_for: float
    crawl_delay: float | None
    reserved_for: float  # so far ahead turns are written
    leased_for: float


class TurnKeeper(Protocol):
    """Keeps whose each host is and when it may be asked next, for all programs that share a ledger."""

    async def reserve(self, host: str, turns: int) -> Grant | None:
        """Make ``host`` ours and write turns ahead; None where another program has it."""

    def note(self, host: str) -> None:
        """Have what ``host`` asked for (see ``Pacing.state_of``) written soon."""


class _Lane:
    """One host's turn-taking. Times are the loop's, in seconds."""

    def __init__(self, concurrency: int, delay: float, provider: _Provider) -> None:
        self.slots = asyncio.Semaphore(concurrency)
        self.turn = asyncio.Lock()
        self.usual = delay
        self.crawl_delay: float | None = None
        self.provider = provider
        self.waiting = 0
        self.users = 0
        self.planned = 0  # requests that were taken on and aren't over
        self.running = 0
        self.last_start = float("-inf")
        self.next_start = float("-inf")
        self.held_until = float("-inf")
        self.reserved_until = float("-inf")
        self.leased_until = float("-inf")

    @property
    def delay(self) -> float:
        """Return the seconds between two requests."""
        return max(self.usual, self.crawl_delay or 0.0)

    def wait(self, now: float) -> float:
        """Return the seconds until the next request may start."""
        return max(self.held_until - now, self.next_start - now, self.provider.held_until - now, 0.0)

    def start(self, now: float) -> None:
        """Note that a request starts."""
        self.last_start = max(now, self.last_start)
        self.next_start = max(self.next_start, now + self.delay)

    def finish(self, started: float, now: float) -> None:
        """Note that a request that started then is over: the server may have seen it as late as now."""
        self.next_start = max(self.next_start, min(now, started + self.delay) + self.delay)


class _Provider:
    """All hosts under one registered domain: they often are one machine, which counts our requests together."""

    def __init__(self, concurrency: int) -> None:
        self.slots = asyncio.Semaphore(concurrency)
        self.refused: set[str] = set()  # hosts that asked for time
        self.held_until = float("-inf")
        self.remembered_until = float("-inf")  # as long as a hold of one of its hosts lasts
        self.lanes = 0


class Pacing:
    """Paces requests: at most ``concurrency`` at once, per host as ``settings`` say.

    No request starts while as many as ``concurrency`` results wait in ``places.backlog``, so that bodies don't pile up.
    Nobody waits for a host longer than ``patience`` seconds. ``keeper`` shares the hosts with
    other programs, and keeps what they ask for. ``clock`` (seconds that only grow) and ``sleep`` are arguments for
    tests.
    """

    def __init__(
        self,
        settings: FetchSettings,
        concurrency: int,
        *,
        patience: float = PATIENCE_SECONDS,
        keeper: TurnKeeper | None = None,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._places = Places(concurrency)
        self.running = 0  # requests that have started and aren't over
        self._settings = settings
        self._patience = patience
        self._clock = clock or asyncio.get_running_loop().time
        self._sleep = sleep
        self._lanes: dict[str, _Lane] = {}
        self._providers: dict[str, _Provider] = {}
        self._remembered: set[str] = set()  # providers of which no host is in use, but a hold lasts
        self._keeper = keeper

    def _lane(self, host: str) -> _Lane:
        if host not in self._lanes:
            provider = self._provider(host)
            provider.lanes += 1
            settings = self._settings
            self._lanes[host] = _Lane(settings.per_host_concurrency, settings.per_host_delay_seconds, provider)
        return self._lanes[host]

    def _provider(self, host: str) -> _Provider:
        name = registered_domain(host)
        if name not in self._providers:
            self._providers[name] = _Provider(self._settings.per_provider_concurrency)
        return self._providers[name]

    @property
    def places(self) -> Places:
        """Return the places of requests that have none of their own."""
        return self._places

    # what hosts ask for -----------------------------------------------------------------------------------------------

    def set_crawl_delay(self, host: str, crawl_delay: float | None) -> None:
        """Space ``host``'s requests by the delay that it asks for, up to the longest that we grant; None: as usual."""
        lane = self._lane(host)
        granted = None if crawl_delay is None else min(crawl_delay, self._settings.max_crawl_delay_seconds)
        if granted != lane.crawl_delay:
            lane.crawl_delay = granted
            lane.next_start = max(lane.next_start, lane.last_start + lane.delay)
            if self._keeper is not None:
                self._keeper.note(host)

    def hold(self, host: str, seconds: float | None) -> None:
        """Leave ``host`` alone for ``seconds``; for a while where it named no time.

        Where a second host of a provider asks for time, all of its hosts are left alone: it counts them together.
        """
        wait = _DEFAULT_HOLD_SECONDS if seconds is None else min(seconds, _MAX_HOLD_SECONDS)
        lane = self._lane(host)
        lane.held_until = max(lane.held_until, self._clock() + wait)
        lane.provider.refused.add(host)
        lane.provider.remembered_until = max(lane.provider.remembered_until, lane.held_until)
        if len(lane.provider.refused) > 1:
            lane.provider.held_until = max(lane.provider.held_until, lane.held_until)
        if self._keeper is not None:
            self._keeper.note(host)

    # hosts that are ours ----------------------------------------------------------------------------------------------

    def take(self, grant: Grant) -> None:
        """Take a host on that the keeper made ours (still or anew)."""
        now, lane = self._clock(), self._lane(grant.host)
        if lane.leased_until < now:  # it may have been another program's meanwhile
            lane.next_start = max(lane.next_start, now + grant.ready_in)
            lane.held_until = max(lane.held_until, now + grant.held_for)
            if lane.crawl_delay is None:
                lane.crawl_delay = grant.crawl_delay
        lane.reserved_until = max(lane.reserved_until, now + grant.reserved_for)
        lane.leased_until = now + grant.leased_for

    def ready_in(self, host: str) -> float | None:
        """Return the seconds until the next request at ``host`` that isn't taken on yet may start.

        None where nothing is known of the host: it isn't ours.
        """
        lane = self._lanes.get(host)
        if lane is None:
            return None
        return lane.wait(self._clock()) + max(lane.planned - lane.running, 0) * lane.delay

    def next_start_in(self, host: str) -> float | None:
        """Return the seconds until the next request at ``host`` may start, None where the host isn't ours."""
        lane = self._lanes.get(host)
        if lane is None or lane.leased_until < self._clock():
            return None
        return max(lane.next_start - self._clock(), 0.0)

    def reserved_for(self, host: str) -> float:
        """Return the seconds from now for which turns at ``host`` are in the ledger."""
        lane = self._lanes.get(host)
        return 0.0 if lane is None else max(lane.reserved_until - self._clock(), 0.0)

    def delay_of(self, host: str) -> float:
        """Return the seconds between two requests at ``host``."""
        lane = self._lanes.get(host)
        return self._settings.per_host_delay_seconds if lane is None else lane.delay

    def held_for(self, host: str) -> float:
        """Return for how many seconds more ``host`` is to be left alone."""
        lane = self._lanes.get(host)
        return 0.0 if lane is None else max(lane.held_until - self._clock(), 0.0)

    def crawl_delay_of(self, host: str) -> float | None:
        """Return the delay that ``host`` asks for, as far as we grant it."""
        lane = self._lanes.get(host)
        return None if lane is None else lane.crawl_delay

    def idle_hosts(self) -> list[str]:
        """Return the hosts at which nothing is under way and nothing waits."""
        return [host for host, lane in self._lanes.items() if not lane.users]

    def drop(self, host: str) -> None:
        """Forget a host that was given back; what it asked for is in the ledger."""
        lane = self._lanes.pop(host)
        provider = lane.provider
        provider.lanes -= 1
        if not provider.lanes:
            self._remembered.add(registered_domain(host))
        now = self._clock()
        over = [name for name in self._remembered if self._providers[name].remembered_until <= now]
        self._remembered.difference_update(over)
        for name in over:
            if not self._providers[name].lanes:
                del self._providers[name]

    def plan(self, host: str) -> None:
        """Take a request at ``host`` on; the host stays ours until ``end_plan``."""
        lane = self._lane(host)
        lane.users += 1
        lane.planned += 1

    def end_plan(self, host: str) -> None:
        """Note that a request that was taken on is over, or given back."""
        lane = self._lanes[host]
        lane.users -= 1
        lane.planned -= 1

    def planned_at(self, host: str) -> int:
        """Return how many requests at ``host`` are taken on and aren't over."""
        lane = self._lanes.get(host)
        return 0 if lane is None else lane.planned

    @contextlib.contextmanager
    def _using(self, host: str) -> Iterator[_Lane]:
        """Keep ``host`` ours during the block."""
        lane = self._lane(host)
        lane.users += 1
        try:
            yield lane
        finally:
            lane.users -= 1

    # requests ---------------------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def slot(self, host: str, *, spaced: bool = True, places: Places | None = None) -> AsyncIterator[None]:
        """Wait for a turn at ``host`` and hold it; ``spaced=False`` for what continues the last request.

        ``places`` are those of this kind of request, where it has its own.

        Raises:
            NotNowError: TOO_MANY_REQUESTS (retry) where that would take too long: the host asked to be left alone, its
                requests must be far apart and many wait, or another program has it.
        """
        places = places or self._places
        with self._using(host) as lane:
            self._refuse_if_long(host, lane, ahead=lane.waiting)
            async with contextlib.AsyncExitStack() as held:
                lane.waiting += 1
                try:
                    await held.enter_async_context(lane.slots)
                    async with lane.turn:
                        await self._await_turn(host, lane, spaced=spaced)
                        await held.enter_async_context(lane.provider.slots)
                        await held.enter_async_context(places.hold())
                        await places.backlog.wait_for_room()
                        await self._secure(host, lane)  # what it waited for may have taken its time
                        started = self._clock()
                        lane.start(started)
                finally:
                    lane.waiting -= 1
                self.running += 1
                lane.running += 1
                try:
                    yield
                finally:
                    self.running -= 1
                    lane.running -= 1
                    lane.finish(started, self._clock())

    async def _await_turn(self, host: str, lane: _Lane, *, spaced: bool) -> None:
        """Wait until a request may start; raise NotNowError where that would take too long."""
        await self._secure(host, lane)
        self._refuse_if_long(host, lane, ahead=0)
        while spaced and (wait := lane.wait(self._clock())) > 0:
            await self._sleep(wait)
            self._refuse_if_long(host, lane, ahead=0)  # it may have asked to be left alone meanwhile

    async def _secure(self, host: str, lane: _Lane) -> None:
        """Make sure that the host is ours, and that the turn after this one is in the ledger.

        Raises:
            NotNowError: Another program has it.
        """
        if self._keeper is None:
            return
        until = self._clock() + self._patience
        while not self._is_secured(lane):
            grant = await self._keeper.reserve(host, 1 + min(lane.waiting, _EXTRA_TURNS))
            if grant is not None:
                self.take(grant)
                return
            if self._clock() >= until:
                detail = f"another program asks {host} at the moment"
                raise NotNowError(
                    Outcome.RETRY, Reason.TOO_MANY_REQUESTS, detail, retry_after=self._patience, tried=False
                )
            await self._sleep(_RETRY_SECONDS)

    def _is_secured(self, lane: _Lane) -> bool:
        now = self._clock()
        start = now + lane.wait(now)
        is_written = lane.delay <= 0 or start + lane.delay <= lane.reserved_until
        return is_written and lane.leased_until >= now + _LEASE_MARGIN_SECONDS

    def _refuse_if_long(self, host: str, lane: _Lane, ahead: int) -> None:
        """Refuse a request that would wait too long; ``ahead`` others wait already.

        Raises:
            NotNowError: TOO_MANY_REQUESTS (retry).
        """
        wait = lane.wait(self._clock()) + ahead * lane.delay
        if wait > self._patience:
            detail = f"{host} is to be left alone, or others wait for it, for {wait:.0f} s more"
            raise NotNowError(Outcome.RETRY, Reason.TOO_MANY_REQUESTS, detail, retry_after=wait, tried=False)

    def gate(self, ask: Callable[[str], Awaitable[None]] | None = None, places: Places | None = None) -> Gate:
        """Return the gate of one item's requests, for ``Client.get``.

        ``ask`` is asked before each hop and may raise. Redirects within a host follow at once. A server that says
        when to come back has its host held. Once something was asked, a host that can't be asked soon is an ItemError
        as any other.
        """
        last: str | None = None

        @contextlib.asynccontextmanager
        async def enter(url: str) -> AsyncIterator[None]:
            nonlocal last
            host, before = urls.host_and_port(url), last
            try:
                if ask:
                    await ask(url)
                async with self.slot(host, spaced=host != last, places=places):
                    last = host
                    try:
                        yield
                    except ItemError as error:
                        if error.reason is Reason.TOO_MANY_REQUESTS or error.retry_after is not None:
                            self.hold(host, error.retry_after)
                        raise
            except NotNowError as error:
                if before is None:
                    raise
                raise error.after_request() from error

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
