"""Wait for results of work that others do, in order, without leaving undone what can be done meanwhile."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, NamedTuple, TypeVar

F = TypeVar("F", bound=Future[Any])

_TICK_SECONDS = 0.05
# After so long a result that isn't there lets those behind it go first.
PATIENCE_SECONDS = 0.5


def do_nothing() -> None:
    """Do nothing."""


def failed_future(error: Exception) -> Future[Any]:
    """Return a future that is done, with ``error`` in place of a result."""
    future: Future[Any] = Future()
    future.set_exception(error)
    return future


def wait_until_done(future: Future[Any], meanwhile: Callable[[], None] = do_nothing) -> None:
    """Wait until ``future`` is done, and call ``meanwhile`` every now and then until it is."""
    while not _is_done(future):
        meanwhile()


def _is_done(future: Future[Any]) -> bool:
    """Wait a moment; tell whether ``future`` is done."""
    if not future.done():
        try:
            future.exception(_TICK_SECONDS)
        except TimeoutError:
            return future.done()
    return True


class Numbered(NamedTuple, Generic[F]):
    """A future with the number of its item."""

    number: int
    future: F


class WaitingLine(Generic[F]):
    """Futures that are taken in order; one that takes long lets those behind it go first.

    ``meanwhile`` is called every now and then while none can be taken; ``patience`` is how many seconds are long.
    """

    def __init__(self, meanwhile: Callable[[], None] = do_nothing, patience: float = PATIENCE_SECONDS) -> None:
        self._meanwhile = meanwhile
        self._patience = patience
        self._line: deque[Numbered[F]] = deque()
        self._first_since = 0.0  # since when the first one has been awaited

    def __len__(self) -> int:
        return len(self._line)

    def add(self, number: int, future: F) -> None:
        """Let a future wait behind the others."""
        self._line.append(Numbered(number, future))

    def take(self) -> Numbered[F]:
        """Wait for a future that is done, and take it out of the line."""
        self._first_since = self._first_since or time.monotonic()
        while not _is_done(self._line[0].future):
            is_late = time.monotonic() - self._first_since > self._patience
            if is_late and (done := next((waiting for waiting in self._line if waiting.future.done()), None)):
                if done is self._line[0]:
                    break
                self._line.remove(done)
                return done
            self._meanwhile()
        self._first_since = 0.0
        return self._line.popleft()

    def cancel(self) -> None:
        """Cancel whatever still waits."""
        for waiting in self._line:
            waiting.future.cancel()
