"""Keep the hosts of a run in the ledger: whose they are, and turns that are written ahead of the requests.

Whatever ends the program, whoever has a host next finds in the ledger when it may be asked. All that changes hosts goes
through one lock, one transaction after the other; wishes that come while one is under way are taken together.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import sqlalchemy as sa
from msgspec.structs import replace

from pipeline.context import Context
from pipeline.feed_records import HostState
from pipeline.fetch.pacing import Grant, Pacing
from pipeline.fetch.robots import Call
from pipeline.fetch.turns import AHEAD_SECONDS, turns_within

T = TypeVar("T")

# How long a host stays ours without a further request: it is given back soon after nothing of it is under way.
LEASE_SECONDS = 60.0
# So often hosts are given back at most while others are at work.
_RELEASE_SECONDS = 1.0
# So long it is known when a host that was given back may be asked: a look at the ledger may be older than that.
_REMEMBERED_SECONDS = 5.0


class Wish(NamedTuple):
    """How many turns are wanted at a host, and what this program knows of it. All times are seconds from now.

    ``next_start_in`` is None where the host isn't ours yet: then the ledger knows.
    """

    host: str
    turns: int
    next_start_in: float | None = None
    reserved_for: float = 0.0
    held_for: float = 0.0
    crawl_delay: float | None = None


def plan_turns(state: HostState, wish: Wish, now: dt.datetime, usual_delay: float) -> tuple[HostState, Grant]:
    """Return a host's state with turns written ahead as ``wish`` has it, and what that grants: pure.

    A next turn that lies further ahead than any that is ever written comes from a clock that has jumped back since.
    """
    is_known = wish.next_start_in is not None or wish.crawl_delay is not None
    crawl_delay = wish.crawl_delay if is_known else state.crawl_delay
    delay = max(usual_delay, crawl_delay or 0.0)
    if wish.next_start_in is not None:
        start, held = wish.next_start_in, wish.held_for
    else:
        start = min(_seconds(now, state.next_turn), 2 * AHEAD_SECONDS + 5 * delay)
        held = _seconds(now, state.held_until)
    first = max(start, held)
    reserved = max(first + wish.turns * delay if wish.turns else start, wish.reserved_for)
    saved = replace(
        state,
        next_turn=now + dt.timedelta(seconds=reserved),
        held_until=now + dt.timedelta(seconds=held) if held > 0 else None,
        crawl_delay=crawl_delay,
    )
    return saved, Grant(state.host, start, held, crawl_delay, reserved, LEASE_SECONDS)


def _seconds(now: dt.datetime, until: dt.datetime | None) -> float:
    return max((until - now).total_seconds(), 0.0) if until else 0.0


class HostTurns:
    """The hosts that a run asks, in the ledger (``fetch.pacing.TurnKeeper``). ``pacing`` is set before it is used."""

    pacing: Pacing

    def __init__(self, context: Context, call: Call) -> None:
        self._context = context
        self._call = call
        self._lock = asyncio.Lock()
        self._wanted: dict[str, int] = {}
        self._waiters: dict[str, list[asyncio.Future[Grant | None]]] = {}
        self._writer: asyncio.Task[None] | None = None
        self._released = float("-inf")  # when hosts were last given back, by the event loop's time
        self._given_back: dict[str, tuple[float, float]] = {}  # host → when it was, and when it may be asked next

    async def reserve(self, host: str, turns: int) -> Grant | None:
        """Make ``host`` ours and write turns ahead; None where another program has it."""
        future: asyncio.Future[Grant | None] = asyncio.get_running_loop().create_future()
        self._wanted[host] = max(turns, self._wanted.get(host, 0))
        self._waiters.setdefault(host, []).append(future)
        self._start_writer()
        return await future

    def note(self, host: str) -> None:
        """Have what ``host`` asked for written soon."""
        self._wanted.setdefault(host, 0)
        self._start_writer()

    async def claim(
        self, chosen: Mapping[str, int], take: Callable[[sa.Connection, Mapping[str, int]], Sequence[T]]
    ) -> tuple[Sequence[T], dict[str, int]]:
        """Make hosts ours and claim what waits at them, in one transaction.

        Args:
            chosen: host → how many requests are to be taken on.
            take: claims that many of the hosts that are ours; called in the transaction.

        Returns:
            What ``take`` returned, and host → how many could be claimed of those hosts that are ours.
        """
        async with self._lock:
            wishes = [self._wish(host, count + self.pacing.planned_at(host) + 1) for host, count in chosen.items()]

            def claim() -> tuple[Sequence[T], dict[str, int], list[Grant]]:
                with self._context.store.write() as connection:
                    grants = self._write(connection, wishes)
                    allowed = {
                        grant.host: min(
                            chosen[grant.host], turns_within(max(grant.ready_in, grant.held_for), self._delay(grant))
                        )
                        for grant in grants
                    }
                    return take(connection, {host: n for host, n in allowed.items() if n}), allowed, grants

            claimed, allowed, grants = await self._call(claim)
            for grant in grants:
                self.pacing.take(grant)
            return claimed, allowed

    def ready_in(self, host: str) -> float | None:
        """Return the seconds until ``host`` may be asked next; None where it is neither ours nor was a moment ago."""
        known = self.pacing.ready_in(host)
        if known is None and host in self._given_back:
            return max(self._given_back[host][1] - asyncio.get_running_loop().time(), 0.0)
        return known

    async def release_idle(self, *, now_and_then: bool = False) -> None:
        """Give back the hosts at which nothing is under way, with the turns that they really had.

        ``now_and_then``: not more often than hosts are worth it, as what a feed shows is asked of its host next.
        """
        time = asyncio.get_running_loop().time()
        if not self.pacing.idle_hosts() or (now_and_then and time - self._released < _RELEASE_SECONDS):
            return
        self._released = time
        async with self._lock:
            wishes = [self._wish(host, 0)._replace(reserved_for=0.0) for host in self.pacing.idle_hosts()]
            remembered = (item for item in self._given_back.items() if time - item[1][0] < _REMEMBERED_SECONDS)
            self._given_back = dict(remembered)
            for wish in wishes:
                self._given_back[wish.host] = (time, time + max(wish.next_start_in or 0.0, wish.held_for))
                self._wanted.pop(wish.host, None)
                self.pacing.drop(wish.host)  # who wants it now gets it anew, when this is through

            def release() -> None:
                context = self._context
                with context.store.write() as connection:
                    known = context.store.hosts.get_states(connection, [wish.host for wish in wishes])
                    states = [self._plan(known[wish.host], wish) for wish in wishes if wish.host in known]
                    context.store.hosts.release(connection, [state for state, _ in states])

            await self._call(release)

    async def close(self) -> None:
        """Write what is left to write, and give all hosts back."""
        if self._writer is not None:
            await self._writer
        await self.release_idle()

    def _wish(self, host: str, turns: int) -> Wish:
        pacing = self.pacing
        return Wish(
            host=host,
            turns=turns,
            next_start_in=pacing.next_start_in(host),
            reserved_for=pacing.reserved_for(host),
            held_for=pacing.held_for(host),
            crawl_delay=pacing.crawl_delay_of(host),
        )

    def _delay(self, grant: Grant) -> float:
        return max(self._context.settings.fetch.per_host_delay_seconds, grant.crawl_delay or 0.0)

    def _plan(self, state: HostState, wish: Wish) -> tuple[HostState, Grant]:
        context = self._context
        return plan_turns(state, wish, context.clock(), context.settings.fetch.per_host_delay_seconds)

    def _write(self, connection: sa.Connection, wishes: Sequence[Wish]) -> list[Grant]:
        """Lease the hosts of ``wishes`` and write their turns; return the grants of those that are ours."""
        store, now = self._context.store, self._context.clock()
        leased = store.hosts.lease(connection, [wish.host for wish in wishes], now, LEASE_SECONDS)
        planned = [self._plan(leased[wish.host], wish) for wish in wishes if wish.host in leased]
        store.hosts.save(connection, [state for state, _ in planned])
        return [grant for _, grant in planned]

    def _start_writer(self) -> None:
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_wanted())

    async def _write_wanted(self) -> None:
        """Write what is wanted until nothing is; an error goes to those who wait."""
        while self._wanted:
            async with self._lock:
                waiters, self._waiters = self._waiters, {}
                wishes = [self._wish(host, turns) for host, turns in self._wanted.items()]
                self._wanted.clear()
                try:
                    grants = await self._call(functools.partial(self._write_now, wishes))
                except Exception as error:
                    if not waiters:
                        raise
                    _tell(waiters, error)
                    continue
                for grant in grants:
                    self.pacing.take(grant)
            _tell(waiters, {grant.host: grant for grant in grants})

    def _write_now(self, wishes: Sequence[Wish]) -> list[Grant]:
        if not wishes:
            return []
        with self._context.store.write() as connection:
            return self._write(connection, wishes)


def _tell(
    waiters: Mapping[str, Sequence[asyncio.Future[Grant | None]]], answer: Mapping[str, Grant] | Exception
) -> None:
    """Tell those who still wait for a host what came of it."""
    for host, futures in waiters.items():
        for future in futures:
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer.get(host))
