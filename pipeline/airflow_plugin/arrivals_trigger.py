"""Wake the DAG ``ingest`` when something waits in the ledger for a run. Runs in Airflow's triggerer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

_log = logging.getLogger(__name__)


class ArrivalsTrigger(BaseEventTrigger):
    """Looks into the ledger ``every`` so many seconds; an event says how much waits (``Arrivals``).

    What goes on waiting is told again after ``again`` seconds: an event that came while the DAG was paused, or had its
    run, may be lost.
    """

    def __init__(self, every: float = 5.0, again: float = 60.0) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._every = every
        self._again = again

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return class and arguments, from which another process makes this trigger."""
        return f"{__name__}.{type(self).__qualname__}", {"every": self._every, "again": self._again}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield an event whenever something waits; a ledger that is away is looked for again."""
        from pipeline.intake.arrivals import ArrivalsWatch  # noqa: PLC0415  (DAG files import this module)

        watch = ArrivalsWatch(self._again)
        while True:
            arrivals = await asyncio.to_thread(watch.look, time.monotonic())
            if arrivals is not None:
                yield TriggerEvent(arrivals._asdict())  # type: ignore[no-untyped-call]
            await asyncio.sleep(self._every)
