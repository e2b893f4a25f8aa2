"""Take disk, processes, files or the ledger away from a newswire that follows, give it back, and see nothing is lost.

    python bench/scarcity.py [archive-full,ledger-full,index-full,archive-read-only,ledger-locked,processes,forks,files]
                             [--seconds 10]

For each: newswire follows feeds until all articles are searchable. Then the disk under the archive, ledger or index is
full (or may only be read), another program keeps the ledger locked, each process that parses is killed at once, no
process or thread can be started (by a control group, as limits of resources don't hold for root), or the program may
open no further file; articles go on arriving. After ``--seconds`` there is room again, and all has
to become searchable without anybody's help. At the end ledger, archive and index have to agree. What newswire said
meanwhile is printed. Disks are mounted in memory, so this needs Linux and root. Exit code 1 where anything is lost.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import kill as kill_loop
from growing_web import GrowingWeb, serve_web
from mortal_processes import Starter, is_alive, kill, list_descendants, wait_for_end

from pipeline.audit import CHECK_NAMES, Depth, run_audit
from pipeline.errors import NewswireError
from pipeline.settings import Environment, load_settings, load_sources
from pipeline.stages import Context
from pipeline.urls import article_id

_REPO = Path(__file__).parent.parent
_MEGABYTE = 1024 * 1024
_ROOM = 64 * _MEGABYTE  # bytes of a disk that isn't full
_ALL_SEARCHABLE = 120.0  # seconds in which everything is, on a machine that is extremely busy
_ENDS = 60.0
_DISKS = ("archive", "ledger", "index")

Restore = Callable[[], object]


class Newsroom:
    """A newswire that follows a growing web, with a disk of its own for each of archive, ledger and index."""

    def __init__(self, home: Path, web: GrowingWeb, starter: Starter) -> None:
        self.web, self.home = web, home
        self.log = home / "newswire.log"
        self.config = home / "config"
        shutil.copytree(_REPO / "config", self.config)
        settings = kill_loop._SETTINGS.format(alias="scarcity", batch=20)  # noqa: SLF001
        (self.config / "newswire.toml").write_text(settings, encoding="utf-8")
        (self.config / "feeds.toml").write_text(web.feeds_toml(), encoding="utf-8")
        self.disks = {name: home / f"{name}-disk" for name in _DISKS}
        self._environment = Environment(
            home=home,
            store_url=f"sqlite:///{self.disks['ledger']}/ledger.db",
            index_url=f"sqlite:///{self.disks['index']}/index.db",
            archive_url=str(self.disks["archive"] / "archive"),
        )
        self._starter = starter
        self.pid = 0

    def start(self) -> None:
        """Let newswire follow."""
        env = {
            **os.environ,
            "NEWSWIRE_HOME": str(self.home),
            "NEWSWIRE_CONFIG": str(self.config),
            "NEWSWIRE_STORE_URL": self._environment.store_url,
            "NEWSWIRE_INDEX_URL": self._environment.index_url,
            "NEWSWIRE_ARCHIVE_URL": self._environment.archive_url,
        }
        self.pid = self._starter.start(["run", "--follow"], env, self.log)

    @contextlib.contextmanager
    def context(self) -> Iterator[Context]:
        """Open ledger, index and archive to look at them."""
        settings, sources = load_settings(self.config), load_sources(self.config)
        with Context(settings, sources, self._environment, config=self.config, read_only=True) as context:
            yield context

    def grow(self, rounds: int) -> None:
        """Let articles be published."""
        for _ in range(rounds):
            self.web.grow(changing=False)

    def count_missing(self) -> int:
        """Return how many articles that feeds list aren't searchable."""
        ids = [article_id(self.web.url_of(piece)) for piece in self.web.pieces]
        try:
            with self.context() as context:
                return sum(context.index.get(name) is None for name in ids)
        except NewswireError:
            return len(ids)  # there is none yet

    def wait_until_searchable(self) -> int:
        """Wait until all articles are searchable; return how many aren't when time is up."""
        until = time.monotonic() + _ALL_SEARCHABLE
        while (missing := self.count_missing()) and time.monotonic() < until and is_alive(self.pid):
            time.sleep(0.5)
        return missing

    def list_disagreements(self) -> list[str]:
        """Return what ledger, archive and index don't agree on."""
        with self.context() as context:
            results = run_audit(context, CHECK_NAMES, archive=Depth.ALL, documents=Depth.ALL, pause_seconds=0.0)
            return [f"{result.name}: {example}" for result in results for example in result.examples]


# what is scarce -------------------------------------------------------------------------------------------------------


def fill_disk(room: Newsroom, disk: str) -> Restore:
    """Leave a disk no room at all."""
    folder = room.disks[disk]
    used = sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())
    _mount(folder, f"remount,size={used + 16 * 1024}")
    return lambda: _mount(folder, f"remount,size={_ROOM}")


def forbid_writing(room: Newsroom) -> Restore:
    """Let the archive be read only, as a disk with faults is."""
    folder = room.disks["archive"]
    _mount(folder, "remount,ro")
    return lambda: _mount(folder, "remount,rw")


def lock_ledger(room: Newsroom) -> Restore:
    """Keep the ledger locked."""
    other = sqlite3.connect(room.disks["ledger"] / "ledger.db", isolation_level=None, timeout=60)
    other.execute("BEGIN IMMEDIATE")
    return other.close


def take_processes(room: Newsroom) -> Restore:
    """Kill each process that the program starts, as a system without memory does."""
    is_over = threading.Event()

    def kill_all() -> None:
        while not is_over.wait(0.02):
            for pid, _ in list_descendants(room.pid):
                kill(pid)

    killer = threading.Thread(target=kill_all)
    killer.start()

    def restore() -> None:
        is_over.set()
        killer.join()

    return restore


def take_forks(room: Newsroom) -> Restore:
    """Let the program start no further process or thread, as a system without memory does, and kill its workers."""
    groups = next(path for path in map(Path, ("/sys/fs/cgroup/pids", "/sys/fs/cgroup")) if path.is_dir())
    group = groups / f"newswire-scarcity-{room.pid}"
    group.mkdir()

    def move_all(to: Path) -> None:
        for pid in (room.pid, *(pid for pid, _ in list_descendants(room.pid))):
            with contextlib.suppress(ProcessLookupError):
                (to / "cgroup.procs").write_text(str(pid))

    def restore() -> None:
        (group / "pids.max").write_text("max")
        move_all(groups)
        group.rmdir()

    move_all(group)
    (group / "pids.max").write_text("1")
    for pid, _ in list_descendants(room.pid):
        if Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").startswith("nw-"):
            kill(pid)
    return restore


def take_files(room: Newsroom) -> Restore:
    """Let the program open no further file, socket or pipe."""
    before = resource.prlimit(room.pid, resource.RLIMIT_NOFILE)
    used = max(int(path.name) for path in Path(f"/proc/{room.pid}/fd").iterdir()) + 1
    resource.prlimit(room.pid, resource.RLIMIT_NOFILE, (used, before[1]))
    return lambda: resource.prlimit(room.pid, resource.RLIMIT_NOFILE, before)


SCARCITIES: dict[str, Callable[[Newsroom], Restore]] = {
    **{f"{disk}-full": lambda room, disk=disk: fill_disk(room, disk) for disk in _DISKS},  # type: ignore[misc]
    "archive-read-only": forbid_writing,
    "ledger-locked": lock_ledger,
    "processes": take_processes,
    "forks": take_forks,
    "files": take_files,
}


def _mount(folder: Path, options: str) -> None:
    subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)


# playing --------------------------------------------------------------------------------------------------------------


def play(name: str, seconds: float, starter: Starter) -> list[str]:
    """Play one scarcity; return what is wrong after it."""
    wrong = []
    with (
        tempfile.TemporaryDirectory(prefix="scarcity-") as folder,
        serve_web(7, host="127.0.29.") as web,
        contextlib.ExitStack() as mounted,
    ):
        room = Newsroom(Path(folder), web, starter)
        for disk in room.disks.values():
            disk.mkdir()
            _mount(disk, f"size={_ROOM}")
            mounted.callback(subprocess.run, ["/bin/umount", "--lazy", disk], check=False)
        room.grow(5)
        room.start()
        if missing := room.wait_until_searchable():
            wrong.append(f"{missing} articles aren't searchable before anything is scarce")
        restore = SCARCITIES[name](room)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            room.grow(1)
            time.sleep(seconds / 10)
        held_back = room.count_missing() if name != "files" else 0
        print(f"{name}: {held_back} of {len(web.pieces)} articles are held back, {_is_at_work(room)}", flush=True)
        restore()
        if missing := room.wait_until_searchable():
            wrong.append(f"{missing} of {len(web.pieces)} articles are never searchable, {_is_at_work(room)}")
        if is_alive(room.pid):
            os.kill(room.pid, signal.SIGTERM)
            if not wait_for_end(room.pid, _ENDS):
                wrong.append("it doesn't end on SIGTERM")
                kill(room.pid)
        wrong += room.list_disagreements()
        wrong += [f"a file written by half: {path}" for path in Path(folder).rglob("*.part")]
        said = room.log.read_text(encoding="utf-8", errors="replace")
        if "Traceback" in said:
            wrong.append("a traceback on stderr")
        print("".join(f"    {line[:200]}\n" for line in said.splitlines()), end="", flush=True)
    return wrong


def _is_at_work(room: Newsroom) -> str:
    return "the program is at work" if is_alive(room.pid) else "the program has ended"


def main() -> int:
    """Play what is asked for; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="?", default=",".join(SCARCITIES), help="what is scarce (default: all)")
    parser.add_argument("--seconds", type=float, default=10.0, help="for how long (default: %(default)s)")
    options = parser.parse_args()
    starter, faults = Starter(), 0
    try:
        for name in options.names.split(","):
            for fault in play(name, options.seconds, starter):
                faults += 1
                print(f"FAULT {name}: {fault}", flush=True)
    finally:
        starter.close()
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
