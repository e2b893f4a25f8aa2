"""Attend to a run while its stages work: hear other programs, keep counts right, free what dead programs held.

Each attendant is a coroutine that goes on until it is cancelled. Where the ledger is away it waits: the stages tell.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
import logging
from collections.abc import Callable
from typing import NamedTuple

from pipeline import maintenance
from pipeline.alerts import tend_alerts
from pipeline.context import Context
from pipeline.errors import BusyError, NewswireError, StoreError
from pipeline.notifiers import open_notifiers
from pipeline.records import Stage
from pipeline.saved_searches import tend_searches
from pipeline.stream.coordinator import StreamCoordinator

_log = logging.getLogger(__name__)

FOLLOWER = "follower"  # the lock of the one program that may follow a SQLite ledger
_FOLLOWER_SECONDS = 60.0  # for which it is taken; it is renewed much sooner, and ends with its process
_LOOK_SECONDS = 0.25  # between two looks whether another program has committed, on SQLite; one takes microseconds
_LOOK_BESIDE_OURS_SECONDS = 1.0  # between two looks at what waits, where the commits may all have been ours
_TEND_SECONDS = 5.0
_DAILY_LOOK_SECONDS = 600.0  # between two looks whether a day has passed since the last housekeeping
_JUMP = dt.timedelta(seconds=30)  # clocks that are set right go by less


async def watch_commits(context: Context, coordinator: StreamCoordinator, sources: tuple[str, ...]) -> None:
    """Wake stages for which another program has brought something, on SQLite: it is looked for when one committed."""
    store, loop = context.store, asyncio.get_running_loop()
    watch = await coordinator.call(store.watch_commits)
    ours, looked, may_wait = store.commits, loop.time(), False
    try:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            with contextlib.suppress(StoreError):
                has_changed, ours_before, ours = await coordinator.call(watch.has_changed), ours, store.commits
                may_wait = may_wait or has_changed
                # a change beside commits of ours mostly is ours, which was heard when it was committed
                is_theirs = has_changed and ours == ours_before
                if is_theirs or (may_wait and loop.time() >= looked + _LOOK_BESIDE_OURS_SECONDS):
                    looked, may_wait = loop.time(), False
                    find = functools.partial(store.find_waiting, coordinator.resting_stages(), sources=sources)
                    coordinator.hear(await coordinator.call(lambda: find(now=context.clock())))  # noqa: B023
    finally:
        watch.close()


async def listen(context: Context, coordinator: StreamCoordinator) -> None:
    """Wake stages for which another program has announced something, on PostgreSQL."""
    await context.store.listener().listen(coordinator.hear)


async def keep_house(context: Context, coordinator: StreamCoordinator) -> None:
    """Do what is done once a day."""
    while True:
        try:
            if done := await coordinator.call(lambda: maintenance.run_daily(context)):
                coordinator.tell(f"daily: {done}")
        except BusyError as error:
            _log.info("daily: %s", error)
        except NewswireError as error:
            coordinator.tell(f"daily: {error}; it is tried again later")
        await asyncio.sleep(_DAILY_LOOK_SECONDS)


async def keep_alerts(context: Context, coordinator: StreamCoordinator) -> None:
    """Look every minute at what is wrong, and tell it to those whom the settings name."""
    settings, fault = context.settings, ""
    while True:
        try:
            notifiers = open_notifiers(settings.alerts, settings.fetch, context.clock)
            await coordinator.call(functools.partial(tend_alerts, context, notifiers))
            fault = ""
        except StoreError as error:  # the stages tell
            _log.info("alerts: %s", error)
        except NewswireError as error:
            if str(error) != fault:
                coordinator.tell(f"nobody is told of alerts: {error}")
            fault = str(error)
        await asyncio.sleep(settings.alerts.every_seconds)


async def keep_searches(context: Context, coordinator: StreamCoordinator) -> None:
    """Tell readers what their saved searches match, every few seconds."""
    fault = ""
    while True:
        await asyncio.sleep(context.settings.searches.every_seconds)
        try:
            await coordinator.call(functools.partial(tend_searches, context))
            fault = ""
        except StoreError as error:  # the stages tell
            _log.info("saved searches: %s", error)
        except NewswireError as error:
            if str(error) != fault:
                coordinator.tell(f"saved searches wait: {error}")
            fault = str(error)


class ClockReading(NamedTuple):
    """The time by the clock that may be set, and by the event loop's, which never goes back."""

    wall: dt.datetime
    steady: float


def expected_time(last: ClockReading, steady: float) -> dt.datetime:
    """Return what the clock should say when the event loop's says ``steady``: pure."""
    return last.wall + dt.timedelta(seconds=steady - last.steady)


class Attendant:
    """What is tended every few seconds.

    Args:
        is_follower: whether this program holds the lock of the one that may follow the ledger.
    """

    def __init__(self, context: Context, coordinator: StreamCoordinator, *, is_follower: bool) -> None:
        self._context = context
        self._coordinator = coordinator
        self._is_follower = is_follower
        self._last = self._read_clock()

    async def run(self) -> None:
        """Tend until cancelled; end the run where another program has taken the ledger over."""
        while True:
            await self.tend()
            await asyncio.sleep(_TEND_SECONDS)

    async def tend(self) -> None:
        """Set counts right, free what dead programs held, keep the lock, and look whether the clock jumped."""
        coordinator = self._coordinator
        with contextlib.suppress(StoreError):
            await self._look_at_clock()
            if await coordinator.call(self._context.store.release_dead_owners):
                coordinator.rouse()
            coordinator.set_queue(await coordinator.call(self._count_queues))
            if self._is_follower and (other := await coordinator.call(self.take_ledger)):
                coordinator.tell(f"{describe_follower(other)} has taken the ledger over; this one ends")
                coordinator.end()

    def take_ledger(self) -> str | None:
        """Take, or keep, the lock of the one follower; return the name of the program that has it instead."""
        return self._context.store.keep_lock(FOLLOWER, self._context.clock(), _FOLLOWER_SECONDS)

    def leave_ledger(self) -> None:
        """Give the lock of the one follower back, should this program have it."""
        with self._context.store.write() as connection:
            self._context.store.release_lock(connection, FOLLOWER)

    def _count_queues(self) -> dict[Stage, int]:
        """Return how many articles wait for each stage, no more than may."""
        store, now, most = self._context.store, self._context.clock(), self._coordinator.queues.articles
        stages = [stage for stage in self._coordinator.plan.stages if stage not in {Stage.POLL, Stage.FETCH}]
        with store.read() as connection:
            return {stage: store.ledger.count_queue(connection, stage, now, most) for stage in stages}

    async def _look_at_clock(self) -> None:
        """Let nothing wait for hours that the clock took back, and all look anew where it was put on."""
        coordinator, reading = self._coordinator, self._read_clock()
        expected = expected_time(self._last, reading.steady)
        self._last = reading
        if abs(reading.wall - expected) < _JUMP:
            return
        seconds = (reading.wall - expected).total_seconds()
        coordinator.tell(f"the clock was {'put on' if seconds > 0 else 'put back'} by {abs(seconds):.0f} s")
        if seconds < 0:
            settle: Callable[[], None] = functools.partial(self._context.store.settle_clock, reading.wall, expected)
            await coordinator.call(settle)
        coordinator.rouse()

    def _read_clock(self) -> ClockReading:
        return ClockReading(self._context.clock(), asyncio.get_running_loop().time())


def describe_follower(owner: str) -> str:
    """Return who holds the ledger, in words."""
    host, process, _ = owner.rsplit("/", 2)
    return f"newswire (process {process} of {host})"
