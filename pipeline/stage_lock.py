"""Run a block while holding a stage's lock, so that no worker is at that stage meanwhile."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from pipeline.context import Context
from pipeline.errors import BusyError
from pipeline.records import Stage


@contextlib.contextmanager
def exclusive(context: Context, stage: Stage) -> Iterator[None]:
    """Hold the lock of ``stage`` during the block; wait for a batch that is under way, and keep off the next one.

    Raises:
        BusyError: The batch takes longer than ``context.lock_wait_seconds``.
    """
    seconds = context.lock_wait_seconds
    until = time.monotonic() + seconds
    while True:
        with context.store.lock(stage, context.clock(), context.settings.run.lease_seconds, asks=True) as locked:
            if locked:
                yield
                return
        if time.monotonic() > until:
            context.store.stop_asking(stage)
            raise BusyError(f"{stage} has been at work for {seconds:g} s; try again when it has finished")
        time.sleep(0.1)
