"""Record the figures of this program while it runs, and keep them in the ledger for whoever watches.

All but ``save``'s calls runs where the program's loops run, so that nothing needs a lock.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib.metadata
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from pipeline.fetch.answer_counts import answer_counts, failure_counts
from pipeline.figures import FigureHistory, ProgramFigures, RunFigures, StageFigures, StagePause, merge_figures
from pipeline.records import Outcome, Stage
from pipeline.report import Report
from pipeline.store import StageResult, Store
from pipeline.stream.process_usage import ProcessUsage, measure_processes
from pipeline.worker_turnover import WorkerTurnover, worker_turnover

SAVE_SECONDS = 2.0  # between two times that a program keeps its figures
_MEASURE_SECONDS = 10.0  # between two looks at what its processes use, each of which takes milliseconds


class FigureRecorder:
    """The figures of the program ``name``, a holder of leases (``Store.owner``).

    Args:
        name: the program's.
        command: as the user called it.
        clock: tells the time that is kept.
        timer: seconds by a clock that never goes back.
        measure: tells what the program's processes use; called where it may block, and seldom: it is dear.
        workers: tells how many worker processes there were.
    """

    def __init__(
        self,
        name: str,
        command: str,
        *,
        clock: Callable[[], dt.datetime],
        timer: Callable[[], float] = time.monotonic,
        measure: Callable[[], ProcessUsage] = measure_processes,
        workers: Callable[[], WorkerTurnover] = worker_turnover,
    ) -> None:
        self.total = RunFigures()
        self._name = name
        self._command = command
        self._version = importlib.metadata.version("newswire")
        self._clock = clock
        self._timer = timer
        self._measure = measure
        self._measured = float("-inf")
        self._workers = workers
        self._answers_before, self._failures_before = answer_counts(), failure_counts()
        self._started = clock()
        self._history = FigureHistory(timer())
        self._pauses: dict[str, StagePause] = {}
        self._usage = ProcessUsage()
        self._at_work: Counter[Stage] = Counter()
        self._accrued = timer()  # until when the time at work is counted

    def count_results(self, stage: Stage, saved: Sequence[StageResult]) -> None:
        """Count saved results of a stage, and how long their articles took."""
        now, figures = self._clock(), self.total.stage(stage)
        for result in saved:
            article = result.article
            is_new = article.indexed <= 0 and article.version == 1  # below zero: the index was made anew meanwhile
            figures.add(result.outcome, result.reason)
            # what was indexed before and changed is due since its first sight, to be written in that order
            if article.due is not None and (is_new or stage is not Stage.INDEX):
                figures.ready_to_saved_seconds.add((now - article.due).total_seconds())
            is_first = stage is Stage.INDEX and result.outcome is Outcome.DONE and is_new
            if is_first and article.embargoed is None:
                self.total.searchable_seconds.add((now - article.first_seen).total_seconds())

    def note_polls(self, report: Report) -> None:
        """Take over what poll has counted so far: its feeds, and the new articles that they listed."""
        figures = StageFigures(busy_seconds_total=self.total.stage(Stage.POLL).busy_seconds_total)
        for (outcome, reason), count in list(report.counts.items()):
            figures.add(outcome, reason, count)
        self.total.stages[Stage.POLL.value] = figures
        self.total.new_articles_total = report.notes["new"]

    @contextlib.contextmanager
    def at_work(self, stage: Stage) -> Iterator[None]:
        """Count the time of this block as a stage's at work; blocks that run side by side count each."""
        self._accrue()
        self._at_work[stage] += 1
        try:
            yield
        finally:
            self._accrue()
            self._at_work[stage] -= 1

    def pause(self, stage: Stage, reason: str) -> None:
        """Note that a stage can't work from now on, or still can't, and why."""
        earlier = self._pauses.get(stage.value)
        since = earlier.since if earlier else self._clock()
        self._pauses[stage.value] = StagePause(since=since, reason=reason)

    def resume(self, stage: Stage) -> None:
        """Note that a stage works again."""
        self._pauses.pop(stage.value, None)

    def is_paused(self, stage: Stage) -> bool:
        """Tell whether a stage can't work now."""
        return stage.value in self._pauses

    def snapshot(self, *, ended: bool = False) -> ProgramFigures:
        """Return the figures of this moment."""
        self._accrue()
        now, timer = self._clock(), self._timer()
        workers = self._workers()
        self.total.workers_started_total = workers.started
        self.total.workers_replaced_total = workers.replaced
        self.total.workers_died_total = workers.died
        self.total.cpu_seconds_total = self._usage.cpu_seconds
        self.total.http_answers_total = _grown(answer_counts(), self._answers_before)
        self.total.http_failures_total = _grown(failure_counts(), self._failures_before)
        figures = ProgramFigures(
            program=self._name,
            version=self._version,
            command=self._command,
            started=self._started,
            beat=now,
            ended=now if ended else None,
            total=merge_figures(self.total),
            windows=self._history.windows(timer, self.total),
            pauses=dict(self._pauses),
            processes=self._usage.processes,
            memory_bytes=self._usage.memory_bytes,
        )
        self._history.add(timer, self.total)
        return figures

    async def save(
        self, store: Store, call: Callable[[Callable[[], object]], Awaitable[object]], *, ended: bool = False
    ) -> ProgramFigures:
        """Keep the figures of this moment in the ledger; return them.

        ``call`` runs a function where it may block. To be awaited every SAVE_SECONDS, and with ``ended`` at the end.

        Raises:
            StoreError: The ledger can't be used just now.
        """
        if ended or self._timer() - self._measured >= _MEASURE_SECONDS:
            self._measured = self._timer()
            usage = await call(self._measure)
            if isinstance(usage, ProcessUsage):
                self._usage = usage
        figures = self.snapshot(ended=ended)
        await call(lambda: store.programs.save(figures))
        return figures

    def _accrue(self) -> None:
        """Count the time at work since the last call."""
        now = self._timer()
        for stage, count in self._at_work.items():
            if count:
                self.total.stage(stage).busy_seconds_total += count * (now - self._accrued)
        self._accrued = now


def _grown(counts: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    """Return by how much counts have grown since ``before``; those that haven't are left out."""
    return {name: count - before.get(name, 0) for name, count in counts.items() if count > before.get(name, 0)}
