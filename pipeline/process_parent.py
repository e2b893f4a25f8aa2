"""Let a process start others where multiprocessing forbids it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Iterator
from multiprocessing import forkserver
from multiprocessing.process import AuthenticationString  # type: ignore[attr-defined]
from typing import Any


@contextlib.contextmanager
def as_parent() -> Iterator[None]:
    """Let this process start others in the block, also where it is one of billiard's, in which Celery runs tasks.

    Such a process is a daemon, which may not start any, since these could outlive it (the caller sees to it that they
    end with their pipe); and it has a key of billiard's kind, which multiprocessing can't hand on.
    """
    _forget_server_of_parent()
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


def _forget_server_of_parent() -> None:
    """Have a fork server of its own started where this process was forked from one that has such a server.

    multiprocessing asks after the server as after a child, which it is of the other process alone.
    """
    server: Any = forkserver._forkserver  # noqa: SLF001
    if server._forkserver_pid is None:  # noqa: SLF001
        return
    try:
        os.waitid(os.P_PID, server._forkserver_pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)  # noqa: SLF001
    except ChildProcessError:
        os.close(server._forkserver_alive_fd)  # noqa: SLF001  else the other process's server would outlive it
        server._forkserver_address = server._forkserver_alive_fd = server._forkserver_pid = None  # noqa: SLF001
