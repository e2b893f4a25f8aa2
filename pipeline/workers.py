"""How is untrusted input parsed without endangering the program? In processes that can be killed.

Parsers of feeds and pages can loop for minutes, eat all memory or crash the interpreter on a crafted (or unlucky)
input. Each call here runs in a worker process under a time and a memory limit; a worker that dies is replaced and
only its own item is lost, with the reason.
"""

from __future__ import annotations

import collections
import multiprocessing.context
import resource
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from pipeline.errors import ItemError
from pipeline.records import Outcome, Reason

T = TypeVar("T")
R = TypeVar("R")


# What the process that workers are forked from imports: a worker is ready in 0.03 s instead of 1 to 2 s.
_preloaded: list[str] = []


def preload(*modules: str) -> None:
    """Let workers start with ``modules`` imported; helps only before the first ``Workers`` of this process."""
    _preloaded.extend(module for module in modules if module not in _preloaded)


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


class _Context(multiprocessing.context.ForkServerContext):
    """Forkserver: workers don't inherit the parent's threads, sockets and database connections."""

    Process = _Process


def _limit_memory(megabytes: int) -> None:
    size = megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Workers(Generic[T, R]):
    """A pool of ``count`` processes that run ``function`` on one item at a time.

    ``seconds`` is the wall-clock limit of one item; ``memory_mb`` limits a worker's address space. A worker is
    replaced after ``recycle`` items, so that a slow leak of a parser stays bounded.
    """

    def __init__(
        self, function: Callable[[T], R], *, count: int, seconds: float, memory_mb: int = 2048, recycle: int = 2000
    ) -> None:
        self._function = function
        self._count = count
        self._seconds = seconds
        context = _Context()
        preload(function.__module__)
        context.set_forkserver_preload(_preloaded)
        self._pool = ProcessPool(
            max_workers=count,
            max_tasks=recycle,
            initializer=_limit_memory,
            initargs=(memory_mb,),
            context=context,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            self._pool.close()  # type: ignore[no-untyped-call]
        else:
            self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()

    def submit(self, item: T) -> Future[R]:
        """Start ``function(item)``; ``settle`` turns the future into its result or the reason why there is none."""
        future: Future[R] = self._pool.schedule(self._function, args=(item,), timeout=self._seconds)
        return future

    def settle(self, future: Future[R]) -> R | ItemError:
        """Wait for a submitted item; return its result, or the ItemError that it raised or that befell its worker."""
        try:
            return future.result()
        except ItemError as error:
            return error
        except TimeoutError:
            return ItemError(Outcome.QUARANTINED, Reason.TOO_SLOW, f"not parsed within {self._seconds:g} s")
        except MemoryError:
            return ItemError(Outcome.QUARANTINED, Reason.TOO_LARGE, "its parser needs more memory than it may use")
        except ProcessExpired as error:
            return ItemError(Outcome.QUARANTINED, Reason.CRASHED, f"the parser's process ended with {error.exitcode}")

    def map(self, items: Iterable[T | ItemError]) -> Iterator[R | ItemError]:
        """Yield the result of each item, in order; an ItemError in place of a result that there isn't.

        An ItemError among the items is handed on in its place. Reads ahead only a few items per worker, so that an
        endless input is fine. An error of ours (anything but an ItemError) is raised here.
        """
        waiting: collections.deque[Future[R]] = collections.deque()
        for item in items:
            waiting.append(_failed(item) if isinstance(item, ItemError) else self.submit(item))
            if len(waiting) > 4 * self._count:
                yield self.settle(waiting.popleft())
        while waiting:
            yield self.settle(waiting.popleft())


def _failed(error: ItemError) -> Future[R]:
    future: Future[R] = Future()
    future.set_exception(error)
    return future
