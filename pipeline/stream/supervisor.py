"""Keep a stage's loop at work: where it can't work, it pauses and is tried again, while the other stages go on."""

from __future__ import annotations

import logging
from typing import Protocol

from pipeline.errors import NewswireError
from pipeline.records import Stage
from pipeline.report import Report
from pipeline.stream.coordinator import StreamCoordinator

_log = logging.getLogger(__name__)


class StageLoop(Protocol):
    """The loop of one stage, and the counts of what it did."""

    stage: Stage
    report: Report

    async def run(self) -> None:
        """Work until the run is to end. It may be called again after an error.

        Raises NewswireError where the stage can't work; what it had claimed is given back.
        """

    def interrupt(self) -> None:
        """Let batches that are under way end soon; what has no result is given back."""

    def give_up(self) -> None:
        """Let batches that are under way end at once, by force where need be."""


async def supervise(loop: StageLoop, coordinator: StreamCoordinator) -> Exception | None:
    """Run a stage's loop until the run is to end; return what ended it before.

    A run that goes on until it is told to end tries again after a pause, each time a longer one. One that ends by
    itself leaves the stage to the next run.
    """
    while True:
        try:
            await loop.run()
        except NewswireError as error:
            fault: Exception = error
        except Exception as error:  # noqa: BLE001  a fault of ours is told too, with its traceback; the others go on
            _log.exception("%s can't work", loop.stage)
            fault = error
        else:
            coordinator.set_lanes(loop.stage, 0)
            return None
        if not coordinator.plan.follows:
            coordinator.set_lanes(loop.stage, 0)
            return fault
        seconds = coordinator.begin_pause(loop.stage, describe_fault(fault))
        await coordinator.sleep(seconds)
        if coordinator.is_ending:
            return None


def describe_fault(error: Exception) -> str:
    """Return an error in one line: ours as they are, others with their kind."""
    text = " ".join(str(error).split())
    return text if isinstance(error, NewswireError) else f"{type(error).__name__}: {text}"
