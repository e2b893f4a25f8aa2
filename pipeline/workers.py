"""Parse untrusted input in worker processes that can be killed.

No input endangers the program or leaves a caller waiting. Parsers of feeds and pages can loop for minutes, take all
memory or crash the interpreter on a crafted (or unlucky) input: each call here runs in a worker process under a time
and a memory limit. A worker that dies is replaced; only the item that it had is lost, with the reason. Each worker has
one pipe and one thread, so that it is always clear which item it has, at whatever moment it dies.
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

_START_SECONDS = 60.0  # a worker is ready in 0.03 to 2 s; thirty times that on a machine that is extremely busy
_END_SECONDS = 5.0  # for a process to end after its pipe was closed
_ORPHAN_FACTOR = 2.0  # times an item's limit: a worker that is alive after that ends itself, for its parent is dead
_HEADROOM = 64 * 1024 * 1024  # bytes that the smallest page needs beside the modules that parse it
_MAX_RESIDENT = 400 * 1024 * 1024  # bytes in memory after an item from which a worker is replaced; usual are 120 to 200
_OUT_OF_MEMORY = 77  # the exit code of a worker without memory to receive an item
_TOO_LARGE = "its parser needs more memory than it may use"

# What the process that workers are forked from imports: a worker is ready in 0.03 s instead of 1 to 2 s.
_preloaded: list[str] = []
_process_lock = threading.Lock()  # neither multiprocessing's bookkeeping nor _Process below is thread-safe


def preload(*modules: str) -> None:
    """Let workers start with ``modules`` imported; has an effect before the first worker of this process only."""
    _preloaded.extend(module for module in modules if module not in _preloaded)


class Workers(Generic[T, R]):
    """A pool of ``count`` processes that run ``function`` on one item at a time.

    ``seconds`` is the wall-clock limit of one item; ``memory_mb`` limits a worker's address space. A worker is
    replaced after ``recycle`` items, and when it has grown, so that no leak of a parser and no huge page lasts. Where a
    worker can't be started, the item and all later ones fail with the WorkersError that says why.
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
        self._active: set[_Worker] = set()
        self._fault: WorkersError | None = None
        preload(getattr(function, "func", function).__module__)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            self._fault = self._fault or WorkersError("the work was given up")
            for worker in tuple(self._active):
                worker.stop()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()

    def submit(self, item: T) -> Future[R]:
        """Start ``function(item)``; ``wait_result`` returns the result of the future, or why there is none."""
        future: Future[R] = Future()
        self._tasks.put((item, future))
        if len(self._threads) < self._count:
            thread = threading.Thread(target=self._run_tasks, name="newswire-worker", daemon=True)
            self._threads.append(thread)
            thread.start()
        return future

    def wait_result(self, future: Future[R]) -> R | ItemError:
        """Wait for a submitted item; return its result, or the ItemError that it raised or that its worker ended with.

        Raises WorkersError where no worker can be started, and whatever other error the function raises.
        """
        try:
            return future.result()
        except ItemError as error:
            return error

    def map(self, items: Iterable[T | ItemError]) -> Iterator[R | ItemError]:
        """Yield the result of each item in order, or the ItemError for which it has none.

        An ItemError among the items is yielded in its position. Reads ahead only a few items per worker, so that an
        endless input is fine. An error that is no ItemError is raised here.
        """
        waiting: collections.deque[Future[R]] = collections.deque()
        for item in items:
            waiting.append(_failed_future(item) if isinstance(item, ItemError) else self.submit(item))
            if len(waiting) > 4 * self._count:
                yield self.wait_result(waiting.popleft())
        while waiting:
            yield self.wait_result(waiting.popleft())

    def _run_tasks(self) -> None:
        """Hand tasks to a worker, and to its successors: what each thread does."""
        worker: _Worker | None = None
        while task := self._tasks.get():
            item, future = task
            if not future.set_running_or_notify_cancel():
                continue
            try:
                worker = worker or self._start_worker()
                future.set_result(worker.run(pickle.dumps(item, pickle.HIGHEST_PROTOCOL)))
            except BaseException as error:  # noqa: BLE001  whatever it is: whoever waits for the item gets it
                future.set_exception(error)
            if worker and (not worker.usable or worker.item_count >= self._recycle):
                self._active.discard(worker)
                worker.end()
                worker = None
        if worker:
            self._active.discard(worker)
            worker.end()

    def _start_worker(self) -> _Worker:
        """Start a worker; raise WorkersError where none can be started, now or earlier."""
        if self._fault:
            raise self._fault
        try:
            worker = _Worker(self._function, self._seconds, self._memory_mb)
        except WorkersError as error:
            self._fault = error
            raise
        self._active.add(worker)
        if self._fault:  # given up meanwhile
            worker.stop()
        return worker


def _failed_future(error: ItemError) -> Future[R]:
    future: Future[R] = Future()
    future.set_exception(error)
    return future


class _Process(multiprocessing.context.ForkServerProcess):
    """A worker that does not run the program's main module, as multiprocessing's own processes do.

    It need not, as functions come from modules; and it must not where the program is Airflow, which refuses to start
    inside one of its tasks.
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
    """One process and the pipe to it, as its thread sees them.

    Raises:
        WorkersError: It can't be started.
    """

    def __init__(self, function: bytes, seconds: float, memory_mb: int) -> None:
        self.item_count = 0
        self.usable = True  # false for a worker that has died or has to
        self._seconds = seconds
        # forkserver: workers don't inherit the parent's threads, sockets and database connections
        context = multiprocessing.get_context("forkserver")
        self._pipe, worker_end = context.Pipe()
        self._process = _Process(target=_worker_main, args=(worker_end, function, seconds, memory_mb), daemon=True)
        try:
            with _process_lock:
                context.set_forkserver_preload(_preloaded)
                self._process.start()
        except (OSError, EOFError) as error:
            raise WorkersError(f"no worker process can be started: {error or type(error).__name__}") from error
        finally:
            worker_end.close()
        if fault := self._startup_fault(memory_mb):
            self.end()
            raise WorkersError(f"a worker process can't work: {fault}")

    def _startup_fault(self, memory_mb: int) -> str | None:
        """Wait until the worker is ready; return what is wrong where it does not become so."""
        try:
            if self._pipe.poll(_START_SECONDS):
                fault: str | None = self._pipe.recv()
                return fault
        except (EOFError, OSError):
            return (
                f"it ended with {self._exit_code()} under its limit of {memory_mb} MB; raise memory_mb in newswire.toml"
            )
        self.stop()
        return f"it was not ready within {_START_SECONDS:g} s; is the machine overloaded?"

    def run(self, item: bytes) -> Any:
        """Return what the function returns for the pickled ``item``, or raise what it raised.

        Raises:
            ItemError: The worker was too slow, took too much memory or crashed.
        """
        self.item_count += 1
        try:
            self._pipe.send_bytes(item)
            if not self._pipe.poll(self._seconds):
                self.stop()
                raise ItemError(Outcome.QUARANTINED, Reason.TOO_SLOW, f"not parsed within {self._seconds:g} s")
            succeeded, result, grown = self._pipe.recv()
            self.usable = not grown
        except (EOFError, OSError) as error:
            code, self.usable = self._exit_code(), False
            if code == _OUT_OF_MEMORY:
                raise ItemError(Outcome.QUARANTINED, Reason.TOO_LARGE, _TOO_LARGE) from error
            raise ItemError(Outcome.QUARANTINED, Reason.CRASHED, f"the parser's process ended with {code}") from error
        if succeeded:
            return result
        if isinstance(result, MemoryError):
            self.usable = False  # what is left of its memory is unknown
            raise ItemError(Outcome.QUARANTINED, Reason.TOO_LARGE, _TOO_LARGE) from result
        raise result

    def stop(self) -> None:
        """Kill the process, whatever it does; its thread sees that at the pipe."""
        self.usable = False
        self._process.kill()

    def end(self) -> None:
        """Let the process end, by force where it doesn't."""
        self._pipe.close()
        if self._exit_code() is None:
            self._process.kill()
            self._exit_code()

    def _exit_code(self) -> int | None:
        """Wait a while for the process to end; return its exit code, None where it has not ended."""
        with _process_lock:
            self._process.join(_END_SECONDS)
            return self._process.exitcode


# What runs in the worker's process ------------------------------------------------------------------------------------


def _worker_main(pipe: multiprocessing.connection.Connection, function: bytes, seconds: float, memory_mb: int) -> None:
    """Send None when ready, or what is wrong; then answer each item with (succeeded, result or error, grown)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    try:
        work = _load_function(function, memory_mb)
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
        signal.setitimer(signal.ITIMER_REAL, _ORPHAN_FACTOR * seconds + 1)
        answer = _run_item(work, data)
        signal.setitimer(signal.ITIMER_REAL, 0)
        try:
            pipe.send_bytes(answer)
        except OSError:  # the parent is gone
            return


def _load_function(function: bytes, memory_mb: int) -> Callable[[Any], Any]:
    """Limit this process's memory and import the function.

    Raises:
        WorkersError: No memory would be left for an item.
    """
    limit = memory_mb * 1024 * 1024
    _check_headroom(limit)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    work: Callable[[Any], Any] = pickle.loads(function)  # noqa: S301  (from our parent)
    _check_headroom(limit)
    return work


def _memory_use() -> tuple[int, int]:
    """Return the bytes of address space and of memory that this process takes; zeros where the system doesn't say."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()
    except OSError:  # not Linux: a lack of memory shows when an item needs it
        return 0, 0
    return int(pages[0]) * resource.getpagesize(), int(pages[1]) * resource.getpagesize()


def _check_headroom(limit: int) -> None:
    """Raise WorkersError where less than ``_HEADROOM`` bytes would be left for an item."""
    used, _ = _memory_use()
    if used + _HEADROOM > limit:
        needed_mb, limit_mb = (used + _HEADROOM) >> 20, limit >> 20
        raise WorkersError(f"it needs {needed_mb} MB before its first item and may have {limit_mb}; raise memory_mb")


def _run_item(work: Callable[[Any], Any], data: bytes) -> bytes:
    """Return the pickled answer to one pickled item."""
    try:
        result, succeeded = work(pickle.loads(data)), True  # noqa: S301  (from our parent)
    except BaseException as error:  # noqa: BLE001  (an exit is the item's too, not ours)
        if not isinstance(error, ItemError | MemoryError):
            error.add_note("".join(traceback.format_exception(error)))
        result, succeeded = error, False
    del data
    grown = _memory_use()[1] > _MAX_RESIDENT
    try:
        return pickle.dumps((succeeded, result, grown), pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)
    except Exception as error:  # noqa: BLE001  (what can't be sent is an error of ours)
        return pickle.dumps((False, TypeError(f"the result can't be sent: {error}: {result!r:.300}"), grown))
