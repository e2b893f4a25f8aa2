"""Choose how many worker processes the heavy stages may have: by settings, else by cores and memory.

What a container allows (its cgroup) counts, not what the machine has.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from pipeline.settings import Settings

# MiB of the program and of the process that workers are forked from; of a worker of each kind together
# (bench/workers.py --memory measures them, with a reserve for huge pages).
_PROGRAM_MB = 700
_WORKER_PAIR_MB = 450
_MIB = 1024 * 1024
# Two programs of a heavy stage on one machine: while one waits for the ledger, the other one's workers go on.
_SHARDS_PER_MACHINE = 2


class Machine(NamedTuple):
    """What this process may use; ``memory`` in bytes, None where the system doesn't say."""

    cores: int
    memory: int | None


class WorkerCounts(NamedTuple):
    """How many processes each stage may have."""

    extract: int
    enrich: int


def choose_worker_counts(settings: Settings, machine: Machine | None = None) -> WorkerCounts:
    """Return how many processes extract and enrich may have, each; ``machine`` is this one by default.

    Both stages are at work at once, and either may be the slower one: each may have as many as there are cores, and
    memory for.
    """
    shared = settings.run.workers
    number = count_usable(machine or inspect_machine()) if shared == "auto" else shared
    return WorkerCounts(settings.extract.workers or number, settings.enrich.workers or number)


def count_usable(machine: Machine, programs: int = 1) -> int:
    """Return how many pairs of workers the cores can feed and the memory can hold beside ``programs``; at least one."""
    if machine.memory is None:
        return machine.cores
    fitting = (machine.memory // _MIB - programs * _PROGRAM_MB) // _WORKER_PAIR_MB
    return max(1, min(machine.cores, fitting))


def count_shards(settings: Settings, machine: Machine | None = None) -> int:
    """Return into how many shards Airflow splits a heavy stage at most, on all machines together.

    By default each machine has two, or one where its memory or cores are enough for no more; all are like ``machine``,
    which is this one by default.
    """
    airflow = settings.airflow
    if airflow.shards != "auto":
        return airflow.shards
    usable = count_usable(machine or inspect_machine(), _SHARDS_PER_MACHINE)
    return airflow.machines * min(_SHARDS_PER_MACHINE, usable)


def share_workers(settings: Settings, machine: Machine | None = None) -> Settings:
    """Return the settings for one shard: its machine's worker processes are divided among the shards that are there."""
    machine = machine or inspect_machine()
    at_once = math.ceil(count_shards(settings, machine) / settings.airflow.machines)
    shared = settings.run.workers
    number = count_usable(machine, at_once) if shared == "auto" else shared
    extract, enrich = ((stage.workers or number) // at_once or 1 for stage in (settings.extract, settings.enrich))
    return msgspec.structs.replace(
        settings,
        extract=msgspec.structs.replace(settings.extract, workers=extract),
        enrich=msgspec.structs.replace(settings.enrich, workers=enrich),
    )


def inspect_machine(root: Path = Path("/")) -> Machine:
    """Return the cores and memory that this process may use; the system's files are read below ``root``."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = _installed_memory(root)
    for folder in _cgroup_folders(root):
        quota = _read_words(folder / "cpu.max") or [
            *_read_words(folder / "cpu.cfs_quota_us"),
            *_read_words(folder / "cpu.cfs_period_us"),
        ]
        if [word.isdigit() for word in quota] == [True, True] and int(quota[1]):
            cores = min(cores, max(1, int(quota[0]) // int(quota[1])))
        for name in ("memory.max", "memory.limit_in_bytes"):
            limit = _read_words(folder / name)
            if limit and limit[0].isdigit():
                memory = min(int(limit[0]), memory or int(limit[0]))
    return Machine(cores, memory)


def _installed_memory(root: Path) -> int | None:
    words = _read_words(root / "proc/meminfo")
    if "MemTotal:" not in words:
        return None
    return int(words[words.index("MemTotal:") + 1]) * 1024


def _cgroup_folders(root: Path) -> Iterator[Path]:
    """Yield the folders whose limits hold for this process: of its groups and of all groups around them."""
    mounts = root / "sys/fs/cgroup"
    for line in _read_words(root / "proc/self/cgroup"):
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        folder = mounts / controllers
        parts = [part for part in path.split("/") if part not in {"", ".."}]
        for size in range(len(parts) + 1):
            yield folder.joinpath(*parts[:size])


def _read_words(file: Path) -> list[str]:
    """Return the words of a file of the system; none where it isn't there."""
    with contextlib.suppress(OSError):
        return file.read_text(encoding="ascii", errors="replace").split()
    return []
