"""How is what a stage decided changed while no worker is at that stage?"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from pipeline.context import Context
from pipeline.errors import BusyError
from pipeline.records import Stage


@contextlib.contextmanager
def exclusive(context: Context, stage: Stage) -> Iterator[None]:
    """Hold the lock of ``stage``, waiting for a batch that is under way; raises BusyError if that takes too long."""
    until = time.monotonic() + context.patience
    while True:
        with context.store.lock(stage, context.clock(), context.settings.run.lease_seconds) as mine:
            if mine:
                yield
                return
        if time.monotonic() > until:
            raise BusyError(f"{stage} has been at work for {context.patience:g} s; try again when it has finished")
        time.sleep(0.1)
