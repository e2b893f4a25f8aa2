"""Let a process start others where multiprocessing forbids it."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def as_parent() -> Iterator[None]:
    """Let this process start others in the block also where it is a daemon, as those are in which Celery runs tasks.

    Daemons may not, since what they start could outlive them; the caller sees to it that this ends with its pipe.
    """
    config: dict[str, Any] = multiprocessing.current_process()._config  # type: ignore[attr-defined]  # noqa: SLF001
    is_daemon = config.pop("daemon", None)
    try:
        yield
    finally:
        if is_daemon is not None:
            config["daemon"] = is_daemon
