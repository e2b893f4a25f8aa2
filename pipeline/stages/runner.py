"""Run a stage over the articles that wait for it: claim a batch, decide it, finish it.

A batch is claimed under leases, decided without any transaction, and finished in one. An article that can't be
processed gets its outcome and the others go on; an error that concerns the whole stage gives the batch back and ends
the stage. All stages but poll run in this loop.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import ClassVar, Protocol, Self

import sqlalchemy as sa

from pipeline.context import Context
from pipeline.errors import ItemError, StoreError
from pipeline.records import Outcome, Reason, Stage
from pipeline.report import Report
from pipeline.store import ArticleRow, StageResult

_log = logging.getLogger(__name__)

# Stages that aren't ordered save after so many results, so that a killed run loses little work.
_RESULTS_PER_SAVE = 25
# So many failures of one run are logged one by one: enough to see what is wrong.
_LOGGED_FAILURES = 20

Emit = Callable[[StageResult], None]


class Batch(Protocol):
    """What a stage has to save with the results of a whole batch."""

    def save(self, connection: sa.Connection, saved: Sequence[StageResult]) -> None:
        """Save what belongs to the ``saved`` results, in their transaction."""


class StageHandler:
    """One stage's part of the loop; a context manager around all batches of a run."""

    stage: ClassVar[Stage]
    ordered: ClassVar[bool] = False  # whether the order of arrival matters: one worker at a time, whole batches
    runs_always: ClassVar[bool] = False  # whether it is entered although nothing waits for it; others may load much

    def __init__(self, context: Context) -> None:
        self.context = context

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close what the stage holds open."""

    def has_pending_work(self) -> bool:
        """Tell whether something other than an article waits for the stage."""
        return self.runs_always

    def decide(self, claimed: Sequence[ArticleRow], emit: Emit) -> Batch | None:
        """Give each claimed article's result to ``emit``; return what is to be saved with them.

        Only an ordered stage may return a batch: its results are saved together, those of other stages as they come.
        Raises NewswireError where the stage can't work.
        """
        raise NotImplementedError

    def finalise(self, connection: sa.Connection, results: Sequence[StageResult]) -> Sequence[StageResult]:  # noqa: ARG002
        """Return the results in their last form, in the transaction that saves them; by default as they are."""
        return results

    def save(self, connection: sa.Connection, saved: Sequence[StageResult]) -> None:
        """Save what belongs to the ``saved`` results, in their transaction."""

    def discard_removed(self, connection: sa.Connection, removed: Sequence[StageResult]) -> None:
        """Note what is to be removed outside the ledger, of articles that were taken down since they were claimed."""

    def with_records(
        self, claimed: Sequence[ArticleRow], emit: Emit, *records: Mapping[str, object]
    ) -> list[ArticleRow]:
        """Return the rows that have an entry in each of ``records`` (article id → record).

        The others were taken down or sent back since they were claimed, so that nothing is saved of them. One that is
        still this worker's is damaged: it is quarantined for a person to look at.
        """
        complete = []
        detail = f"the ledger lacks what the stages before {self.stage} made of it"
        damaged = ItemError(Outcome.QUARANTINED, Reason.BAD_RECORD, detail)
        for article in claimed:
            if all(article.id in by_id for by_id in records):
                complete.append(article)
            else:
                emit(self.failure_result(article, damaged))
        return complete

    def decide_each(
        self, claimed: Sequence[ArticleRow], emit: Emit, decide: Callable[[ArticleRow], StageResult]
    ) -> None:
        """Decide article by article: one that can't be processed gets its outcome."""
        for article in claimed:
            try:
                result = decide(article)
            except ItemError as error:
                result = self.failure_result(article, error)
            except Exception as error:  # noqa: BLE001  (the per-article loop: one article's fault is not the others')
                _log.info("%s %s", self.stage, article.id, exc_info=True)
                detail = f"{type(error).__name__}: {error}"[:300]
                result = StageResult(article=article, outcome=Outcome.QUARANTINED, reason=Reason.CRASHED, detail=detail)
            emit(result)

    def failure_result(self, article: ArticleRow, error: ItemError) -> StageResult:
        """Return the result of an article that can't be processed, retried later where that may help."""
        run = self.context.settings.run
        wait = error.retry_after or run.retry_minutes * 60 * 2**article.attempts
        retry = error.outcome is Outcome.RETRY
        return StageResult(
            article=article,
            outcome=error.outcome,
            reason=error.reason,
            detail=error.detail or None,
            retry_at=self.context.clock() + dt.timedelta(seconds=wait) if retry else None,
            tried=error.tried,
        )


def run_handler(handler: StageHandler, *, sources: Sequence[str] = (), limit: int | None = None) -> Report:
    """Run a stage over all that waits for it (at most ``limit`` articles, of ``sources``); return the counts.

    Raises NewswireError where the stage can't work; what it had claimed is given back.
    """
    report, settings = Report(handler.stage), handler.context.settings.run
    if not handler.has_pending_work() and not _count_waiting(handler, sources):
        return report
    with handler:
        while limit is None or report.taken < limit:
            size = settings.ordered_batch if handler.ordered else settings.batch
            if not _run_batch(handler, report, sources, size if limit is None else min(size, limit - report.taken)):
                break
    return report


def _count_waiting(handler: StageHandler, sources: Sequence[str]) -> int:
    store, now = handler.context.store, handler.context.clock()
    with store.read() as connection:
        return store.ledger.count_waiting(connection, handler.stage, now, sources)


def _run_batch(handler: StageHandler, report: Report, sources: Sequence[str], size: int) -> bool:
    """Run one batch; return False where nothing waits, or another worker is at an ordered stage."""
    context, stage = handler.context, handler.stage
    if not handler.ordered:
        return _process(handler, report, _claim(handler, sources, size))
    with context.store.lock(stage, context.clock(), context.settings.run.lease_seconds) as locked:
        if not locked:
            _log.info("%s: another worker is at it", stage)
            return False
        return _process(handler, report, _claim(handler, sources, size))


def _claim(handler: StageHandler, sources: Sequence[str], size: int) -> list[ArticleRow]:
    context, store = handler.context, handler.context.store
    now, seconds = context.clock(), context.settings.run.lease_seconds
    with store.write() as connection:
        return store.ledger.claim(connection, handler.stage, now, limit=size, seconds=seconds, sources=sources)


def _process(handler: StageHandler, report: Report, claimed: Sequence[ArticleRow]) -> bool:
    """Decide and finish the claimed articles; return whether there were any."""
    buffer: list[StageResult] = []

    def flush(batch: Batch | None = None) -> None:
        saved = _finish(handler, buffer, batch)
        buffer.clear()
        for result in saved:
            report.add(result.outcome, result.reason)
            if result.outcome in {Outcome.RETRY, Outcome.QUARANTINED}:
                _log_failure(result, report)

    def emit(result: StageResult) -> None:
        buffer.append(result)
        if not handler.ordered and len(buffer) >= _RESULTS_PER_SAVE:
            flush()

    try:
        flush(handler.decide(claimed, emit))
    except BaseException:
        # where the ledger can't be reached, the leases end by themselves
        store = handler.context.store
        with contextlib.suppress(StoreError), store.write() as connection:
            store.ledger.release(connection, claimed)
        raise
    return bool(claimed)


def _log_failure(result: StageResult, report: Report) -> None:
    """Log a failure that ``report`` counts already, unless there were too many before."""
    if report.failed > _LOGGED_FAILURES:
        return
    name = result.article.url or result.article.id
    _log.warning("%s %s: %s %s: %s", report.stage, name, result.outcome, result.reason, result.detail)
    if report.failed == _LOGGED_FAILURES:
        _log.warning("%s: further failures are only counted; newswire status names them", report.stage)


def _finish(handler: StageHandler, results: Sequence[StageResult], batch: Batch | None) -> list[StageResult]:
    """Save the results, and what belongs to them, in one transaction; return those that were saved."""
    context = handler.context
    if not results:
        return []
    with context.store.write() as connection:
        if handler.ordered:
            context.store.ledger.assert_lock(connection, handler.stage)
        attempts = context.settings.run.max_attempts
        final = handler.finalise(connection, results)
        saved = context.store.ledger.finish(connection, handler.stage, final, context.clock(), max_attempts=attempts)
        handler.save(connection, saved)
        if batch is not None:
            batch.save(connection, saved)
        if len(saved) < len(results):
            lost = {result.article.id for result in results} - {result.article.id for result in saved}
            removed = context.store.ledger.find_removed(connection, lost)
            handler.discard_removed(connection, [result for result in results if result.article.id in removed])
    return saved
