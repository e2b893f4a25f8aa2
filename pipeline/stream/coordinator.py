"""Let the loops of one run's stages know of each other: wake-ups, room, rest, and when the run is to end.

All of it happens on the event loop; only ``call`` leaves it. Nothing here reads the wall clock but through ``clock``,
and all waiting is the event loop's, so that a simulation may put another one in its place.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import datetime as dt
import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

import msgspec

from pipeline.records import Outcome, Stage
from pipeline.store import StageResult, stage_after
from pipeline.stream.figure_recorder import FigureRecorder
from pipeline.stream.pauses import Pauses
from pipeline.stream.queues import StageQueues

T = TypeVar("T")

_QUICKEST_LOOK = 0.05  # seconds; a loop that was wrong about what is due does not spin
_FEW_WAITING = 8  # articles: about as many as two worker processes have in hand and next
_SLOW_LOOK = 5.0  # seconds after which a loop that rests looks anyhow, whatever woke it or didn't


class CoordinatorPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run does: its stages, and whether it ends by itself.

    Args:
        stages: those that run.
        follows: whether it goes on until it is told to end; else it ends when all its loops rest.
        slow_look: seconds after which a loop that rests looks anyhow.
    """

    stages: frozenset[Stage]
    follows: bool
    slow_look: float = _SLOW_LOOK


class _Rest(msgspec.Struct, eq=False):
    """A loop, or one lane of it, that rests."""

    stage: Stage
    waiter: asyncio.Future[bool]


class StreamCoordinator:
    """The coordinator of a run whose stages work at the same time.

    Args:
        plan: what the run does.
        queues: what waits between the stages.
        clock: the time by which articles and hosts are due.
        executor: where what may block is done; None for at once, on the event loop.
        tell: takes a line for the person who watches.
        recorder: counts what is done; without it nobody sees that.
    """

    def __init__(
        self,
        plan: CoordinatorPlan,
        queues: StageQueues,
        clock: Callable[[], dt.datetime],
        executor: concurrent.futures.Executor | None,
        tell: Callable[[str], None],
        recorder: FigureRecorder | None = None,
    ) -> None:
        self.plan = plan
        self.queues = queues
        self.tell = tell
        self._clock = clock
        self._executor = executor
        self.event_loop = asyncio.get_running_loop()
        self.recorder = recorder or FigureRecorder("", "", clock=clock, timer=self.event_loop.time)
        self._pauses = Pauses()
        self._ending = asyncio.Event()
        self._lanes = dict.fromkeys(plan.stages, 1)  # those that must rest for the stage to rest
        self._resting: list[_Rest] = []
        self._hearers: dict[Stage, Callable[[], None]] = {}
        self._woken: set[Stage] = set()  # that nobody rested for when they were woken
        self._room: dict[Stage, asyncio.Event] = {stage: asyncio.Event() for stage in Stage}
        self.round = 0  # raised when all loops rest and something has changed since: each looks, and maintains, anew
        self._has_changed = False

    # what loops see ---------------------------------------------------------------------------------------------------

    @property
    def is_ending(self) -> bool:
        """Tell whether the run is to end."""
        return self._ending.is_set()

    async def call(self, function: Callable[[], T]) -> T:
        """Return ``function()``, run on a thread of its own."""
        if self._executor is None:
            return function()
        return await self.event_loop.run_in_executor(self._executor, function)

    def wake(self, stage: Stage) -> None:
        """Say that something waits for ``stage`` now: one of its lanes that rest gets up."""
        if not self._lanes.get(stage):
            return
        if hear := self._hearers.get(stage):
            hear()
        rest = next((rest for rest in self._resting if rest.stage is stage), None)
        if rest is None:
            self._woken.add(stage)
        else:
            self._get_up(rest, woken=True)

    def attend(self, stage: Stage, hear: Callable[[], None]) -> None:
        """Have ``hear`` called whenever ``stage`` is woken."""
        self._hearers[stage] = hear

    async def rest(self, stage: Stage, *, until: dt.datetime | None = None) -> bool:
        """Wait until ``stage`` is woken, at the latest ``until``; return whether it was woken."""
        if self.is_ending:
            return False
        if stage in self._woken:
            self._woken.discard(stage)
            return True
        seconds = self._seconds_to_rest(until)
        rest = _Rest(stage, self.event_loop.create_future())
        self._resting.append(rest)
        timer = None if seconds is None else self.event_loop.call_later(seconds, functools.partial(self._get_up, rest))
        if self._rests(stage):
            self._settle(stage)
        self._look_whether_all_rest()
        try:
            return await rest.waiter
        finally:
            if timer:
                timer.cancel()
            self._get_up(rest)

    async def wait_for_room(self, stage: Stage) -> None:
        """Wait while more articles, or bytes, wait for ``stage`` than may; for one that doesn't run there is room."""
        while not self.is_ending and self._lanes.get(stage) and self.queues.is_full(stage):
            self._room[stage].clear()
            await self._room[stage].wait()

    def is_busy(self) -> bool:
        """Tell whether more than a few articles wait for extract or enrich, which do most of the work."""
        return any(self.queues.queues[stage].articles > _FEW_WAITING for stage in (Stage.EXTRACT, Stage.ENRICH))

    def count(self, stage: Stage, saved: Sequence[StageResult]) -> None:
        """Note saved results: they are counted in what waits for the stages that they go on to.

        Those stages are woken by what the ledger announces.
        """
        if not saved:
            return
        now = self._clock()
        for result in saved:
            following = stage_after(result, stage, now)
            if following is not None:
                record = result.record if result.outcome is Outcome.DONE else None
                self.queues.add(following, record)
        self.recorder.count_results(stage, saved)
        self.queues.subtract(stage, len(saved))
        self.note_working(stage)
        self._offer_room(stage)

    # what the run sees ------------------------------------------------------------------------------------------------

    def hear(self, stages: Collection[Stage]) -> None:
        """Take the stages for which something waits since a transaction of this program or of another one."""
        self._has_changed = True
        for stage in stages:
            self.wake(stage)

    def end(self) -> None:
        """Let all loops end: who rests or waits for room gets up."""
        self._ending.set()
        for rest in tuple(self._resting):
            self._get_up(rest)
        for event in self._room.values():
            event.set()

    async def wait_for_end(self) -> None:
        """Wait until the run is to end."""
        await self._ending.wait()

    async def sleep(self, seconds: float) -> None:
        """Wait so long, or until the run is to end."""
        try:
            async with asyncio.timeout(seconds):
                await self._ending.wait()
        except TimeoutError:
            return

    def set_lanes(self, stage: Stage, lanes: int) -> None:
        """Say how many lanes of ``stage`` must rest for it to rest; 0 for a stage that has ended."""
        self._lanes[stage] = lanes
        if not lanes:
            self._woken.discard(stage)
            self._room[stage].set()
            self._look_whether_all_rest()

    def rouse(self, stages: Collection[Stage] = tuple(Stage)) -> None:
        """Let all lanes of ``stages`` that rest get up and look."""
        for rest in tuple(self._resting):
            if rest.stage in stages:
                self._get_up(rest)

    def resting_stages(self) -> set[Stage]:
        """Return the stages that have a lane that rests."""
        return {rest.stage for rest in self._resting}

    def set_queue(self, counts: Mapping[Stage, int]) -> None:
        """Put right how many articles wait for stages."""
        for stage, articles in counts.items():
            self.queues.set_count(stage, articles)
            self._offer_room(stage)

    def begin_pause(self, stage: Stage, fault: str) -> float:
        """Note that ``stage`` can't work; return for how many seconds it pauses."""
        self.recorder.pause(stage, fault)
        seconds, line = self._pauses.begin(stage, fault, self.event_loop.time())
        if line:
            self.tell(line)
        return seconds

    def note_working(self, stage: Stage) -> None:
        """Note that ``stage`` works."""
        self.recorder.resume(stage)
        if line := self._pauses.end(stage, self.event_loop.time()):
            self.tell(line)

    # inside -----------------------------------------------------------------------------------------------------------

    def _seconds_to_rest(self, until: dt.datetime | None) -> float | None:
        """Return for how long a loop rests at most; None where the run ends then, and leaves to the next what comes."""
        if not self.plan.follows:
            return None
        seconds = self.plan.slow_look if until is None else (until - self._clock()).total_seconds()
        return min(max(seconds, _QUICKEST_LOOK), self.plan.slow_look)

    def _get_up(self, rest: _Rest, *, woken: bool = False) -> None:
        """Let a loop go on that rests; one that is up already stays so."""
        if rest not in self._resting:
            return
        self._resting.remove(rest)
        if not rest.waiter.done():
            rest.waiter.set_result(woken)

    def _rests(self, stage: Stage) -> bool:
        """Tell whether all lanes of a stage rest."""
        return sum(rest.stage is stage for rest in self._resting) >= self._lanes[stage]

    def _settle(self, stage: Stage) -> None:
        """Note that a stage has found nothing to do: whatever was counted, there is room."""
        self.note_working(stage)
        self.queues.set_count(stage, 0)
        self._offer_room(stage)

    def _offer_room(self, stage: Stage) -> None:
        if not self.queues.is_full(stage):
            self._room[stage].set()

    def _look_whether_all_rest(self) -> None:
        """End a run that ends by itself when all its loops rest.

        What maintenance does may bring work, and work what is to be maintained: it ends when neither changes anything.
        """
        if self.plan.follows or self.is_ending or self._woken or not all(map(self._rests, self.plan.stages)):
            return
        if not self._has_changed:
            self.end()
            return
        self._has_changed = False
        self.round += 1
        self.rouse()
