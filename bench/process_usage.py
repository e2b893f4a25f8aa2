"""Measure the processes that belong to a program: CPU time and memory, by what they do. Linux alone.

Memory is the proportional set size: what processes share counts once in their sum.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

_TICK = os.sysconf("SC_CLK_TCK")
_PREFIX = "nw-"  # of the names that workers of newswire give themselves


class Process(NamedTuple):
    """One process as /proc shows it: its own CPU seconds, and those of its children that have ended."""

    pid: int
    parent: int
    name: str
    cpu: float
    ended_cpu: float = 0.0


def list_processes() -> dict[int, Process]:
    """Return all processes by their number."""
    listed = (_read_process(int(name)) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208
    return {process.pid: process for process in listed if process}


def _read_process(pid: int) -> Process | None:
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:  # it has ended
        return None
    name, fields = line[line.index("(") + 1 : line.rindex(")")], line[line.rindex(")") + 2 :].split()
    own, ended = int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])
    return Process(pid, int(fields[1]), name, own / _TICK, ended / _TICK)


def memory_of(pid: int) -> int:
    """Return the proportional set size of a process in bytes, 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


class TreeUsage:
    """What a process and all that it started have used; ``look`` brings it up to date.

    CPU time is kept by role: "main" (the process itself), the name of a worker that gives itself one, else "workers".
    ``peak_by_role`` is the memory of each role, in bytes, when that of all was at its highest, ``peak_memory``.
    """

    def __init__(self, root: int) -> None:
        self.root = root
        self.cpu: dict[str, float] = {}
        self.peak_memory = 0
        self.peak_by_role: dict[str, int] = {}
        self._known: dict[int, tuple[str, Process]] = {}

    def look(self, *, memory: bool = True) -> dict[str, float]:
        """Return the CPU seconds by role that were spent since the last look; note the memory too."""
        tree = self._tree()
        if memory:
            self._note_memory(tree)
        spent = self._add_spent({process.pid: (self._role(process), process) for process in tree})
        for role, seconds in spent.items():
            self.cpu[role] = self.cpu.get(role, 0.0) + seconds
        return spent

    def _add_spent(self, now: dict[int, tuple[str, Process]]) -> dict[str, float]:
        """Return what was spent since the last look; what a process spent before it ended its parent knows."""
        before, self._known = self._known, now
        spent: dict[str, float] = {}
        for pid, (role, process) in now.items():
            spent[role] = spent.get(role, 0.0) + process.cpu - (before[pid][1].cpu if pid in before else 0.0)
        for pid, (_, process) in now.items():
            ended = [(role, gone) for other, (role, gone) in before.items() if gone.parent == pid and other not in now]
            noted = process.ended_cpu - (before[pid][1].ended_cpu if pid in before else 0.0)
            unseen = max(0.0, noted - sum(gone.cpu for _, gone in ended))
            for role in [role for role, _ in ended] or ["workers"] * (unseen > 0):
                spent[role] = spent.get(role, 0.0) + unseen / max(1, len(ended))
        return spent

    def _note_memory(self, tree: list[Process]) -> None:
        by_role: dict[str, int] = {}
        for process in tree:
            role = self._role(process)
            by_role[role] = by_role.get(role, 0) + memory_of(process.pid)
        if (total := sum(by_role.values())) > self.peak_memory:
            self.peak_memory, self.peak_by_role = total, by_role

    def _role(self, process: Process) -> str:
        if process.pid == self.root:
            return "main"
        return process.name.removeprefix(_PREFIX) if process.name.startswith(_PREFIX) else "workers"

    def _tree(self) -> list[Process]:
        processes = list_processes()
        children: dict[int, list[Process]] = {}
        for process in processes.values():
            children.setdefault(process.parent, []).append(process)
        tree, waiting = [], [processes[self.root]] if self.root in processes else []
        while waiting:
            process = waiting.pop()
            tree.append(process)
            waiting += children.get(process.pid, [])
        return tree
