"""Start newswire in processes that are to be killed, and kill them at a moment that is drawn.

    python bench/mortal_processes.py    reads a line of JSON for each process, prints its number

A process is forked off one that has imported what newswire needs: it is at work a second sooner. It may be armed to
kill itself at its n-th statement of SQL or commit, which is inside a transaction more often than a moment of the clock.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path


class Starter:
    """The process that others are forked off."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def start(self, arguments: Sequence[str], env: Mapping[str, str], log: Path, dies_at: int = 0) -> int:
        """Start ``newswire ARGUMENTS``; return its process id. With ``dies_at`` it ends at that statement of SQL."""
        order = {"arguments": arguments, "env": dict(env), "log": str(log), "dies_at": dies_at}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and waits to be noticed doesn't."""
    return _state_of(pid) not in {None, "Z", "X"}


def _state_of(pid: int) -> str | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return None


def wait_for_end(pid: int, seconds: float) -> bool:
    """Wait until a process has ended; return False where it hasn't in time."""
    until = time.monotonic() + seconds
    while is_alive(pid):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def kill(pid: int) -> bool:
    """Kill a process (SIGKILL); return False where it had ended by itself."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def list_descendants(pid: int) -> list[tuple[int, str]]:
    """Return process id and command line of all that a process started, and what they did."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = list[tuple[int, str]](), [pid]
    while waiting:
        for child in parents.get(waiting.pop(), ()):
            waiting.append(child)
            try:
                line = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            found.append((child, line))
    return found


def find_process(main: int, kind: str) -> int | None:
    """Return a process of ``kind`` (main, worker, forkserver) among those of ``main``; the newest where several are."""
    if kind == "main":
        return main
    descendants = list_descendants(main)
    servers = [pid for pid, line in descendants if "forkserver" in line]
    children = {child for server in servers for child, _ in list_descendants(server)}
    chosen = children if kind == "worker" else [pid for pid in servers if pid not in children]
    return max(chosen, default=None)


# What runs in the process that others are forked off -----------------------------------------------------------------


def _import_all() -> None:
    """Import what a run needs."""
    from pipeline.cli import cli, run  # noqa: F401, PLC0415
    from pipeline.index import _sqlite  # noqa: F401, PLC0415
    from pipeline.stages import HANDLERS  # noqa: PLC0415

    for handler in HANDLERS.values():
        handler()


def _arm(statement: int) -> None:
    """Kill this process at its n-th statement of SQL or commit."""
    import sqlalchemy as sa  # noqa: PLC0415

    count = 0

    def step(*_: object, **__: object) -> None:
        nonlocal count
        count += 1
        if count == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in ("before_cursor_execute", "commit"):
        sa.event.listen(sa.Engine, name, step)


def _child(order: dict[str, object]) -> None:
    """Be newswire."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(str(order["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    null = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, null), (1, log), (2, log)):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(order["env"])  # type: ignore[call-overload]
    sys.argv = ["newswire", *order["arguments"]]  # type: ignore[misc]
    if order["dies_at"]:
        _arm(int(order["dies_at"]))  # type: ignore[call-overload]
    from pipeline.cli import main  # noqa: PLC0415

    main()


def serve() -> None:
    """Fork a process for each line."""
    _import_all()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for what was killed
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                _child(json.loads(line))
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
            except BaseException:  # noqa: BLE001  whatever it was: it goes to the log
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        print(pid, flush=True)


if __name__ == "__main__":
    serve()
