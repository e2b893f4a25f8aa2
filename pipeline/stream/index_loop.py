"""Run stage index: articles that are new to the index go at once, documents that only changed a little later.

Each article that joins a story or a copy group changes the documents of all its members. Written at once, a story of a
hundred articles would cost a hundred documents for each further one; those of some seconds are written together.
"""

from __future__ import annotations

from pipeline.context import Context
from pipeline.stages.runner import StageHandler, StageRun
from pipeline.stream.batch_loop import BatchLoop, Work, WorkersOpener, open_workers
from pipeline.stream.coordinator import StreamCoordinator

_CHANGES_FACTOR = 50.0  # documents that changed are written for a fiftieth of the time,
_LONGEST_SECONDS = 60.0  # but wait no longer than that


def seconds_between_changes(least: float, took: float) -> float:
    """Return the seconds until documents that changed are written again, where that took so long last time: pure."""
    return max(least, min(_CHANGES_FACTOR * took, _LONGEST_SECONDS))


class IndexLoop(BatchLoop):
    """The loop of stage index."""

    def __init__(
        self,
        coordinator: StreamCoordinator,
        context: Context,
        handler_class: type[StageHandler],
        work: Work,
        open_workers: WorkersOpener = open_workers,
    ) -> None:
        super().__init__(coordinator, context, handler_class, work, open_workers)
        self._least_seconds = context.settings.index.coalesce_seconds
        self._changes_seconds = self._least_seconds
        self._changes_took = 0.0  # seconds, since they were begun
        self._takes_changes = True  # of a backlog all is taken as it comes
        self._took_changes = self.event_loop.time()
        self._round_of_changes = -1

    def take_batch(self, run: StageRun, size: int) -> int:
        """Take a batch, and let searches find it at once; of a backlog they do at the index's own interval."""
        taken = self._take(run, size)
        if self.coordinator.plan.follows and 0 < taken < size:
            self.context.index.refresh()
        return taken

    def _take(self, run: StageRun, size: int) -> int:
        """Take what is new to the index; every few seconds, and when nothing else is left to do, what changed too."""
        self._takes_changes = self._takes_changes or self._is_time_for_changes()
        if not self._takes_changes:
            return run.step(size, only_new=True)
        self._round_of_changes = self.coordinator.round
        began = self.event_loop.time()
        taken = run.step(size)
        self._took_changes = self.event_loop.time()
        self._changes_took += self._took_changes - began
        self._takes_changes = taken >= size
        if not self._takes_changes:
            self._changes_seconds = seconds_between_changes(self._least_seconds, self._changes_took)
            self._changes_took = 0.0
        return taken

    def _is_time_for_changes(self) -> bool:
        if not self.coordinator.plan.follows:
            return self._round_of_changes != self.coordinator.round
        return self.event_loop.time() - self._took_changes >= self._changes_seconds
