"""Measure what a program and the processes that it started use: memory and processor time.

Linux tells for each process its share of the memory that several use, so that the sum is what the program takes; on
other systems what is shared counts in each.
"""

from __future__ import annotations

import os
import resource

import msgspec
import psutil


class ProcessUsage(msgspec.Struct, frozen=True, kw_only=True):
    """What all processes of a program use together."""

    processes: int = 1
    memory_bytes: int = 0
    cpu_seconds: float = 0.0  # since the program began, of ended processes too


def measure_processes() -> ProcessUsage:
    """Return what this process, its children and theirs use now; processes that end meanwhile are left out."""
    this = psutil.Process(os.getpid())
    processes = [this, *this.children(recursive=True)]
    memory = [size for process in processes if (size := _memory_of(process)) is not None]
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = sum(_cpu_of(process) for process in processes) + ended.ru_utime + ended.ru_stime
    return ProcessUsage(processes=len(memory), memory_bytes=sum(memory), cpu_seconds=cpu)


def _memory_of(process: psutil.Process) -> int | None:
    """Return the memory of a process in bytes, None where it has ended."""
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.rss))
    except psutil.AccessDenied:
        return int(process.memory_info().rss)
    except psutil.Error:
        return None


def _cpu_of(process: psutil.Process) -> float:
    """Return the processor time of a process, with that of the children that it has seen end, in seconds."""
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    own = times.user + times.system
    return float(own if process.pid == os.getpid() else own + times.children_user + times.children_system)
