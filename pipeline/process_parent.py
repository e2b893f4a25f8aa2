"""Let a process start others where multiprocessing forbids it."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Iterator
from multiprocessing.process import AuthenticationString  # type: ignore[attr-defined]
from typing import Any


@contextlib.contextmanager
def as_parent() -> Iterator[None]:
    """Let this process start others in the block, also where it is one of billiard's, in which Celery runs tasks.

    Such a process is a daemon, which may not start any, since these could outlive it (the caller sees to it that they
    end with their pipe); and it has a key of billiard's kind, which multiprocessing can't hand on.
    """
    config: dict[str, Any] = multiprocessing.current_process()._config  # type: ignore[attr-defined]  # noqa: SLF001
    before: dict[str, Any] = {name: config[name] for name in ("daemon", "authkey") if name in config}
    config["daemon"] = False
    if "authkey" in before:
        config["authkey"] = AuthenticationString(bytes(before["authkey"]))
    try:
        yield
    finally:
        del config["daemon"]
        config.update(before)
