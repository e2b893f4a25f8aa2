"""How is what a stage decided changed while no worker is at that stage?"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from pipeline.errors import StoreError
from pipeline.records import Stage
from pipeline.stages.context import Context

_WAIT_SECONDS = 60.0  # for a batch that is under way


@contextlib.contextmanager
def alone(context: Context, stage: Stage, seconds: float = _WAIT_SECONDS) -> Iterator[None]:
    """Hold the lock of ``stage``, waiting for a batch that is under way; raises StoreError if that takes too long."""
    until = time.monotonic() + seconds
    while True:
        with context.store.lock(stage, context.clock(), context.settings.run.lease_seconds) as mine:
            if mine:
                yield
                return
        if time.monotonic() > until:
            raise StoreError(f"{stage} has been at work for {seconds:.0f} s; try again when it has finished")
        time.sleep(0.1)
