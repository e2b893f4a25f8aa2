"""Run newswire while a thread notes where its process spends its CPU time, by stage and by function.

    python bench/sampled_newswire.py NOTES -- run --once

Every 20 ms each thread's CPU time since the last look is put down to the function that it is in, and to the stage on
whose behalf that was called. Calls on threads of a pool, which may be too short to be seen, are timed one by one too.
Works with every checkout whose interpreter runs it. NOTES is written anew every two seconds and when newswire has
ended; the sampler says in it how much CPU time it took itself.
"""

from __future__ import annotations

import collections
import concurrent.futures
import functools
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar, TypeVar

LOOK_SECONDS = 0.02
SAVE_SECONDS = 2.0
LEAST_SECONDS = 0.0002  # of CPU time since the last look; a thread with less was asleep
FUNCTIONS = 120  # that are kept, of those that took most
ROOMS = ("pipeline/stages", "pipeline/stream")
T = TypeVar("T")
VERBS = ("poll", "fetch", "extract", "dedupe", "enrich", "cluster", "index")


def stage_of(frame: FrameType) -> str | None:
    """Return the stage whose code or handler this frame belongs to, None where it is nobody's."""
    folder, _, name = frame.f_code.co_filename.rpartition("/")
    if not folder.endswith(ROOMS):
        return None
    if (verb := name.removesuffix(".py")) in VERBS:
        return verb
    kept = frame.f_locals
    handler = kept.get("handler") or getattr(kept.get("self"), "_handler", kept.get("self"))
    stage = getattr(handler, "stage", None)
    return str(stage) if stage else None


def name_of(frame: FrameType) -> str:
    """Return a function's name with the last two parts of its file's."""
    parts = frame.f_code.co_filename.split("/")
    return f"{'/'.join(parts[-2:])}:{frame.f_code.co_name}"


class TimedExecutor(concurrent.futures.ThreadPoolExecutor):
    """A pool of threads that notes in ``calls`` how often each function was called, and for how much CPU time."""

    calls: ClassVar[collections.defaultdict[str, list[float]]] = collections.defaultdict(lambda: [0, 0.0])

    def submit(self, function: Callable[..., T], /, *args: Any, **options: Any) -> concurrent.futures.Future[T]:
        """Run the function on a thread, timed."""
        return super().submit(self._timed, function, *args, **options)

    def _timed(self, function: Callable[..., T], /, *args: Any, **options: Any) -> T:
        began = time.thread_time()
        try:
            return function(*args, **options)
        finally:
            inner = function.func if isinstance(function, functools.partial) else function
            spent = self.calls[getattr(inner, "__qualname__", type(inner).__qualname__)]
            spent[0] += 1
            spent[1] += time.thread_time() - began


class Sampler:
    """What the looks have found so far; ``run`` is the thread's work."""

    def __init__(self, notes: Path) -> None:
        self.notes = notes
        self.by_stage: dict[str, float] = collections.defaultdict(float)
        self.alone: dict[str, float] = collections.defaultdict(float)
        self.with_callees: dict[str, float] = collections.defaultdict(float)
        self.stages: list[tuple[float, str]] = []  # since when the main thread was at which stage
        self.own = 0.0
        self._before: dict[int, float] = {}
        self._ended = threading.Event()
        self._began = time.monotonic()
        self._parent = os.getppid()

    def run(self) -> None:
        """Look again and again until ``end``."""
        saved = time.monotonic()
        while not self._ended.wait(LOOK_SECONDS):
            self.look()
            if time.monotonic() - saved > SAVE_SECONDS:
                self.save()
                if os.getppid() != self._parent:  # nobody waits for the notes any more
                    os.kill(os.getpid(), signal.SIGTERM)
                saved = time.monotonic()

    def end(self) -> None:
        """Take a last look and save."""
        self._ended.set()
        self.save()

    def look(self) -> None:
        """Put each thread's CPU time since the last look down to what it does now."""
        me, main = threading.get_ident(), threading.main_thread().ident
        for thread, frame in sys._current_frames().items():  # noqa: SLF001  (the documented way to see other threads)
            try:
                spent = time.clock_gettime(time.pthread_getcpuclockid(thread))
            except OSError:  # it has ended since
                continue
            delta, self._before[thread] = spent - self._before.get(thread, spent), spent
            if thread == me:
                self.own = spent
            elif delta > LEAST_SECONDS or thread == main:
                self._note(frame, delta, is_main=thread == main)

    def _note(self, frame: FrameType, delta: float, *, is_main: bool) -> None:
        stage, step, names = None, frame, set()
        self.alone[name_of(frame)] += delta
        while step is not None:
            stage = stage or stage_of(step)
            names.add(name_of(step))
            step = step.f_back  # type: ignore[assignment]
        for name in names:
            self.with_callees[name] += delta
        self.by_stage[stage or self._without_stage(names)] += delta
        if is_main and stage and (not self.stages or self.stages[-1][1] != stage):
            self.stages.append((time.monotonic(), stage))

    @staticmethod
    def _without_stage(names: set[str]) -> str:
        if any(name.startswith("pipeline/workers.py") for name in names):
            return "pipes to workers"
        if any("asyncio/" in name or "aiohttp/" in name for name in names):
            return "event loop"
        if any(name.endswith("futures/thread.py:_worker") for name in names):
            return "short calls"
        return "importlib" if any(name.startswith("<frozen") for name in names) else "other"

    def save(self) -> None:
        """Write the notes, in one step."""
        ranked = sorted(self.with_callees, key=lambda name: -self.with_callees[name])[:FUNCTIONS]
        leaves = sorted(self.alone, key=lambda name: -self.alone[name])[:FUNCTIONS]
        notes: dict[str, Any] = {
            "seconds": time.monotonic() - self._began,
            "process_cpu": time.process_time(),
            "sampler_cpu": self.own,
            "by_stage": dict(self.by_stage),
            "alone": {name: self.alone[name] for name in leaves},
            "with_callees": {name: self.with_callees[name] for name in ranked},
            "stages": self.stages,
            "calls": {name: list(spent) for name, spent in tuple(TimedExecutor.calls.items())},
        }
        beside = self.notes.with_suffix(".new")
        beside.write_text(json.dumps(notes), encoding="utf-8")
        beside.replace(self.notes)


def main() -> None:
    """Run the command behind ``--`` under the sampler."""
    notes, _, *command = sys.argv[1:]
    from pipeline.cli import main as newswire  # noqa: PLC0415  (of the checkout whose interpreter runs this)

    concurrent.futures.ThreadPoolExecutor = TimedExecutor  # type: ignore[misc]
    sampler = Sampler(Path(notes))
    thread = threading.Thread(target=sampler.run, name="sampler", daemon=True)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})  # signals are the main thread's
    thread.start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
    sys.argv = ["newswire", *command]
    try:
        newswire()
    finally:
        sampler.end()


if __name__ == "__main__":
    main()
