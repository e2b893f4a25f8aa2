"""Count the workers of this process: how many were started, and what became of those that are no more."""

from __future__ import annotations

import collections
import threading
from typing import NamedTuple


class WorkerTurnover(NamedTuple):
    """How many workers this process has started, and what became of those that are no more."""

    started: int = 0
    replaced: int = 0  # they had grown, had done their share, or had an item that took too long
    died: int = 0  # they crashed, or were killed from outside


_counts: collections.Counter[str] = collections.Counter()
_counts_lock = threading.Lock()


def worker_turnover() -> WorkerTurnover:
    """Return the counts of all pools of this process so far."""
    with _counts_lock:
        return WorkerTurnover(**_counts)


def count_worker(name: str) -> None:
    """Count one more worker that was ``started``, was ``replaced`` or has ``died``."""
    with _counts_lock:
        _counts[name] += 1
