"""Run a stage that takes articles in batches, as long as the run lasts: extract, dedupe, enrich, cluster, index.

A batch is what waits when a lane looks, up to a size. Stages whose work is done in worker processes have two lanes that
share the processes: while one lane claims or saves, the other one keeps them at work.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from pipeline.context import Context
from pipeline.errors import WorkersError
from pipeline.report import Report
from pipeline.stages.runner import StageHandler, StageRun
from pipeline.store import StageResult
from pipeline.stream.coordinator import StreamCoordinator
from pipeline.workers import Workers

_COMPANY_SECONDS = 0.01  # that a lane which is woken waits for more articles, so that a batch has some
# A batch of a stage without worker processes costs as much as many of its articles. Where the run is busy, it is woken
# again after so many times what its last batch took, at most so many seconds: it is at work a quarter of the time,
# unless batches are full. Else there is time for small batches.
_PAUSE_FACTOR, _LONGEST_PAUSE = 3.0, 0.25
_MAINTAIN_SECONDS = 5.0  # between two times that a stage does what is to be done now and then
_MAINTAIN_AT_LATEST = 60.0  # after so long a stage whose lanes are always at work lets them come to an end for it
_ARTICLES_PER_WORKER = 8  # in a batch of a stage with worker processes
_ORDERED_ARTICLES = 250  # in a batch of an ordered stage, which is saved as a whole: it must end within seconds
_FAILURES_FORGOTTEN = 3600.0  # seconds after which the first failures are logged one by one again


def seconds_for_company(since: float, took: float) -> float:
    """Return how long a stage waits for company: its last batch ended ``since`` seconds ago, after ``took``. Pure."""
    return max(_COMPANY_SECONDS, min(_PAUSE_FACTOR * took, _LONGEST_PAUSE) - since)


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """Which articles a run takes.

    Args:
        sources: whose; none means all.
        limit: how many at most in each stage; None for all.
    """

    sources: tuple[str, ...] = ()
    limit: int | None = None


class _Step(msgspec.Struct, frozen=True):
    """What a lane's look came to: how many articles it took, and when the next one may be claimed."""

    taken: int
    has_more: bool = False  # probably: the batch was full
    next_due: dt.datetime | None = None


class _Lane:
    """One handler of the stage, and the run of it that takes batch after batch."""

    def __init__(self, handler: StageHandler) -> None:
        self.handler = handler
        self.run: StageRun | None = None  # while it is entered
        self.began = 0.0  # when the run did, by the event loop's time
        self.is_busy = False


WorkersOpener = Callable[[type[StageHandler], Context], Workers[Any, Any] | None]


def open_workers(handler_class: type[StageHandler], context: Context) -> Workers[Any, Any] | None:
    """Return the worker processes that the lanes of a stage share; None where its work isn't done in any."""
    return handler_class.open_workers(context)


class BatchLoop:
    """The loop of one stage that has a handler."""

    def __init__(
        self,
        coordinator: StreamCoordinator,
        context: Context,
        handler_class: type[StageHandler],
        work: Work,
        open_workers: WorkersOpener = open_workers,
    ) -> None:
        self.stage = handler_class.stage
        self.report = Report(self.stage)
        self.context = context
        self.coordinator = coordinator
        self.work = work
        self._class = handler_class
        self._open_workers = open_workers
        self.event_loop = asyncio.get_running_loop()
        self._pool: Workers[Any, Any] | None = None
        self._lanes: list[_Lane] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._error: Exception | None = None
        self._is_interrupted = False
        self._last_ended, self._last_took = float("-inf"), 0.0  # of batches
        self._is_given_up = False

    async def run(self) -> None:
        """Take batch after batch until the run is to end.

        Raises NewswireError where the stage can't work; what it had claimed is given back. It may be called again.
        """
        self._error = None
        self._gate = asyncio.Lock()  # who holds it keeps lanes from beginning a batch
        self._idle = asyncio.Event()
        self._idle.set()
        self._round = self.coordinator.round
        call = self.coordinator.call
        self._pool = await call(lambda: self._open_workers(self._class, self.context))
        count = 2 if self._pool and self.work.limit is None else 1
        self._lanes = [_Lane(self._class(self.context, self._pool)) for _ in range(count)]
        self.coordinator.set_lanes(self.stage, count)
        try:
            if self.coordinator.plan.follows:  # articles will come; one that ends by itself may have nothing to do
                await call(self._prepare)
            await self._maintain()
            self._tasks = [asyncio.create_task(self._run_lane(lane)) for lane in self._lanes]
            await asyncio.gather(*self._tasks, return_exceptions=True)
        finally:
            await call(self._leave)
        if fault := self._fault():
            raise fault

    def _fault(self) -> Exception | None:
        """Return why the stage can't work; that its work was cut off is no fault of the stage's."""
        return None if self._is_given_up and isinstance(self._error, WorkersError) else self._error

    def _prepare(self) -> None:
        """Load what work needs, and start its processes, before there is any; on a thread that may block."""
        if self._pool:
            self._pool.start()
        for lane in self._lanes:
            self._enter(lane)

    def interrupt(self) -> None:
        """Let batches that are under way end soon; what has no result is given back."""
        self._is_interrupted = True
        for lane in self._lanes:
            lane.handler.is_interrupted = True
            if lane.run:
                lane.run.interrupt()

    def give_up(self) -> None:
        """Let batches that are under way end at once, by force where need be: their worker processes are killed."""
        self.interrupt()
        self._is_given_up = True
        if self._pool:
            self._pool.give_up()

    # lanes ------------------------------------------------------------------------------------------------------------

    async def _run_lane(self, lane: _Lane) -> None:
        """Take batches in one lane; the first error of any lane ends all of them."""
        try:
            await self._take_batches(lane)
        except Exception as error:  # noqa: BLE001  (run raises it when all lanes have come to an end)
            self._error = self._error or error
            for other, task in zip(self._lanes, self._tasks, strict=True):
                if not other.is_busy and task is not asyncio.current_task():
                    task.cancel()

    async def _take_batches(self, lane: _Lane) -> None:
        following, may_be_pending, is_woken = self.stage.next(), True, False
        while not self.coordinator.is_ending and self._error is None:
            await self._maintain_if_due()
            if following:
                await self.coordinator.wait_for_room(following)
            async with self._gate:
                lane.is_busy = True
                self._idle.clear()
            try:
                step = await self._look(lane, may_be_pending=may_be_pending, is_woken=is_woken)
            finally:
                lane.is_busy = False
                if not any(other.is_busy for other in self._lanes):
                    self._idle.set()
            may_be_pending = is_woken = False
            if not step.has_more and not self.coordinator.is_ending:
                may_be_pending = True
                is_woken = await self._rest(step.next_due)

    async def _rest(self, next_due: dt.datetime | None) -> bool:
        """Rest until something waits, and return whether it does; who is woken waits a moment for more, no longer."""
        is_woken = await self.coordinator.rest(self.stage, until=next_due)
        if is_woken:
            await asyncio.sleep(self._company_seconds())
        return is_woken

    def _company_seconds(self) -> float:
        """Return how long a lane that is woken now waits for more articles."""
        if self._pool or not self.coordinator.is_busy():
            return _COMPANY_SECONDS
        return seconds_for_company(self.event_loop.time() - self._last_ended, self._last_took)

    async def _look(self, lane: _Lane, *, may_be_pending: bool, is_woken: bool) -> _Step:
        """Take a batch where any article waits, or something else may; wake the other lane where there was more."""
        started = self.event_loop.time()
        step = functools.partial(self._step, lane, may_be_pending=may_be_pending, is_woken=is_woken)
        with self.coordinator.recorder.at_work(self.stage):
            result = await self.coordinator.call(step)
        if result.taken:
            self._last_ended = self.event_loop.time()
            self._last_took = self._last_ended - started
            self.report.add_seconds(self._last_took)
        if result.has_more and len(self._lanes) > 1:
            self.coordinator.wake(self.stage)
        return result

    def _step(self, lane: _Lane, *, may_be_pending: bool, is_woken: bool) -> _Step:
        """Look, unless something is known to wait, and take a batch; on a thread that may block."""
        if not is_woken:
            due = self._next_due()
            waits = due is not None and due <= self.context.clock()
            if not waits and not (may_be_pending and lane.handler.has_pending_work()):
                return _Step(0, next_due=due)
        taken = self.take_batch(self._enter(lane), self._size)
        if taken >= self._size:
            return _Step(taken, has_more=True)
        due = self._next_due()
        # what is due by now waits for something else than the time, or has come meanwhile, and then wakes this stage
        return _Step(taken, next_due=due if due is not None and due > self.context.clock() else None)

    def _next_due(self) -> dt.datetime | None:
        """Return when the next article may be claimed, or since when one may be."""
        store = self.context.store
        with store.read() as connection:
            return store.ledger.next_due(connection, self.stage, self.context.clock(), self.work.sources)

    def take_batch(self, run: StageRun, size: int) -> int:
        """Take a batch of at most ``size`` articles; return how many it had."""
        return run.step(size)

    @property
    def _size(self) -> int:
        """Return how many articles a batch has at most."""
        settings = self.context.settings.run
        if self._class.ordered:
            return min(settings.ordered_batch, _ORDERED_ARTICLES)
        return min(settings.batch, _ARTICLES_PER_WORKER * self._pool.count) if self._pool else settings.batch

    def _enter(self, lane: _Lane) -> StageRun:
        """Return the run of a lane: its handler is entered when there is work, as it may load much."""
        work, now = self.work, self.event_loop.time()
        if lane.run is None:
            lane.handler.__enter__()
        if lane.run is None or (work.limit is None and now - lane.began > _FAILURES_FORGOTTEN):
            lane.began = now
            lane.run = StageRun(
                lane.handler,
                sources=work.sources,
                limit=work.limit,
                on_saved=self._note_saved,
                hurries=self.coordinator.plan.follows,
            )
        return lane.run

    def _note_saved(self, saved: Sequence[StageResult]) -> None:
        self.event_loop.call_soon_threadsafe(self._count, tuple(saved))

    def _count(self, saved: Sequence[StageResult]) -> None:
        for result in saved:
            self.report.add(result.outcome, result.reason)
        self.coordinator.count(self.stage, saved)

    def _leave(self) -> None:
        """Close what the handlers hold open, by force after an error; on a thread that may block."""
        with contextlib.ExitStack() as stack:
            error = self._error
            if self._pool:
                pool = stack.enter_context(self._pool)
                if error or self._is_interrupted:
                    pool.give_up()
            for lane in self._lanes:
                if lane.run:
                    lane.handler.__exit__(type(error) if error else None, error, error.__traceback__ if error else None)
                    lane.run = None

    # now and then -----------------------------------------------------------------------------------------------------

    async def _maintain_if_due(self) -> None:
        """Do what is to be done now and then, when no batch is under way."""
        late = self.event_loop.time() - self._maintained
        if late < _MAINTAIN_AT_LATEST and not (self._is_due() and self._idle.is_set()):
            return
        async with self._gate:
            await self._idle.wait()
            if self._is_due():  # else the other lane has done it
                await self._maintain()

    def _is_due(self) -> bool:
        late = self.event_loop.time() - self._maintained
        return late >= _MAINTAIN_SECONDS or self._round != self.coordinator.round

    async def _maintain(self) -> None:
        self._round = self.coordinator.round
        await self.coordinator.call(self._lanes[0].handler.maintain)
        self._maintained = self.event_loop.time()
