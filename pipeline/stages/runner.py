"""How does a stage take what is pending, let it be decided, and save it?

One loop for all stages but poll: claim a batch under leases, decide without any transaction, finish in one. An item
that can't be processed gets its outcome and the others go on; an error that concerns the whole stage gives the batch
back and ends the stage.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import ClassVar, Self

import sqlalchemy as sa

from pipeline.context import Context
from pipeline.errors import ItemError, StoreError
from pipeline.records import Outcome, Reason, Stage
from pipeline.report import Report
from pipeline.store import ArticleRow, StageResult

_log = logging.getLogger(__name__)

# Heavy stages save after so many items, so that a killed run loses little work.
_CHUNK = 25
# So many failures of one run are named as they come: enough to see what is wrong.
_NAMED = 20


class StageHandler:
    """One stage's part of the loop; used as a context manager around all batches of a run."""

    stage: ClassVar[Stage]
    ordered: ClassVar[bool] = False  # whether the order of arrival matters: one worker at a time, whole batches
    runs_always: ClassVar[bool] = False  # whether it is entered although nothing waits for it; others may load much

    def __init__(self, context: Context) -> None:
        self.context = context

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End what the stage holds open."""

    def has_pending_work(self) -> bool:
        """Whether something other than an article waits for the stage."""
        return self.runs_always

    def decide(self, claimed: Sequence[ArticleRow], emit: Callable[[StageResult], None]) -> None:
        """Give each claimed item's result to ``emit``."""
        raise NotImplementedError

    def finalise(self, connection: sa.Connection, results: Sequence[StageResult]) -> Sequence[StageResult]:  # noqa: ARG002
        """Return the results in their last form, in the transaction that saves them; by default as they are."""
        return results

    def save(self, connection: sa.Connection, saved: Sequence[StageResult]) -> None:
        """Save what belongs to ``saved`` results in their transaction."""

    def discard_removed(self, connection: sa.Connection, lost: Sequence[StageResult]) -> None:
        """Note what is to be removed again outside the ledger, of articles that were taken down meanwhile."""

    def with_records(
        self, claimed: Sequence[ArticleRow], emit: Callable[[StageResult], None], *made: Mapping[str, object]
    ) -> list[ArticleRow]:
        """Return the items of which there is each of these records.

        Others were taken down or sent back since they were claimed, so that nothing is saved of them; one that still
        is this worker's is damaged, and a person should look.
        """
        there = []
        detail = f"the ledger lacks what the stages before {self.stage} made of it"
        damaged = ItemError(Outcome.QUARANTINED, Reason.BAD_RECORD, detail)
        for item in claimed:
            if all(item.id in records for records in made):
                there.append(item)
            else:
                emit(self.failure_result(item, damaged))
        return there

    def decide_each(
        self,
        claimed: Sequence[ArticleRow],
        emit: Callable[[StageResult], None],
        one: Callable[[ArticleRow], StageResult],
    ) -> None:
        """Decide item by item: an item that can't be processed becomes its outcome."""
        for item in claimed:
            try:
                result = one(item)
            except ItemError as error:
                result = self.failure_result(item, error)
            except Exception as error:  # noqa: BLE001  (the per-item loop: one article's fault is not the others')
                _log.info("%s %s", self.stage, item.id, exc_info=True)
                detail = f"{type(error).__name__}: {error}"[:300]
                result = StageResult(item=item, outcome=Outcome.QUARANTINED, reason=Reason.CRASHED, detail=detail)
            emit(result)

    def failure_result(self, item: ArticleRow, error: ItemError) -> StageResult:
        """Return the result of an item that can't be processed, retried later where that may help."""
        run = self.context.settings.run
        wait = error.retry_after or run.retry_minutes * 60 * 2**item.attempts
        retry = error.outcome is Outcome.RETRY
        return StageResult(
            item=item,
            outcome=error.outcome,
            reason=error.reason,
            detail=error.detail or None,
            retry_at=self.context.clock() + dt.timedelta(seconds=wait) if retry else None,
            tried=error.tried,
        )


def run_handler(work: StageHandler, *, sources: Sequence[str] = (), limit: int | None = None) -> Report:
    """Run a stage over all that waits for it (at most ``limit`` items, of ``sources``); return the counts."""
    report, settings = Report(work.stage), work.context.settings.run
    if not work.has_pending_work():
        with work.context.store.read() as connection:
            count = work.context.store.ledger.count_waiting(connection, work.stage, work.context.clock(), sources)
        if not count:
            return report
    with work:
        while limit is None or report.taken < limit:
            size = settings.ordered_batch if work.ordered else settings.batch
            if not _batch(work, report, sources, size if limit is None else min(size, limit - report.taken)):
                break
    return report


def _batch(work: StageHandler, report: Report, sources: Sequence[str], size: int) -> bool:
    """Run one batch; False where nothing waits (or another worker is at an ordered stage)."""
    context, stage = work.context, work.stage
    if not work.ordered:
        return _decide(work, report, _claim(work, sources, size))
    with context.store.lock(stage, context.clock(), context.settings.run.lease_seconds) as mine:
        if not mine:
            _log.info("%s: another worker is at it", stage)
            return False
        return _decide(work, report, _claim(work, sources, size))


def _claim(work: StageHandler, sources: Sequence[str], size: int) -> list[ArticleRow]:
    store, now, seconds = work.context.store, work.context.clock(), work.context.settings.run.lease_seconds
    with store.write() as connection:
        return store.ledger.claim(connection, work.stage, now, limit=size, seconds=seconds, sources=sources)


def _decide(work: StageHandler, report: Report, claimed: Sequence[ArticleRow]) -> bool:
    buffer: list[StageResult] = []

    def flush() -> None:
        saved = _finish(work, buffer)
        buffer.clear()
        for result in saved:
            report.add(result.outcome, result.reason)
            if result.outcome in {Outcome.RETRY, Outcome.QUARANTINED} and report.failed <= _NAMED:
                what = result.item.url or result.item.id
                _log.warning("%s %s: %s %s: %s", work.stage, what, result.outcome, result.reason, result.detail)
                if report.failed == _NAMED:
                    _log.warning("%s: further failures are only counted; newswire status names them", work.stage)

    def emit(result: StageResult) -> None:
        buffer.append(result)
        if not work.ordered and len(buffer) >= _CHUNK:
            flush()

    try:
        work.decide(claimed, emit)
        flush()
    except BaseException:
        # where it can't be reached, the leases end by themselves
        with contextlib.suppress(StoreError), work.context.store.write() as connection:
            work.context.store.ledger.release(connection, claimed)
        raise
    return bool(claimed)


def _finish(work: StageHandler, results: Sequence[StageResult]) -> list[StageResult]:
    context = work.context
    if not results:
        return []
    with context.store.write() as connection:
        if work.ordered:
            context.store.ledger.assert_lock(connection, work.stage)
        attempts = context.settings.run.max_attempts
        settled = work.finalise(connection, results)
        saved = context.store.ledger.finish(connection, work.stage, settled, context.clock(), max_attempts=attempts)
        work.save(connection, saved)
        if len(saved) < len(results):
            mine = {result.item.id for result in saved}
            gone = context.store.ledger.find_removed(connection, {r.item.id for r in results} - mine)
            work.discard_removed(connection, [result for result in results if result.item.id in gone])
    return saved
