"""Put a run together out of its stages' loops and attendants, and end it: by itself, or when it is told to."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple

import msgspec

from pipeline.context import Context
from pipeline.errors import BusyError
from pipeline.records import Stage
from pipeline.report import Report
from pipeline.runs import recorded_run
from pipeline.stages import HANDLERS, check_sources, preload_workers
from pipeline.stages.coordination import Coordinator
from pipeline.stages.network import SharedNetwork, open_network
from pipeline.stream.attendants import (
    Attendant,
    describe_follower,
    keep_alerts,
    keep_house,
    keep_searches,
    listen,
    watch_commits,
)
from pipeline.stream.batch_loop import BatchLoop, Work, WorkersOpener, open_workers
from pipeline.stream.coordinator import CoordinatorPlan, StreamCoordinator
from pipeline.stream.figure_keeper import TELL_SECONDS, begin_daily, keep_figures, keep_last_figures, tell_figures
from pipeline.stream.figure_recorder import FigureRecorder
from pipeline.stream.host_stage import HostStage
from pipeline.stream.index_loop import IndexLoop
from pipeline.stream.metrics_keeper import push_metrics, push_traces, serve_metrics
from pipeline.stream.operations_keeper import keep_operations, keep_samples
from pipeline.stream.queues import StageQueues
from pipeline.stream.source_watch import SourceWatch
from pipeline.stream.supervisor import StageLoop, supervise

_log = logging.getLogger(__name__)

# After so many seconds a thread that is at work hands the interpreter over to one that wants it. A transaction lets go
# of it at each row, and the event loop at each socket: with Python's own 5 ms both wait as long each time.
_SWITCH_SECONDS = 0.0005
_THREADS = 24  # for what may block: each lane and attendant has one at most, poll and fetch a few
_SLOW_LOOK = 5.0  # seconds
# Seconds from the word to end until batches are cut off, and are left behind.
_CUT_OFF_AFTER = 2.0
_LEFT_AFTER = 8.0
# An attendant that has failed is tried again after so long; locks that it keeps last longer.
_UNATTENDED_SECONDS = 10.0
_MEGABYTE = 1_000_000


class StreamOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a run does.

    Args:
        stages: those that run.
        sources: whose feeds and articles are taken; none means all.
        limit: how many feeds or articles each stage takes at most.
        follows: whether it goes on until it is told to end.
        every: seconds after which feeds, and all that waits, are looked at the latest.
        command: what the run is called where it is shown.
    """

    stages: frozenset[Stage] = frozenset(Stage)
    sources: tuple[str, ...] = ()
    limit: int | None = None
    follows: bool = False
    every: float | None = None
    command: str = "run"


class StreamResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a run.

    Args:
        reports: the counts, by stage.
        faults: what ended stages before their time.
        signal: the number of the signal that ended the run, None where it ended by itself.
        is_stuck: whether something is still under way that could not be ended.
    """

    reports: list[Report]
    faults: list[Exception]
    signal: int | None
    is_stuck: bool


class Surroundings(NamedTuple):
    """What the stages of a run reach the world by; a simulation puts its own in their place."""

    open_network: Callable[[Context, Coordinator], contextlib.AbstractAsyncContextManager[SharedNetwork]] = open_network
    open_workers: WorkersOpener = open_workers


class Stream:
    """One run of the stages, all at the same time.

    Args:
        context: what the run works with.
        options: what it does.
        tell: takes a line for the person who watches.
        surroundings: what its stages reach the world by.
    """

    def __init__(
        self,
        context: Context,
        options: StreamOptions,
        tell: Callable[[str], None],
        surroundings: Surroundings = Surroundings(),  # noqa: B008  (it can't be changed)
    ) -> None:
        self._context = context
        self._options = options
        self._tell = tell
        self._surroundings = surroundings
        self._signal: int | None = None
        self._loops: list[StageLoop] = []

    def run(self) -> StreamResult:
        """Run until nothing is left to do, or until the program is told to end by SIGTERM or SIGINT.

        Raises:
            BusyError: Another program follows the ledger, and that takes one.
            UsageError: A source is unknown.
        """
        check_sources(self._context, self._options.sources)
        preload_workers(self._options.stages)
        # not closed by ``with``: what is stuck in it must not keep the run from ending
        executor = concurrent.futures.ThreadPoolExecutor(_THREADS, thread_name_prefix="newswire")
        try:
            with _switching_threads_soon():
                return asyncio.run(self.run_on_loop(executor))
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    def end(self) -> None:
        """Let the run end that is under way, as a signal does; may be called on any thread."""
        self._call_soon(self._coordinator.end)

    async def run_on_loop(self, executor: concurrent.futures.Executor | None) -> StreamResult:
        """Do what ``run`` does, on the running event loop; without ``executor`` all that blocks is done there too."""
        context, options = self._context, self._options
        settings = context.settings.run
        plan = CoordinatorPlan(
            stages=options.stages,
            follows=options.follows,
            slow_look=min(_SLOW_LOOK, options.every or _SLOW_LOOK),
        )
        queues = StageQueues(articles=settings.queue_articles, size=settings.queue_mb * _MEGABYTE)
        recorder = FigureRecorder(
            context.store.owner, options.command, clock=context.clock, timer=asyncio.get_running_loop().time
        )
        self._coordinator = StreamCoordinator(plan, queues, context.clock, executor, self._tell, recorder)
        is_follower = options.follows and context.store.takes_one_follower
        attendant = Attendant(context, self._coordinator, is_follower=is_follower)
        if is_follower and (other := attendant.take_ledger()):
            raise BusyError(
                f"{describe_follower(other)} follows this ledger already, and SQLite takes one such program: "
                "end that one first, or keep the ledger in PostgreSQL"
            )
        try:
            async with contextlib.AsyncExitStack() as stack:
                stack.enter_context(context.store.hearing(self._hear))
                stack.enter_context(self._ended_by_signals())
                stack.enter_context(recorded_run(context, options.command))
                network = None
                if options.stages & {Stage.POLL, Stage.FETCH}:
                    network = await stack.enter_async_context(
                        self._surroundings.open_network(context, self._coordinator)
                    )
                return await self._run_stages(attendant, network)
        finally:
            if is_follower:
                attendant.leave_ledger()

    async def _run_stages(self, attendant: Attendant, network: SharedNetwork | None) -> StreamResult:
        coordinator = self._coordinator
        if self._options.follows:
            self._tell("following; end it with Ctrl-C")
        self._loops = list(self._make_loops(network))
        loops = [asyncio.create_task(supervise(loop, coordinator)) for loop in self._loops]
        attending = self._make_attendants(attendant, network)
        attendants = [asyncio.create_task(_attend(attend)) for attend in attending]
        all_ended = asyncio.gather(*loops, return_exceptions=True)  # one that is cut off was cancelled
        all_ended.add_done_callback(lambda _: coordinator.end())
        await coordinator.wait_for_end()
        for task in attendants:
            task.cancel()
        is_stuck = not await self._wait_for(loops)
        await keep_last_figures(self._context, coordinator, self._polls)
        faults = [fault for task in loops if task.done() and not task.cancelled() and (fault := task.result())]
        reports = [loop.report for loop in self._loops]
        return StreamResult(reports=reports, faults=faults, signal=self._signal, is_stuck=is_stuck)

    def _make_loops(self, network: SharedNetwork | None) -> Iterator[StageLoop]:
        work = Work(sources=self._options.sources, limit=self._options.limit)
        for stage in Stage:
            if stage not in self._options.stages:
                continue
            if stage in HANDLERS:
                kind = IndexLoop if stage is Stage.INDEX else BatchLoop
                yield kind(self._coordinator, self._context, HANDLERS[stage](), work, self._surroundings.open_workers)
            elif network is not None:
                yield HostStage(self._coordinator, self._context, network, stage, work)

    @property
    def _polls(self) -> Report | None:
        return next((loop.report for loop in self._loops if loop.stage is Stage.POLL), None)

    def _make_attendants(
        self, attendant: Attendant, network: SharedNetwork | None
    ) -> Iterator[Callable[[], Awaitable[None]]]:
        context, options, coordinator = self._context, self._options, self._coordinator
        yield attendant.run
        yield functools.partial(keep_figures, context, coordinator, self._polls)
        if not options.follows:
            return
        yield functools.partial(begin_daily, context, coordinator, options.command)
        yield functools.partial(tell_figures, context, coordinator, options.every or TELL_SECONDS)
        yield functools.partial(keep_alerts, context, coordinator)
        yield functools.partial(keep_searches, context, coordinator)
        for attend in (keep_samples, keep_operations, serve_metrics, push_metrics, push_traces):
            yield functools.partial(attend, context, coordinator)
        yield SourceWatch(context, coordinator, network.terms if network else None).run
        if context.store.takes_one_follower:
            yield functools.partial(watch_commits, context, coordinator, options.sources)
        else:
            yield functools.partial(listen, context, coordinator)
        if not options.sources and options.stages == frozenset(Stage):
            yield functools.partial(keep_house, context, coordinator)

    def _hear(self, stages: frozenset[Stage]) -> None:
        """Take what the ledger announces, on the thread that committed."""
        self._call_soon(functools.partial(self._coordinator.hear, stages))

    def _call_soon(self, function: Callable[[], None]) -> None:
        """Call ``function`` on the event loop; may be called on any thread."""
        with contextlib.suppress(RuntimeError):  # the run is over
            self._coordinator.event_loop.call_soon_threadsafe(function)

    # ending -----------------------------------------------------------------------------------------------------------

    async def _wait_for(self, tasks: list[asyncio.Task[Exception | None]]) -> bool:
        """Wait until all loops have ended: by themselves, else cut off; return whether they have."""
        for loop in self._loops:
            loop.interrupt()
        _, late = await asyncio.wait(tasks, timeout=_CUT_OFF_AFTER)
        if late:
            for loop in self._loops:
                loop.give_up()
            _, late = await asyncio.wait(late, timeout=_LEFT_AFTER - _CUT_OFF_AFTER)
        for task in late:
            task.cancel()
        return not late

    @contextlib.contextmanager
    def _ended_by_signals(self) -> Iterator[None]:
        """Let SIGTERM and SIGINT end the run during the block, and a second one the process at once."""
        loop, numbers = asyncio.get_running_loop(), (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.getsignal(number) for number in numbers}
        for number in numbers:
            loop.add_signal_handler(number, self._end_by, number)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)
                signal.signal(number, before[number])

    def _end_by(self, number: int) -> None:
        """End the run; leave the next signal to the system, which ends the process."""
        self._signal = number
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(name)
            signal.signal(name, signal.SIG_DFL)
        self._coordinator.end()  # first: who reads what is told may be gone
        self._tell("ending: what is under way is saved or given back; once more ends it at once")


@contextlib.contextmanager
def _switching_threads_soon() -> Iterator[None]:
    """Let threads wait for each other no longer than they need during the block."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


async def _attend(attend: Callable[[], Awaitable[None]]) -> None:
    """Run an attendant, again and again where it fails; the stages go on meanwhile."""
    while True:
        try:
            await attend()
        except OSError as error:
            _log.warning("the run is not attended to for %g s: %s", _UNATTENDED_SECONDS, error)
        except Exception:  # noqa: BLE001  a fault of ours is shown with its traceback
            _log.exception("the run is not attended to for %g s", _UNATTENDED_SECONDS)
        else:
            return
        await asyncio.sleep(_UNATTENDED_SECONDS)
