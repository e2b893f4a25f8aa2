"""How is untrusted input parsed without endangering the program? In processes that can be killed.

Parsers of feeds and pages can loop for minutes, eat all memory or crash the interpreter on a crafted (or unlucky)
input. Each call here runs in a worker process under a time and a memory limit; a worker that dies is replaced and
only its own item is lost, with the reason. Every worker has a pipe and a thread of its own, so that it is always known
which item it has: no death of a worker, at whatever moment, leaves anybody waiting.
"""

from __future__ import annotations

import collections
import multiprocessing
import multiprocessing.connection
import multiprocessing.context
import os
import pickle
import queue
import resource
import signal
import sys
import threading
import traceback
import types
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from pipeline.errors import ItemError, WorkersError
from pipeline.records import Outcome, Reason

T = TypeVar("T")
R = TypeVar("R")

_START_SECONDS = 60.0  # a worker is ready in 0.03 to 2 s; thirty times that on a machine that is busy beyond measure
_END_SECONDS = 5.0  # for a process whose pipe was closed to end by itself
_ORPHAN = 2.0  # times an item's limit: a worker that nobody has killed by then ends itself, for its parent is dead
_ROOM = 64 * 1024 * 1024  # bytes that the smallest page needs beside the modules that parse it
_GROWN = 400 * 1024 * 1024  # bytes in memory after an item, from which a worker is replaced; usual ones take 120 to 200
_OUT_OF_MEMORY = 77  # the exit code of a worker that can't even take an item in
_TOO_LARGE = "its parser needs more memory than it may use"

# What the process that workers are forked from imports: a worker is ready in 0.03 s instead of 1 to 2 s.
_preloaded: list[str] = []
_bookkeeping = threading.Lock()  # multiprocessing's own, and _Process below, aren't made for several threads


def preload(*modules: str) -> None:
    """Let workers start with ``modules`` imported; helps only before the first ``Workers`` of this process."""
    _preloaded.extend(module for module in modules if module not in _preloaded)


class Workers(Generic[T, R]):
    """A pool of ``count`` processes that run ``function`` on one item at a time.

    ``seconds`` is the wall-clock limit of one item; ``memory_mb`` limits a worker's address space. A worker is
    replaced after ``recycle`` items and when it has grown, so that neither a parser's leak nor a huge page outlasts
    it. Where a worker can't be started, this item and all after it fail with the WorkersError that says why.
    """

    def __init__(
        self, function: Callable[[T], R], *, count: int, seconds: float, memory_mb: int = 2048, recycle: int = 2000
    ) -> None:
        self._function = pickle.dumps(function)
        self._count = count
        self._seconds = seconds
        self._memory_mb = memory_mb
        self._recycle = recycle
        self._tasks: queue.SimpleQueue[tuple[T, Future[R]] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._at_work: set[_Worker] = set()
        self._fault: WorkersError | None = None
        preload(getattr(function, "func", function).__module__)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            self._fault = self._fault or WorkersError("the work was given up")
            for worker in tuple(self._at_work):
                worker.stop()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()

    def submit(self, item: T) -> Future[R]:
        """Start ``function(item)``; ``settle`` turns the future into its result or the reason why there is none."""
        future: Future[R] = Future()
        self._tasks.put((item, future))
        if len(self._threads) < self._count:
            thread = threading.Thread(target=self._serve, name="newswire-worker", daemon=True)
            self._threads.append(thread)
            thread.start()
        return future

    def wait_result(self, future: Future[R]) -> R | ItemError:
        """Wait for a submitted item; return its result, or the ItemError that it raised or that befell its worker.

        Raises WorkersError where no worker can be started, and whatever else the function raises.
        """
        try:
            return future.result()
        except ItemError as error:
            return error

    def map(self, items: Iterable[T | ItemError]) -> Iterator[R | ItemError]:
        """Yield the result of each item, in order; an ItemError in place of a result that there isn't.

        An ItemError among the items is handed on in its place. Reads ahead only a few items per worker, so that an
        endless input is fine. An error of ours (anything but an ItemError) is raised here.
        """
        waiting: collections.deque[Future[R]] = collections.deque()
        for item in items:
            waiting.append(_failed(item) if isinstance(item, ItemError) else self.submit(item))
            if len(waiting) > 4 * self._count:
                yield self.wait_result(waiting.popleft())
        while waiting:
            yield self.wait_result(waiting.popleft())

    def _serve(self) -> None:
        """Hand tasks to one worker after the other: what each thread does."""
        worker: _Worker | None = None
        while task := self._tasks.get():
            item, future = task
            if not future.set_running_or_notify_cancel():
                continue
            try:
                worker = worker or self._start()
                future.set_result(worker.run(pickle.dumps(item, pickle.HIGHEST_PROTOCOL)))
            except BaseException as error:  # noqa: BLE001  whatever it is: it belongs to who waits for the item
                future.set_exception(error)
            if worker and (not worker.fit or worker.served >= self._recycle):
                self._at_work.discard(worker)
                worker.end()
                worker = None
        if worker:
            self._at_work.discard(worker)
            worker.end()

    def _start(self) -> _Worker:
        if self._fault:
            raise self._fault
        try:
            worker = _Worker(self._function, self._seconds, self._memory_mb)
        except WorkersError as error:
            self._fault = error
            raise
        self._at_work.add(worker)
        if self._fault:  # given up meanwhile
            worker.stop()
        return worker


def _failed(error: ItemError) -> Future[R]:
    future: Future[R] = Future()
    future.set_exception(error)
    return future


class _Process(multiprocessing.context.ForkServerProcess):
    """A worker that does not run the program's main module anew, as multiprocessing otherwise lets it.

    Functions come from modules, so that it need not; and it must not where that program is Airflow, which refuses to
    start inside one of its own tasks.
    """

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802  the name that multiprocessing calls
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            return multiprocessing.context.ForkServerProcess._Popen(process_obj)  # noqa: SLF001
        finally:
            sys.modules["__main__"] = main


class _Worker:
    """One process and the pipe to it, as its thread sees them; raises WorkersError where it can't be started."""

    def __init__(self, function: bytes, seconds: float, memory_mb: int) -> None:
        self.served = 0
        self.fit = True  # false for one that has died or must
        self._seconds = seconds
        # forkserver: workers don't inherit the parent's threads, sockets and database connections
        context = multiprocessing.get_context("forkserver")
        self._pipe, theirs = context.Pipe()
        self._process = _Process(target=_run, args=(theirs, function, seconds, memory_mb), daemon=True)
        try:
            with _bookkeeping:
                context.set_forkserver_preload(_preloaded)
                self._process.start()
        except (OSError, EOFError) as error:
            raise WorkersError(f"no worker process can be started: {error or type(error).__name__}") from error
        finally:
            theirs.close()
        if fault := self._awaited(memory_mb):
            self.end()
            raise WorkersError(f"a worker process can't work: {fault}")

    def _awaited(self, memory_mb: int) -> str | None:
        """Wait until the worker is ready; return what is wrong where it can't be."""
        try:
            if self._pipe.poll(_START_SECONDS):
                said: str | None = self._pipe.recv()
                return said
        except (EOFError, OSError):
            return f"it ended with {self._ended()} under its limit of {memory_mb} MB; raise memory_mb in newswire.toml"
        self.stop()
        return f"it was not ready within {_START_SECONDS:g} s; is the machine overloaded?"

    def run(self, item: bytes) -> Any:
        """Return what the function makes of the item, or raise what it raised; ItemError for what befell the worker."""
        self.served += 1
        try:
            self._pipe.send_bytes(item)
            if not self._pipe.poll(self._seconds):
                self.stop()
                raise ItemError(Outcome.QUARANTINED, Reason.TOO_SLOW, f"not parsed within {self._seconds:g} s")
            done, made, grown = self._pipe.recv()
            self.fit = not grown
        except (EOFError, OSError) as error:
            code, self.fit = self._ended(), False
            if code == _OUT_OF_MEMORY:
                raise ItemError(Outcome.QUARANTINED, Reason.TOO_LARGE, _TOO_LARGE) from error
            raise ItemError(Outcome.QUARANTINED, Reason.CRASHED, f"the parser's process ended with {code}") from error
        if done:
            return made
        if isinstance(made, MemoryError):
            self.fit = False  # its memory is in shreds
            raise ItemError(Outcome.QUARANTINED, Reason.TOO_LARGE, _TOO_LARGE) from made
        raise made

    def stop(self) -> None:
        """Kill the process, whatever it does; its thread notices by the pipe."""
        self.fit = False
        self._process.kill()

    def end(self) -> None:
        """Let the process end, by force where it doesn't."""
        self._pipe.close()
        if self._ended() is None:
            self._process.kill()
            self._ended()

    def _ended(self) -> int | None:
        with _bookkeeping:
            self._process.join(_END_SECONDS)
            return self._process.exitcode


# What runs in the worker's process ------------------------------------------------------------------------------------


def _run(pipe: multiprocessing.connection.Connection, function: bytes, seconds: float, memory_mb: int) -> None:
    """Say whether all is ready (None) or what is wrong; then answer items with (done, result or error, grown)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    try:
        work = _prepared(function, memory_mb)
    except Exception as error:  # noqa: BLE001  (an import may raise anything)
        pipe.send(str(error) if isinstance(error, WorkersError) else f"{type(error).__name__}: {error}")
        return
    pipe.send(None)
    while True:
        try:
            data = pipe.recv_bytes()
        except EOFError:
            return
        except MemoryError:
            os._exit(_OUT_OF_MEMORY)
        signal.setitimer(signal.ITIMER_REAL, _ORPHAN * seconds + 1)
        answer = _answer(work, data)
        signal.setitimer(signal.ITIMER_REAL, 0)
        try:
            pipe.send_bytes(answer)
        except OSError:  # the parent is gone
            return


def _prepared(function: bytes, memory_mb: int) -> Callable[[Any], Any]:
    """Limit this process's memory, import the function; raises WorkersError where no room would be left for an item."""
    limit = memory_mb * 1024 * 1024
    _check_room(limit)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    work: Callable[[Any], Any] = pickle.loads(function)  # noqa: S301  (from our parent)
    _check_room(limit)
    return work


def _taken() -> tuple[int, int]:
    """Return the bytes of address space and of memory that this process takes; zeros where that can't be known."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()
    except OSError:  # not Linux: what is missing shows when it is asked for
        return 0, 0
    return int(pages[0]) * resource.getpagesize(), int(pages[1]) * resource.getpagesize()


def _check_room(limit: int) -> None:
    taken, _ = _taken()
    if taken + _ROOM > limit:
        needed, given = (taken + _ROOM) >> 20, limit >> 20
        raise WorkersError(f"it needs {needed} MB before its first item and may have {given}; raise memory_mb")


def _answer(work: Callable[[Any], Any], data: bytes) -> bytes:
    try:
        made, done = work(pickle.loads(data)), True  # noqa: S301  (from our parent)
    except BaseException as error:  # noqa: BLE001  (also an exit is the item's, not ours)
        if not isinstance(error, ItemError | MemoryError):
            error.add_note("".join(traceback.format_exception(error)))
        made, done = error, False
    del data
    grown = _taken()[1] > _GROWN
    try:
        return pickle.dumps((done, made, grown), pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)
    except Exception as error:  # noqa: BLE001  (what can't be sent is an error of ours)
        return pickle.dumps((False, TypeError(f"the result can't be sent: {error}: {made!r:.300}"), grown))
