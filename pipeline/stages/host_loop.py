"""Run requests by host: the loop that poll and fetch share.

What waits is looked for by host. Hosts are chosen in turn and made ours, and of each only what can be asked within the
next few seconds is claimed. Results are saved in small batches; what can't be asked soon after all is given back.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import datetime as dt
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Generic, NamedTuple, TypeVar

import sqlalchemy as sa

from pipeline.context import Context
from pipeline.errors import NewswireError
from pipeline.fetch.pacing import registered_domain
from pipeline.fetch.turns import AHEAD_SECONDS, HostQueue, WaitingTurn, choose_turns, turns_within
from pipeline.records import Stage
from pipeline.report import Report
from pipeline.stages.coordination import Coordinator
from pipeline.stages.network import SharedNetwork
from pipeline.store import WaitingHost

T = TypeVar("T")

_log = logging.getLogger(__name__)

# While requests are under way, results are saved and hosts chosen this often at most, and this often at least.
_STEP_SECONDS = 0.05
_PAUSE_SECONDS = 0.5
# How often it is looked for what is due by now, or was brought without a word, while nobody wakes the stage.
_LOOK_SECONDS = 0.5
# How often the ledger is looked through for what no stage of this program told of.
_WATCH_SECONDS = 5.0
_FULL_LOOK_SECONDS = 1.0  # and how often at most
_LOOK_FACTOR = 30.0  # where very much waits, looks take their time: so many times that passes between two
# A host that another program has is asked for again after so long.
_OTHERS_SECONDS = 1.0
# Hosts wait for being chosen until so long before their turn.
_EARLY_SECONDS = AHEAD_SECONDS / 2
# Requests that are taken on for each that may be under way: enough that a turn that comes finds its request.
_TAKEN_PER_PLACE = 4


class HostBudget(NamedTuple):
    """How long a loop takes on requests, and how much longer those may take that are under way then; in seconds.

    A host that needs almost the whole time of a request gets it, or it would be asked again in every run for nothing.
    """

    seconds: float
    grace: float


class HostLoop(Generic[T]):
    """The loop of a stage whose items (``T``) are asked of hosts.

    Args:
        context: of the run.
        network: what poll and fetch share.
        places: how many requests of this stage may be under way at once.
        sources: whose items are taken; none means all.
        limit: how many items are taken at most.
        patience: seconds that the loop waits for the turns of slow hosts, in total, while nothing of it is under way;
            None where it rests meanwhile, for as long as it takes.
        budget: when it takes nothing more on, and when it gives up what is under way; None where it goes on.
    """

    stage: ClassVar[Stage]
    feeds_stage: ClassVar[Stage | None] = None  # nothing is taken on while there is no room before it

    def __init__(
        self,
        context: Context,
        network: SharedNetwork,
        places: int,
        *,
        sources: Sequence[str] = (),
        limit: int | None = None,
        patience: float | None = None,
        budget: HostBudget | None = None,
    ) -> None:
        self.context = context
        self.network = network
        self.report = Report(self.stage)
        self.sources = sources
        self._places = places
        self._limit = limit
        self._patience = patience
        self._budget = budget
        self._began = 0.0
        self._taken = 0
        self._queue = HostQueue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._asking: set[asyncio.Task[None]] = set()  # those of them that may be given up while no request runs
        self._providers: collections.Counter[str] = collections.Counter()
        self._changed = asyncio.Event()
        self._fault: BaseException | None = None
        self._looked = self._looked_at_new = float("-inf")
        self._is_woken = False
        self._step_began = 0.0
        self._look_again = _WATCH_SECONDS
        self._given_back: list[T] = []
        self._is_over = False
        self._room_awaited: asyncio.Task[None] | None = None

    # what a stage brings ----------------------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Do what comes before the first look."""

    async def look(self, *, fully: bool) -> Sequence[WaitingHost]:
        """Return the hosts at which something waits; where not ``fully``, those at which something is new will do."""
        raise NotImplementedError

    def claim(self, connection: sa.Connection, turns: Mapping[str, int], now: dt.datetime) -> Sequence[tuple[str, T]]:
        """Claim up to so many items of each host; return them with their hosts."""
        raise NotImplementedError

    async def load(self, claimed: Sequence[tuple[str, T]]) -> Sequence[tuple[str, T]]:
        """Get what is needed of claimed items; return those that are to be asked for."""
        return claimed

    async def ask(self, item: T) -> bool:
        """Ask for an item and keep its result; False where its host can't be asked soon: it is given back."""
        raise NotImplementedError

    async def save(self, *, idle: bool = False) -> bool:
        """Save the results that are to be saved now; tell whether there were any. ``idle``: nothing is under way."""
        raise NotImplementedError

    def save_in(self) -> float | None:
        """Return the seconds until ``save`` has something to save, None where nothing came."""
        return None

    def give_back(self, connection: sa.Connection, given_back: Sequence[T]) -> None:
        """Give claimed items back: nothing was tried."""
        raise NotImplementedError

    async def next_due(self) -> dt.datetime | None:
        """Return when something is due next, as far as the ledger knows."""
        raise NotImplementedError

    async def watch(self) -> bool:
        """Tell whether there is something to do that nobody wakes this stage for; called every few seconds."""
        return False

    @property
    def paused_for(self) -> float:
        """Return the seconds for which nothing is to be claimed."""
        return 0.0

    # the loop ---------------------------------------------------------------------------------------------------------

    async def run(self, coordinator: Coordinator) -> None:
        """Ask for what waits until the run is to end, or the limit is reached.

        Raises NewswireError where the stage can't work; what it had claimed is given back.
        """
        self.coordinator = coordinator
        self._fault, self._is_over, self._began = None, False, self._now()
        coordinator.attend(self.stage, self._hear)
        watcher = asyncio.create_task(self._watch())
        try:
            await self.prepare()
            while not coordinator.is_ending and not self._is_through():
                await self._step()
                await self._pause()
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
            await self._end()

    async def _step(self) -> None:
        """Save what came, look for what waits, and take on what can be asked soon."""
        if self._fault is not None:
            raise self._fault
        self._step_began = self._now()
        await self.save()
        await self._give_back()
        await self._look()
        await self._take_on()
        await self.network.hosts.release_idle(now_and_then=True)

    def _hear(self) -> None:
        """Look at once: something waits."""
        self._is_woken = True
        self._changed.set()

    def _is_through(self) -> bool:
        """Tell whether the limit is reached, or the time is over."""
        if self._budget is not None and self._now() - self._began >= sum(self._budget):
            return True
        is_reached = self._limit is not None and self._taken >= self._limit
        return (is_reached or self._remaining() <= 0) and not self._tasks

    def _remaining(self) -> float:
        """Return the seconds for which more is taken on."""
        return math.inf if self._budget is None else self._budget.seconds - (self._now() - self._began)

    async def _end(self) -> None:
        """Give up what is under way, save the rest and give back what was claimed."""
        self._is_over = True
        ended = [*self._tasks, *([self._room_awaited] if self._room_awaited else [])]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)
        self._room_awaited = None
        try:
            await self.save(idle=True)
            await self._give_back()
            await self.network.hosts.release_idle()
        except NewswireError as error:  # what is lost is done again, when the leases have ended
            _log.warning("%s: %s", self.stage, error)

    async def _give_back(self) -> None:
        if self._given_back:
            given_back, self._given_back = self._given_back, []

            def write() -> None:
                with self.context.store.write() as connection:
                    self.give_back(connection, given_back)

            await self.coordinator.call(write)

    # hosts ------------------------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        now = self._now()
        fully = now - self._looked >= self._look_again
        if not (fully or self._is_woken or now - self._looked_at_new >= _LOOK_SECONDS):
            return
        self._is_woken, self._looked_at_new = False, now
        if fully:
            self._looked = now
        hosts = await self.look(fully=fully)
        if fully:
            self._look_again = max(_WATCH_SECONDS, _LOOK_FACTOR * (self._now() - now))
        for waiting in hosts:
            self._enqueue(waiting.host, self._seconds_until(waiting.ready_at))

    def _enqueue(self, host: str, ready_in: float) -> None:
        known = self.network.hosts.ready_in(host)
        early = 0.0 if self._is_out_of_patience() else _EARLY_SECONDS
        self._queue.add(host, self._now() + (ready_in if known is None else known) - early)

    async def _take_on(self) -> None:
        """Choose hosts, claim what waits at them, and start to ask for it."""
        may = self._remaining() > 0 and not self.paused_for and await self._has_room()
        chosen = self._choose(self._room()) if may else {}
        if not chosen:
            return

        def take(connection: sa.Connection, turns: Mapping[str, int]) -> Sequence[tuple[str, T]]:
            return self.claim(connection, turns, self.context.clock())

        claimed, allowed = await self.network.hosts.claim(chosen, take)
        self._taken += len(claimed)
        for host, _ in claimed:
            self.network.pacing.plan(host)
            self._providers[registered_domain(host)] += 1
        self._requeue(chosen, allowed, collections.Counter(host for host, _ in claimed))
        await self._begin(claimed)

    async def _has_room(self) -> bool:
        """Tell whether there is room before the next stage; what is under way goes on until there is."""
        if self.feeds_stage is None:
            return True
        if self._room_awaited is None:
            self._room_awaited = asyncio.create_task(self.coordinator.wait_for_room(self.feeds_stage))
            await asyncio.sleep(0)
            if not self._room_awaited.done():  # else nothing changes: the loop would never wait
                self._room_awaited.add_done_callback(lambda _: self._changed.set())
        if not self._room_awaited.done():
            return False
        self._room_awaited.result()
        self._room_awaited = None
        return True

    def _room(self) -> int:
        """Return how many more items may be taken on."""
        room = _TAKEN_PER_PLACE * self._places - len(self._tasks)
        return room if self._limit is None else min(room, self._limit - self._taken)

    def _requeue(self, chosen: Mapping[str, int], allowed: Mapping[str, int], claimed: Mapping[str, int]) -> None:
        """Let those hosts wait for their next turns that others have, or at which more may wait."""
        for host in chosen:
            self._queue.discard(host)
            if host not in allowed:
                self._queue.add(host, self._now() + _OTHERS_SECONDS)
            elif claimed[host] == allowed[host]:
                self._enqueue(host, 0.0)

    async def _begin(self, claimed: Sequence[tuple[str, T]]) -> None:
        """Start to ask for what was claimed; where that can't be read, it is given back."""
        try:
            wanted = await self.load(claimed)
        except BaseException:
            self._given_back += [item for _, item in claimed]
            for host, _ in claimed:
                self._end_plan(host)
            raise
        for host, item in wanted:
            task = asyncio.create_task(self._ask(host, item))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        left_out = collections.Counter(host for host, _ in claimed)
        left_out.subtract(host for host, _ in wanted)
        for host in left_out.elements():
            self._end_plan(host)

    def _choose(self, room: int) -> dict[str, int]:
        """Return host → how many items are taken on at it, of the hosts that can be asked soon."""
        pacing, ahead = self.network.pacing, 0.0 if self._is_out_of_patience() else AHEAD_SECONDS
        waiting = [
            WaitingTurn(
                host,
                registered_domain(host),
                turns_within(
                    pacing.ready_in(host) or 0.0, pacing.delay_of(host), taken=pacing.planned_at(host), ahead=ahead
                ),
            )
            for host in self._queue.ready(self._now())
        ]
        for turn in waiting:
            if turn.turns == 0:  # else the loop would look again at once, for nothing
                self._queue.discard(turn.host)
                self._enqueue(turn.host, 0.0)
        most = 2 * self.context.settings.fetch.per_provider_concurrency
        return choose_turns(waiting, room=room, per_provider=most, taken=self._providers)

    async def _ask(self, host: str, item: T) -> None:
        is_asked = False
        try:
            is_asked = await self.ask(item)
        except Exception as error:  # noqa: BLE001  (run raises it: a fault of ours would else bring the item back for ever)
            self._fault = error
        finally:
            self._end_plan(host)
            if not is_asked:
                self._given_back.append(item)
                self._taken -= 1
                self._queue.discard(host)
                self._enqueue(host, 0.0)
            self._changed.set()

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """Let the request of the block be given up as long as it waits for its host's turn and patience is over."""
        task = asyncio.current_task()
        assert task is not None
        self._asking.add(task)
        try:
            yield
        finally:
            self._asking.discard(task)

    def _end_plan(self, host: str) -> None:
        self.network.pacing.end_plan(host)
        provider = registered_domain(host)
        self._providers[provider] -= 1
        if not self._providers[provider]:
            del self._providers[provider]

    # waiting ----------------------------------------------------------------------------------------------------------

    async def _pause(self) -> None:
        """Wait until something has changed; rest where nothing is under way."""
        wait = self._next_ready_in()
        if self._tasks or self._given_back or self._room_awaited is not None:
            waits = (wait, self.save_in(), 0.0 if self._given_back else _PAUSE_SECONDS)
            await self._wait(min(seconds for seconds in waits if seconds is not None))
        elif wait is not None and self._patience is not None and wait <= self._patience and not self.paused_for:
            await self._wait(min(wait, max(self._remaining(), 0.0)))
        elif await self.save(idle=True):
            return
        elif self._looked_at_new < self._step_began:
            self._is_woken = True  # who rests has just looked
        else:
            await self._rest(wait)

    async def _rest(self, wait: float | None) -> None:
        await self.network.hosts.release_idle()
        due = await self.next_due()
        # a time of day has no more than microseconds: what is left of a wait then would be no time at all
        turn = None if wait is None else self.context.clock() + dt.timedelta(seconds=max(wait, _STEP_SECONDS))
        until = min((at for at in (due, turn) if at is not None), default=None)
        await self.coordinator.rest(self.stage, until=until)
        if self._now() - self._looked >= _FULL_LOOK_SECONDS:
            self._looked = float("-inf")

    async def _wait(self, seconds: float) -> None:
        """Wait until a request is over, at most ``seconds``; what goes by without any request costs patience."""
        began, was_idle = self._now(), not self.network.pacing.running
        try:
            async with asyncio.timeout(max(seconds, _STEP_SECONDS)):
                await self._changed.wait()
        except TimeoutError:
            is_idle = was_idle and not self.network.pacing.running and self._room_awaited is None
            if is_idle and self._patience is not None:
                self._patience -= self._now() - began
                if self._is_out_of_patience():  # what was taken on before its host named a delay is another run's
                    for task in self._asking:
                        task.cancel()
        else:
            self._changed.clear()
            await asyncio.sleep(_STEP_SECONDS)  # what else comes, and the next stage's claim, is done together

    def _is_out_of_patience(self) -> bool:
        return self._patience is not None and self._patience <= 0

    def _next_ready_in(self) -> float | None:
        """Return the seconds until the next host can be chosen, None where none waits."""
        if any(True for _ in self._queue.ready(self._now())):
            return max(self.paused_for, _STEP_SECONDS)
        at = self._queue.next_ready()
        return None if at is None else max(at - self._now(), self.paused_for, 0.0)

    async def _watch(self) -> None:
        """Wake this stage when there is something to do that nobody wakes it for."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            try:
                if await self.watch():
                    self.coordinator.wake(self.stage)
                    self._changed.set()
            except NewswireError as error:
                self._fault = error
                self.coordinator.wake(self.stage)
                self._changed.set()
                return

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _seconds_until(self, at: dt.datetime | None) -> float:
        return max((at - self.context.clock()).total_seconds(), 0.0) if at else 0.0
