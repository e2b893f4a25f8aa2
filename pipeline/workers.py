"""Parse untrusted input in worker processes that can be killed.

Parsers of feeds and pages can loop for minutes, take all memory or crash the interpreter on a crafted (or unlucky)
input: each call here runs in a worker process under a time and a memory limit. A worker that dies is replaced: an item
that ends its own worker is lost, with the reason; one whose worker was killed from outside goes to the next. Each
worker has one pipe and one thread, so that it is always clear which item it has, at whatever moment it dies.
"""

from __future__ import annotations

import contextlib
import logging
import math
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
from typing import Any, Generic, NamedTuple, Self, TypeVar

from pipeline.errors import ItemError, NewswireError, WorkersError
from pipeline.process_parent import as_parent
from pipeline.records import Outcome, Reason
from pipeline.result_waiting import PATIENCE_SECONDS, WaitingLine, do_nothing, failed_future, wait_until_done
from pipeline.worker_turnover import count_worker

_log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

_START_SECONDS = 60.0  # a worker is ready in 0.03 to 2 s; thirty times that on a machine that is extremely busy
_END_SECONDS = 5.0  # for a process to end after its pipe was closed
_ORPHAN_FACTOR = 2.0  # times an item's limit: a worker that is alive after that ends itself, for its parent is dead
_HEADROOM = 64 * 1024 * 1024  # bytes that the smallest page needs beside the modules that parse it
_MAX_GROWTH = 280 * 1024 * 1024  # bytes in memory beyond those at its start from which a worker is replaced
_OUT_OF_MEMORY = 77  # the exit code of a worker without memory to receive an item
_UNKNOWN = 255  # multiprocessing's exit code of a process whose own it can't tell, as the fork server was killed
# Exit codes of a worker that was killed from outside; the last signal is that of an orphan's own limit.
_KILLED = frozenset({_UNKNOWN, *(-s for s in (signal.SIGKILL, signal.SIGALRM))})
_MAX_KILLS = 3  # workers that are killed while they have one item: then it may be what brings that on them
_START_ATTEMPTS = 3  # the fork server, or the new worker, may be killed at that very moment
_PAUSE_SECONDS = 2.0  # until a further worker is tried again, where none could be started and others are at work
_TOO_LARGE = "it needs more memory than a worker may use"

# What the process that workers are forked from imports: a worker is ready in 0.03 s instead of 1 to 2 s.
_preloaded: list[str] = ["pipeline.fork_server"]
# Bytes of address space that workers share, beside the modules of their own work; their limits don't count it.
_shared_bytes = 0
_process_lock = threading.Lock()  # neither multiprocessing's bookkeeping nor _Process below is thread-safe


def preload(*modules: str) -> None:
    """Let workers start with ``modules`` imported; has an effect before the first worker of this process only."""
    _preloaded.extend(module for module in modules if module not in _preloaded)


@contextlib.contextmanager
def sharing() -> Iterator[None]:
    """Count what the process that workers are forked from loads meanwhile as shared by all of them."""
    global _shared_bytes  # noqa: PLW0603
    before, _ = _memory_use()
    yield
    _shared_bytes += _memory_use()[0] - before


class Workers(Generic[T, R]):
    """A pool of ``count`` processes that run ``function`` on one item at a time; several threads may share it.

    ``seconds`` is the wall-clock limit of one item; ``memory_mb`` limits a worker's address space. A worker is
    replaced after ``recycle`` items, and when it has grown, so that no leak of a parser and no huge page lasts. Where
    no worker can be started, the items at hand fail with the error that says why; a later item tries again. An item
    whose worker is killed from outside goes to another one. What the unpickled ``function`` loads is loaded before a
    worker's first item. ``name`` stands in the log.
    """

    def __init__(
        self,
        function: Callable[[T], R],
        *,
        count: int,
        seconds: float,
        memory_mb: int = 2048,
        recycle: int = 2000,
        name: str = "workers",
    ) -> None:
        self.count = count
        self._function = pickle.dumps(function)
        self._limits = _Limits(seconds, memory_mb)
        self._recycle = recycle
        self._name = name
        self._tasks: queue.SimpleQueue[_Task[T, R] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()  # of the next three
        self._threads: list[threading.Thread] = []
        self._idle = 0  # threads that wait for a task
        self._active: set[_Worker] = set()
        self._given_up = threading.Event()
        preload(getattr(function, "func", function).__module__)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            self.give_up()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()
        self._fail_waiting(_given_up_error())

    def give_up(self) -> None:
        """Stop all work at once: the items at hand, and later ones, fail with a WorkersError."""
        self._given_up.set()
        with self._lock:
            active = tuple(self._active)
        for worker in active:
            worker.stop()

    def pids(self) -> list[int]:
        """Return the numbers of the processes that are there now."""
        with self._lock:
            return sorted(worker.pid for worker in self._active)

    def start(self) -> None:
        """Start all processes now; else each is started when it is needed. One that can't be is tried again then."""
        with self._lock:
            self._start_threads(self.count)

    def _start_threads(self, count: int) -> None:
        for _ in range(min(count, self.count - len(self._threads))):
            thread = threading.Thread(target=self._run_tasks, name=f"newswire-{self._name}", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the system has none left
                raise WorkersError(f"no thread can be started for a worker process: {error}") from error
            self._threads.append(thread)

    def submit(self, item: T) -> Future[R]:
        """Start ``function(item)``; ``wait_result`` returns the result of the future, or why there is none."""
        task: _Task[T, R] = _Task(item, Future())
        with self._lock:
            self._tasks.put(task)
            if self._tasks.qsize() > self._idle:
                self._start_threads(1)
        return task.future

    def wait_result(self, future: Future[R], meanwhile: Callable[[], None] = do_nothing) -> R | ItemError:
        """Wait for a submitted item; return its result, or the ItemError that it raised or that its worker ended with.

        Raises WorkersError where no worker can be started, and whatever other error starting or the function raises.
        """
        wait_until_done(future, meanwhile)
        try:
            return future.result()
        except ItemError as error:
            return error

    def map(self, items: Iterable[T | ItemError]) -> Iterator[R | ItemError]:
        """Yield the result of each item in order, or the ItemError for which it has none.

        An ItemError among the items is yielded in its position. Reads ahead only a few items per worker, so that an
        endless input is fine. An error that is no ItemError is raised here; what had been read ahead is then left out.
        """
        return (result for _, result in self.map_soon(items, patience=math.inf))

    def map_soon(
        self,
        items: Iterable[T | ItemError],
        meanwhile: Callable[[], None] = do_nothing,
        *,
        patience: float = PATIENCE_SECONDS,
    ) -> Iterator[tuple[int, R | ItemError]]:
        """Yield each item's number and result as ``map`` does; one that takes long lets those behind it go first.

        ``meanwhile`` is called every now and then while there is no result; longer than ``patience`` seconds is long.
        """
        line: WaitingLine[Future[R]] = WaitingLine(meanwhile, patience)
        try:
            for number, item in enumerate(items):
                line.add(number, failed_future(item) if isinstance(item, ItemError) else self.submit(item))
                if len(line) > 4 * self.count:
                    done = line.take()
                    yield done.number, self.wait_result(done.future)
            while line:
                done = line.take()
                yield done.number, self.wait_result(done.future)
        finally:
            line.cancel()

    def _run_tasks(self) -> None:
        """Hand tasks to a worker, and to its successors: what each thread does."""
        worker: _Worker | None = None
        with contextlib.suppress(Exception):  # the first task tries again, and tells
            worker = self._start_worker()
        while task := self._next_task():
            if not task.future.running() and not task.future.set_running_or_notify_cancel():
                continue
            try:
                worker = worker or self._start_worker()
            except BaseException as error:  # noqa: BLE001  whatever it is: whoever waits for the item gets it
                self._fail(task, error)
                continue
            worker = self._run_task(worker, task)
        if worker:
            self._end(worker)

    def _next_task(self) -> _Task[T, R] | None:
        """Wait for a task; return None where this thread is to end."""
        with self._lock:
            self._idle += 1
        task = self._tasks.get()
        with self._lock:
            self._idle -= 1
        return task

    def _run_task(self, worker: _Worker, task: _Task[T, R]) -> _Worker | None:
        """Let a worker have a task; return the worker, None where the next task needs another one."""
        died = False
        try:
            task.future.set_result(worker.run(pickle.dumps(task.item, pickle.HIGHEST_PROTOCOL)))
        except WorkerKilledError as error:
            died = True
            task.kills += error.had_item
            if self._given_up.is_set():
                task.future.set_exception(_given_up_error())
            elif task.kills < _MAX_KILLS:
                what = _describe(task.item) if error.had_item else "no item"
                _log.warning("%s: worker %s, while it had %s; another one takes over", self._name, error, what)
                self._tasks.put(task)
            else:
                detail = f"its worker {error}, {task.kills} times in a row"
                task.future.set_exception(ItemError(Outcome.RETRY, Reason.CRASHED, detail, tried=False))
        except BaseException as error:  # noqa: BLE001  whatever it is: whoever waits for the item gets it
            died = isinstance(error, ItemError) and error.reason is Reason.CRASHED
            task.future.set_exception(_given_up_error() if self._given_up.is_set() else error)
        if worker.usable and worker.item_count < self._recycle:
            return worker
        if not self._given_up.is_set():
            count_worker("died" if died else "replaced")
        self._end(worker)
        return None

    def _fail(self, task: _Task[T, R], error: BaseException) -> None:
        """Let a task wait for the other workers; all tasks fail where there are none, or a fault is the program's."""
        with self._lock:
            others = bool(self._active)
        if others and isinstance(error, NewswireError) and not self._given_up.is_set():
            self._tasks.put(task)
            self._given_up.wait(_PAUSE_SECONDS)
            return
        task.future.set_exception(error)
        self._fail_waiting(error)

    def _fail_waiting(self, error: BaseException) -> None:
        ends = 0
        with contextlib.suppress(queue.Empty):
            while True:
                waiting = self._tasks.get_nowait()
                if waiting is None:
                    ends += 1
                elif waiting.future.running() or waiting.future.set_running_or_notify_cancel():
                    waiting.future.set_exception(error)
        for _ in range(ends):
            self._tasks.put(None)

    def _start_worker(self) -> _Worker:
        """Start a worker.

        Raises:
            NewswireError: None can be started, or the work was given up.
        """
        if self._given_up.is_set():
            raise _given_up_error()
        worker = _start_worker(self._function, self._limits)
        count_worker("started")
        with self._lock:
            self._active.add(worker)
        if self._given_up.is_set():  # meanwhile
            worker.stop()
        return worker

    def _end(self, worker: _Worker) -> None:
        with self._lock:
            self._active.discard(worker)
        worker.end()


class _Limits(NamedTuple):
    """What one item may take."""

    seconds: float
    memory_mb: int


class _Task(Generic[T, R]):
    """An item, the future of its result, and how many workers were killed from outside while they had it."""

    def __init__(self, item: T, future: Future[R]) -> None:
        self.item = item
        self.future = future
        self.kills = 0


class WorkerKilledError(Exception):
    """A worker was killed from outside; ``had_item`` tells whether it had the item already."""

    def __init__(self, message: str, *, had_item: bool) -> None:
        super().__init__(message)
        self.had_item = had_item


def _given_up_error() -> WorkersError:
    return WorkersError("the work was given up")


def _describe(item: object) -> str:
    """Return what a line of the log calls an item: its address, its id, else itself."""
    return str(getattr(item, "url", None) or getattr(item, "id", None) or f"{item!r:.80}")


class _Process(multiprocessing.context.ForkServerProcess):
    """A worker that does not run the program's main module, as multiprocessing's own processes do.

    It need not, as functions come from modules; and must not in Airflow, which won't start inside one of its tasks.
    """

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802  the name that multiprocessing calls
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            process: Any = multiprocessing.context.ForkServerProcess._Popen(process_obj)  # noqa: SLF001
            process.terminate = process.kill  # so ends what a program leaves behind that it never closed
            return process
        finally:
            sys.modules["__main__"] = main


def _start_worker(function: bytes, limits: _Limits) -> _Worker:
    """Start a worker; where the process that workers are forked from was killed, start that anew.

    Raises:
        NewswireError: No worker can be started.
    """
    for attempt in range(_START_ATTEMPTS):
        try:
            return _Worker(function, limits)
        except (OSError, EOFError, AssertionError, TypeError) as error:
            if attempt == _START_ATTEMPTS - 1:
                raise WorkersError(f"no worker process can be started: {error or type(error).__name__}") from error
    raise AssertionError


class _Worker:
    """One process and the pipe to it, as its thread sees them.

    Raises:
        NewswireError: It can't work; its own error where it says one.
        OSError, EOFError: No process can be started.
    """

    def __init__(self, function: bytes, limits: _Limits) -> None:
        self.item_count = 0
        self.usable = True  # false for a worker that has died or has to
        self._limits = limits
        self._handle: int | None = None
        # forkserver: workers don't inherit the parent's threads, sockets and database connections
        context = multiprocessing.get_context("forkserver")
        self._pipe, worker_end = context.Pipe()
        try:
            with _process_lock, as_parent():
                self._process = _Process(target=_worker_main, args=(worker_end, function, *limits), daemon=True)
                context.set_forkserver_preload(_preloaded)
                self._process.start()
        except BaseException:
            self._pipe.close()
            raise
        finally:
            worker_end.close()
        # a process is known by its handle after the one that it was forked from, or it itself, has ended
        with contextlib.suppress(AttributeError, OSError):
            self._handle = os.pidfd_open(self.pid)
        if fault := self._startup_fault():
            self.end()
            raise fault

    def _startup_fault(self) -> NewswireError | None:
        """Wait until the worker is ready; return what is wrong where it does not become so.

        Raises:
            EOFError: It was killed from outside.
        """
        try:
            if self._pipe.poll(_START_SECONDS):
                fault: NewswireError | None = self._pipe.recv()
                return fault
        except (EOFError, OSError) as error:
            code = self._exit_code()
            self.end()
            if code in _KILLED:
                raise EOFError(f"it {_tell_exit(self.pid, code)} while it started") from error
            limit = f"it ended with {code} under its limit of {self._limits.memory_mb} MB"
            return WorkersError(f"a worker process can't work: {limit}; raise memory_mb in newswire.toml")
        self.stop()
        late = f"it was not ready within {_START_SECONDS:g} s; is the machine overloaded?"
        return WorkersError(f"a worker process can't work: {late}")

    @property
    def pid(self) -> int:
        """Return the process's number."""
        return self._process.pid or 0

    def run(self, item: bytes) -> Any:
        """Return what the function returns for the pickled ``item``, or raise what it raised.

        Raises:
            ItemError: The worker was too slow, took too much memory or crashed.
            WorkerKilledError: It was killed from outside.
        """
        if self._has_ended():
            self.usable = False
            raise WorkerKilledError(_tell_exit(self.pid, self._exit_code()), had_item=False)
        self.item_count += 1
        try:
            self._pipe.send_bytes(item)
            if not self._pipe.poll(self._limits.seconds):
                self.stop()
                raise ItemError(Outcome.QUARANTINED, Reason.TOO_SLOW, f"not done within {self._limits.seconds:g} s")
            succeeded, result, grown = self._pipe.recv()
            self.usable = not grown
        except (EOFError, OSError) as error:
            code, self.usable = self._exit_code(), False
            if code == _OUT_OF_MEMORY:
                raise ItemError(Outcome.QUARANTINED, Reason.TOO_LARGE, _TOO_LARGE) from error
            if code in _KILLED:
                raise WorkerKilledError(_tell_exit(self.pid, code), had_item=True) from error
            raise ItemError(Outcome.QUARANTINED, Reason.CRASHED, f"its process ended with {code}") from error
        if succeeded:
            return result
        if isinstance(result, MemoryError):
            self.usable = False  # what is left of its memory is unknown
            raise ItemError(Outcome.QUARANTINED, Reason.TOO_LARGE, _TOO_LARGE) from result
        raise result

    def _has_ended(self) -> bool:
        """Tell whether the process ended while it had no item: then its end of the pipe is closed."""
        try:
            return self._pipe.poll(0)
        except OSError:
            return True

    def stop(self) -> None:
        """Kill the process, whatever it does; its thread sees that at the pipe."""
        self.usable = False
        with _process_lock:
            if self._handle is None:
                self._process.kill()
            else:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def end(self) -> None:
        """Let the process end, by force where it doesn't."""
        self._pipe.close()
        if self._exit_code() is None:
            self.stop()
            self._exit_code()
        with _process_lock:
            handle, self._handle = self._handle, None
            if handle is not None:
                os.close(handle)

    def _exit_code(self) -> int | None:
        """Wait a while for the process to end; return its exit code, None where it has not ended.

        It is ``_UNKNOWN`` where the process that it was forked from is no more.
        """
        sentinel = self._process.sentinel  # which the process tells that this one was forked from
        if not multiprocessing.connection.wait([sentinel if self._handle is None else self._handle], _END_SECONDS):
            return None
        multiprocessing.connection.wait([sentinel], _END_SECONDS)
        with _process_lock:
            self._process.join(0)
            return self._process.exitcode


def _tell_exit(pid: int, code: int | None) -> str:
    """Return how a process ended, in words."""
    if code is not None and code < 0:
        return f"{pid} was ended by {signal.Signals(-code).name}"
    return f"{pid} was ended" if code == _UNKNOWN else f"{pid} ended with {code}"


# What runs in the worker's process ------------------------------------------------------------------------------------


def _worker_main(pipe: multiprocessing.connection.Connection, function: bytes, seconds: float, memory_mb: int) -> None:
    """Send None when ready, or what is wrong; then answer each item with (succeeded, result or error, grown)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C; fork_server has SIGTERM ignored
    fault = None
    try:
        work = _load_function(function, memory_mb)
    except Exception as error:  # noqa: BLE001  (an import may raise anything)
        is_own = isinstance(error, NewswireError)
        fault = error if is_own else WorkersError(f"a worker process can't work: {type(error).__name__}: {error}")
    try:
        pipe.send(fault)
    except OSError:  # the parent was killed meanwhile
        return
    if fault:
        return
    with contextlib.suppress(OSError):  # not Linux; ps and top show whose work it does: nw-extract, nw-enrich, nw-feeds
        Path("/proc/self/comm").write_text(f"nw-{getattr(work, 'func', work).__module__.split('.')[:2][-1]}"[:15])
    _, resident_limit = (used + _MAX_GROWTH for used in _memory_use())
    while True:
        try:
            data = pipe.recv_bytes()
        except (EOFError, ConnectionError):  # the latter where the parent was killed
            return
        except MemoryError:
            os._exit(_OUT_OF_MEMORY)
        signal.setitimer(signal.ITIMER_REAL, _ORPHAN_FACTOR * seconds + 1)
        answer = _run_item(work, data, resident_limit)
        signal.setitimer(signal.ITIMER_REAL, 0)
        try:
            pipe.send_bytes(answer)
        except OSError:  # the parent is gone
            return


def _load_function(function: bytes, memory_mb: int) -> Callable[[Any], Any]:
    """Limit this process's memory to ``memory_mb`` beside what all workers share, and import the function.

    Raises:
        WorkersError: No memory would be left for an item.
    """
    limit = memory_mb * 1024 * 1024 + _shared_bytes
    _check_headroom(limit)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        work: Callable[[Any], Any] = pickle.loads(function)  # noqa: S301  (from our parent)
    except MemoryError as error:
        raise WorkersError(
            f"a worker process can't work: its modules don't fit in {memory_mb} MB; raise memory_mb"
        ) from error
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
        raise WorkersError(
            f"a worker process can't work: it needs {needed_mb} MB before its first item and may have {limit_mb};"
            " raise memory_mb"
        )


def _run_item(work: Callable[[Any], Any], data: bytes, resident_limit: int) -> bytes:
    """Return the pickled answer to one pickled item; a process of more than ``resident_limit`` bytes has grown."""
    try:
        result, succeeded = work(pickle.loads(data)), True  # noqa: S301  (from our parent)
    except BaseException as error:  # noqa: BLE001  (an exit is the item's too, not ours)
        if not isinstance(error, ItemError | MemoryError):
            error.add_note("".join(traceback.format_exception(error)))
        result, succeeded = error, False
    del data
    grown = _memory_use()[1] > resident_limit
    try:
        return pickle.dumps((succeeded, result, grown), pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)
    except Exception as error:  # noqa: BLE001  (what can't be sent is an error of ours)
        return pickle.dumps((False, TypeError(f"the result can't be sent: {error}: {result!r:.300}"), grown))
