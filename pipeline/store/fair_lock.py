"""Let threads take turns in the order in which they came."""

from __future__ import annotations

import threading
from collections import deque


class FairLock:
    """A lock that goes from the thread that gives it back to the one that has waited longest."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._is_held = False
        self._waiting: deque[threading.Lock] = deque()  # one for each waiting thread, released when it is its turn

    def acquire(self, timeout: float) -> bool:
        """Wait for the lock; return False where ``timeout`` seconds were not enough."""
        with self._mutex:
            if not self._is_held:
                self._is_held = True
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        try:
            if turn.acquire(timeout=timeout):
                return True
        except BaseException:  # a signal's
            if not self._leave(turn):
                self.release()
            raise
        return not self._leave(turn)

    def release(self) -> None:
        """Give the lock to the thread that has waited longest."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_held = False

    def _leave(self, turn: threading.Lock) -> bool:
        """Stop waiting; return False where the lock has just come."""
        with self._mutex:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return True
            return False
