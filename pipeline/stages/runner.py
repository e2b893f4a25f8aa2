"""Run a stage over the articles that wait for it: claim a batch, decide it, finish it.

A batch is claimed under leases, decided without any transaction, and finished in one. An article that can't be
processed gets its outcome and the others go on; an error that concerns the whole stage gives the batch back and ends
the stage. All stages but poll and fetch, which go by host, run in this loop.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, ClassVar, Protocol, Self

import sqlalchemy as sa

from pipeline.context import Context
from pipeline.errors import BusyError, ItemError, StoreError
from pipeline.records import Outcome, Reason, Stage
from pipeline.report import Report
from pipeline.result_waiting import do_nothing
from pipeline.store import ArticleRow, StageResult
from pipeline.workers import Workers

_log = logging.getLogger(__name__)

# Stages that aren't ordered save after so many results, so that a killed run loses little work. A run that hurries
# saves a result at once where it has saved none for so many seconds, and for more where the batch is full, as then many
# more wait.
_RESULTS_PER_SAVE = 25
_SAVE_SECONDS, _BUSY_SAVE_SECONDS = 0.1, 0.5
# Whoever insists on an ordered stage that another worker is at asks again this often, for so long.
_LOCK_PAUSE_SECONDS, _LOCK_WAIT_SECONDS = 0.5, 30.0
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

    def __init__(self, context: Context, workers: Workers[Any, Any] | None = None) -> None:
        """Take the ``workers`` of ``open_workers`` where several handlers share them; else it opens its own."""
        self.context = context
        self.shared_workers: Any = workers  # of the stage's own kind
        self.meanwhile: Callable[[], None] = do_nothing  # ``decide`` calls it now and then while it waits for results
        self.hurries = False  # whether each result counts more than their order
        self.is_interrupted = False  # whether the run ends: what takes long in ``maintain`` ends as well

    @classmethod
    def open_workers(cls, context: Context) -> Workers[Any, Any] | None:  # noqa: ARG003
        """Return the processes that handlers of this stage may share, in several threads; None where it has none.

        Whoever opens them closes them, when none of the handlers is at work any more.
        """
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close what the stage holds open."""

    def maintain(self) -> None:
        """Do what is to be done now and then while the stage is at work; no batch is under way meanwhile.

        Raises NewswireError where the stage can't work.
        """

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

    def discard_lost(self, connection: sa.Connection, lost: Sequence[StageResult]) -> None:
        """Note what is to be removed outside the ledger, of results that came too late: their leases had ended."""

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

    def crash_result(self, article: ArticleRow, error: Exception) -> StageResult:
        """Return the result of an article at which an error arose that nothing foresaw."""
        _log.info("%s %s", self.stage, article.id, exc_info=error, extra={"article": article.id})
        detail = f"{type(error).__name__}: {error}"[:300]
        return StageResult(article=article, outcome=Outcome.QUARANTINED, reason=Reason.CRASHED, detail=detail)

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


def run_handler(
    handler: StageHandler,
    *,
    sources: Sequence[str] = (),
    limit: int | None = None,
    seconds: float | None = None,
    insists: bool = False,
    on_saved: Callable[[Sequence[StageResult]], None] = lambda _: None,
) -> Report:
    """Run a stage over what waits for it; return the counts.

    Args:
        handler: the stage's.
        sources: whose articles are taken; none means all.
        limit: how many articles are taken at most.
        seconds: after which the stage is left: an ordered one at the end of its batch, another one at once.
        insists: whether it is an error that another worker is at an ordered stage while articles wait for it.
        on_saved: gets the results of each transaction when it has been saved.

    Raises:
        BusyError: Another worker is at an ordered stage, and stays there.
        NewswireError: The stage can't work; what it had claimed is given back.
    """
    run = StageRun(handler, sources=sources, limit=limit, on_saved=on_saved)
    handler.maintain()
    if not handler.has_pending_work() and not _count_waiting(handler, sources):
        return run.report
    with handler, _interrupting(run, seconds):
        while run.step() or (insists and _await_lock(run)):
            pass
    if run.report.taken:
        handler.maintain()
    return run.report


@contextlib.contextmanager
def _interrupting(run: StageRun, seconds: float | None) -> Iterator[None]:
    """Interrupt ``run`` when the block has lasted so many seconds."""
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, run.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _await_lock(run: StageRun) -> bool:
    """Wait a moment where another worker is at the stage of ``run``; tell whether to try again.

    Raises:
        BusyError: It has been there for too long, and articles wait.
    """
    if run.locked_out_since is None or not run.count_waiting():
        return False
    stage = run.report.stage
    if time.monotonic() - run.locked_out_since > _LOCK_WAIT_SECONDS:
        raise BusyError(
            f"{stage}: another worker is at it, and stays there; what waits is taken when it has ended, "
            "or when its lock has (run.lease_seconds)"
        )
    time.sleep(_LOCK_PAUSE_SECONDS)
    return True


def _count_waiting(handler: StageHandler, sources: Sequence[str]) -> int:
    store, now = handler.context.store, handler.context.clock()
    with store.read() as connection:
        return store.ledger.count_waiting(connection, handler.stage, now, sources)


class _InterruptedError(Exception):
    """The batch was interrupted; what was decided of it is saved."""


class _UnsavedResults:
    """The results of a run that aren't saved yet: they wait until the last ones were saved so many seconds ago."""

    def __init__(self) -> None:
        self.results: list[StageResult] = []
        self._pause, self._taken = math.inf, float("-inf")

    def begin_batch(self, pause: float) -> None:
        """Let results of a new batch wait ``pause`` seconds; what is left of one that failed was given back."""
        self._pause = pause
        self.results.clear()

    @property
    def are_due(self) -> bool:
        """Tell whether there are many, or any that need not wait."""
        is_due = time.monotonic() - self._taken > self._pause
        return len(self.results) >= _RESULTS_PER_SAVE or (bool(self.results) and is_due)

    def take(self) -> list[StageResult]:
        """Return the results, which are saved now."""
        taken, self.results = self.results, []
        self._taken = time.monotonic()
        return taken


class StageRun:
    """An entered handler at work: each step claims a batch, decides and finishes it, and adds to ``report``.

    Args:
        handler: the stage's; of a stage that isn't ordered several may be at work at the same time.
        sources: whose articles are taken; none means all.
        limit: how many articles are taken at most.
        on_saved: gets the results of each transaction when it has been saved.
        hurries: whether results are saved soon, and what takes long holds nothing else back.
    """

    def __init__(
        self,
        handler: StageHandler,
        *,
        sources: Sequence[str] = (),
        limit: int | None = None,
        on_saved: Callable[[Sequence[StageResult]], None] = lambda _: None,
        hurries: bool = False,
    ) -> None:
        self.report = Report(handler.stage)
        self._handler = handler
        self._sources = sources
        self._limit = limit
        self._on_saved = on_saved
        self._is_interrupted = False
        self._unsaved = _UnsavedResults()
        self.locked_out_since: float | None = None  # by the monotonic clock; None where the last step got the lock
        handler.hurries = hurries

    def interrupt(self) -> None:
        """Let the batch that is under way end as soon as its handler waits or has a result; the rest is given back.

        An ordered stage ends its batch, as that is saved as a whole. No further batch is taken. May be called on
        another thread.
        """
        self._is_interrupted = True

    def count_waiting(self) -> int:
        """Return how many articles could be claimed now."""
        return _count_waiting(self._handler, self._sources)

    def step(self, size: int | None = None, *, only_new: bool = False) -> int:
        """Take one batch, of the settings' size or of ``size``; return how many articles it had.

        With ``only_new`` it takes those alone that the index hasn't yet.

        It has none where nothing waits, where another worker is at an ordered stage, beyond the limit, and once it was
        interrupted.

        Raises NewswireError where the stage can't work; what it had claimed is given back.
        """
        handler, settings = self._handler, self._handler.context.settings.run
        size = size or (settings.ordered_batch if handler.ordered else settings.batch)
        if self._limit is not None:
            size = min(size, self._limit - self.report.taken)
        if size <= 0 or self._is_interrupted:
            return 0
        claimed = self._claim(size, only_new=only_new)
        return 0 if claimed is None else self._process(claimed, is_full=len(claimed) >= size)

    def _claim(self, size: int, *, only_new: bool) -> list[ArticleRow] | None:
        """Claim articles, and take an ordered stage's lock; return None where another worker is at that stage."""
        handler, context, store = self._handler, self._handler.context, self._handler.context.store
        now, seconds, stage = context.clock(), context.settings.run.lease_seconds, handler.stage
        with store.write() as connection:
            if handler.ordered and not store.take_lock(connection, stage, now, seconds):
                if self.locked_out_since is None:
                    _log.info("%s: another worker is at it", stage)
                    self.locked_out_since = time.monotonic()
                return None
            self.locked_out_since = None
            return store.ledger.claim(
                connection, stage, now, limit=size, seconds=seconds, sources=self._sources, only_new=only_new
            )

    def _process(self, claimed: Sequence[ArticleRow], *, is_full: bool) -> int:
        """Decide and finish the claimed articles, and give an ordered stage's lock back; return how many there were."""
        handler = self._handler
        unsaved = self._unsaved
        unsaved.begin_batch((_BUSY_SAVE_SECONDS if is_full else _SAVE_SECONDS) if handler.hurries else math.inf)

        def flush(batch: Batch | None = None) -> None:
            saved = finish(handler, unsaved.take(), batch)
            note_saved(self.report, saved)
            if saved:
                self._on_saved(saved)

        def flush_due() -> None:
            if handler.ordered:
                return
            if self._is_interrupted or unsaved.are_due:
                flush()
            if self._is_interrupted:
                raise _InterruptedError

        def emit(result: StageResult) -> None:
            unsaved.results.append(result)
            flush_due()

        handler.meanwhile = flush_due
        try:
            flush(handler.decide(claimed, emit))
        except _InterruptedError:
            self._release(claimed)
        except BaseException:
            self._release(claimed)
            raise
        return len(claimed)

    def _release(self, claimed: Sequence[ArticleRow]) -> None:
        """Give back what has no outcome; where the ledger can't be reached, leases and lock end by themselves."""
        handler, store = self._handler, self._handler.context.store
        with contextlib.suppress(StoreError), store.write() as connection:
            store.ledger.release(connection, claimed)
            if handler.ordered:
                store.release_lock(connection, handler.stage)


def note_saved(report: Report, saved: Sequence[StageResult]) -> None:
    """Count saved results in ``report``, and log the first failures."""
    for result in saved:
        report.add(result.outcome, result.reason)
        if result.outcome in {Outcome.RETRY, Outcome.QUARANTINED}:
            _log_failure(result, report)


def _log_failure(result: StageResult, report: Report) -> None:
    """Log a failure that ``report`` counts already, unless there were too many before."""
    if report.failed > _LOGGED_FAILURES:
        return
    name = result.article.url or result.article.id
    parts = (report.stage, name, result.outcome, result.reason, result.detail)
    _log.warning("%s %s: %s %s: %s", *parts, extra={"article": result.article.id})
    if report.failed == _LOGGED_FAILURES:
        _log.warning("%s: further failures are only counted; newswire status names them", report.stage)


def finish(handler: StageHandler, results: Sequence[StageResult], batch: Batch | None = None) -> list[StageResult]:
    """Save the results, and what belongs to them, in one transaction; return those that were saved.

    An ordered stage has all results of its batch saved at once: its lock is given back with them.
    """
    context = handler.context
    if not results:
        if handler.ordered:
            with context.store.write() as connection:
                context.store.release_lock(connection, handler.stage)
        return []
    with context.store.write() as connection:
        if handler.ordered:
            context.store.ledger.end_lock(connection, handler.stage)
        return finish_within(connection, handler, results, batch)


def finish_within(
    connection: sa.Connection, handler: StageHandler, results: Sequence[StageResult], batch: Batch | None = None
) -> list[StageResult]:
    """Save the results, and what belongs to them, in a transaction of the caller's; return those that were saved."""
    context = handler.context
    attempts = context.settings.run.max_attempts
    final = handler.finalise(connection, results)
    saved = context.store.ledger.finish(connection, handler.stage, final, context.clock(), max_attempts=attempts)
    handler.save(connection, saved)
    if batch is not None:
        batch.save(connection, saved)
    if len(saved) < len(results):
        saved_ids = {result.article.id for result in saved}
        handler.discard_lost(connection, [result for result in results if result.article.id not in saved_ids])
    return saved
