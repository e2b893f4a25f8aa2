"""Send what the ledger knows of outcomes, runs, samples and sources to an index of operations.

How far each was sent stands in the ledger, behind what the index has taken: whoever is killed between the two sends
some documents again, under the same ids. While the index is away nothing is lost but time. That an article was taken
down is an outcome as well: when it is sent, the address of the article goes from those that were sent before.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable

import msgspec

from pipeline.context import Context
from pipeline.errors import SearchIndexError
from pipeline.feed_records import FeedState, SourceDay
from pipeline.feeds.health import Health, assess_feeds
from pipeline.figures import OverviewSample, RunCounts, RunRecord
from pipeline.index.operations import Family, OperationsDocument, OperationsIndex, open_operations
from pipeline.records import Reason
from pipeline.runs import count_run
from pipeline.settings_sections import OperationsSettings
from pipeline.telemetry.documents import (
    SourceState,
    day_documents,
    outcome_document,
    run_documents,
    sample_documents,
    source_document,
)
from pipeline.telemetry.fields import DocumentFamily, mapping_of
from pipeline.telemetry.standing import SentCursors, clear_fault, load_cursors, note_fault, save_cursors

_log = logging.getLogger(__name__)

LOCK = "operations"  # one program at a time sends
PAGE = 2000  # outcomes in a bulk: below a megabyte
TELLING = ("url", "detail")  # fields of outcomes that tell an article's address, or may
_SAMPLES_AT_ONCE = 100
_LOCK_SECONDS = 120.0
_STATES = dt.timedelta(minutes=1)  # between two times that runs and samples are sent,
_SOURCES = dt.timedelta(minutes=5)  # and sources, of which there may be many
_GAP_DAY = dt.timedelta(days=1)
# A run may be committed after one that ended later; what is sent twice has one id.
_OVERLAP = dt.timedelta(minutes=5)


class SentCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many outcomes and other documents were sent, and whether outcomes that could be sent are left."""

    outcomes: int = 0
    others: int = 0
    has_more: bool = False


def open_sender(context: Context) -> OperationsSender | None:
    """Return what sends to the place that the settings and the environment name, None where they name none.

    Raises:
        SettingsError: Its address can't be used.
    """
    settings, environment = context.settings, context.environment
    if not settings.operations.write or environment.operations_url is None:
        return None
    index = open_operations(
        environment.operations_url,
        settings.operations.prefix,
        timeout=settings.index.timeout_seconds,
        api_key=environment.operations_api_key or environment.index_api_key,
        ca_file=environment.index_ca_file,
    )
    return OperationsSender(context, index)


def list_families(settings: OperationsSettings) -> list[Family]:
    """Return the kinds of documents, and how long each is kept. Pure."""
    days = {
        DocumentFamily.OUTCOMES: settings.outcome_days,
        DocumentFamily.RUNS: settings.run_days,
        DocumentFamily.SOURCES: None,
    }
    return [Family(name=family.value, mapping=mapping_of(family), days=days[family]) for family in DocumentFamily]


class OperationsSender:
    """Sends to one index, which it closes; several programs may have one, of which one at a time sends."""

    def __init__(self, context: Context, index: OperationsIndex) -> None:
        self._context = context
        self._index = index
        self._settings = context.settings.operations
        self._is_prepared = False
        self._refused = 0

    def close(self) -> None:
        """Close the connections."""
        self._index.close()

    def send(self, *, pages: int | None = None, seconds: float | None = None) -> SentCounts | None:
        """Send what there is: at most so many pages of outcomes, for at most about so many seconds.

        Return None where another program is at it.

        Raises:
            SearchIndexError: The index does not answer, or refuses; what it has taken isn't sent again.
            StoreError: The ledger can't be used.
        """
        store, until = self._context.store, None if seconds is None else time.monotonic() + seconds
        with store.lock(LOCK, self._context.clock(), _LOCK_SECONDS) as is_held:
            if not is_held:
                return None
            try:
                counts = self._send_pages(pages, until)
            except SearchIndexError as error:
                note_fault(store, self._context.clock(), str(error))
                raise
            clear_fault(store)
        return counts

    def _send_pages(self, pages: int | None, until: float | None) -> SentCounts:
        """Send outcomes, page by page, and the rest after them."""
        cursors = self._begin()
        sent, has_more, count = 0, True, 0
        while has_more and (pages is None or count < pages) and (until is None or time.monotonic() < until):
            cursors, number = self._send_page(cursors)
            sent, count, has_more = sent + number, count + 1, number == PAGE
        others = self._send_states(cursors)
        return SentCounts(outcomes=sent, others=others, has_more=has_more)

    def _begin(self) -> SentCursors:
        """Return how far all was sent to the index that is there now, which is prepared."""
        if not self._is_prepared:
            self._index.prepare(list_families(self._settings))
        target = self._index.identity()
        with self._context.store.read() as connection:
            cursors = load_cursors(self._context.store, connection)
        if cursors.target != target:
            if self._is_prepared:
                self._index.prepare(list_families(self._settings))
            cursors = SentCursors(target=target)
        self._is_prepared = True
        return cursors

    def _save(self, cursors: SentCursors) -> None:
        with self._context.store.write() as connection:
            save_cursors(self._context.store, connection, cursors)

    def _send_page(self, cursors: SentCursors) -> tuple[SentCursors, int]:
        """Send some outcomes; return how far that is, and how many there were."""
        reader = self._context.store.outcome_reader
        with self._context.store.read() as connection:
            settled = reader.settle(connection, cursors.outcomes)
            lines, position = reader.read_page(connection, settled, PAGE)
        self._write(outcome_document(line) for line in lines)
        if removed := sorted({line.id for line in lines if line.reason == Reason.TAKEN_DOWN}):
            # what was sent before; what comes later has no address any more
            self._index.remove_fields(DocumentFamily.OUTCOMES, TELLING, of="article", values=removed)
        if position != cursors.outcomes:
            cursors = msgspec.structs.replace(cursors, outcomes=position)
            self._save(cursors)
        return cursors, len(lines)

    def _send_states(self, cursors: SentCursors) -> int:
        """Send runs, samples and sources, where that was last done a while ago; return how many documents."""
        now = self._context.clock()
        if not _is_due(cursors.states, now, _STATES):
            return 0
        count = 0
        for run, counts in self._runs_since(cursors.states):
            count += self._write(run_documents(run, counts))
        sources = cursors.sources
        if _is_due(sources, now, _SOURCES):
            count += self._write(self._source_documents(now, sources))
            sources = now
        sample = cursors.sample
        while samples := self._samples_after(sample):
            count += self._write(document for each in samples for document in sample_documents(each))
            sample = samples[-1].at
        self._save(msgspec.structs.replace(cursors, states=now, sources=sources, sample=sample))
        return count

    def _samples_after(self, after: dt.datetime | None) -> list[OverviewSample]:
        with self._context.store.read() as connection:
            return self._context.store.samples.list_after(connection, after, _SAMPLES_AT_ONCE)

    def _runs_since(self, since: dt.datetime | None) -> list[tuple[RunRecord, RunCounts | None]]:
        """Return the runs that began, ended or were cut off since then, with what those did that are over."""
        store = self._context.store
        with store.read() as connection:
            runs = store.runs.list_since(connection, since - _OVERLAP if since else None)
            return [
                (run, run.counts or (count_run(self._context, connection, run.n) if run.is_dead else None))
                for run in runs
            ]

    def _source_documents(self, now: dt.datetime, since: dt.datetime | None) -> list[OperationsDocument]:
        first = (since - _GAP_DAY).date() if since else now.date() - dt.timedelta(days=self._settings.run_days)
        states, days = read_sources(self._context, now, first)
        return [*(source_document(state, now) for state in states), *day_documents(days)]

    def _write(self, documents: Iterable[OperationsDocument]) -> int:
        """Write documents; what can't be written as it is is told, and left out."""
        ready = list(documents)
        refused = self._index.write(ready)
        if refused and not self._refused:
            _log.warning(
                "operations: %s is refused: %s; it is left out, as are others of its kind",
                refused[0].id,
                refused[0].detail,
            )
        self._refused += len(refused)
        return len(ready) - len(refused)

    def drop_old(self) -> list[str]:
        """Delete what is kept no longer; return the names of the indices that went.

        Raises:
            SearchIndexError: The index does not answer, or refuses.
        """
        now = self._context.clock()
        dropped = self._index.drop_old(list_families(self._settings), now)
        until = now - dt.timedelta(days=self._settings.run_days)
        self._index.delete_before(DocumentFamily.SOURCES, until, "day")
        return dropped


def _is_due(last: dt.datetime | None, now: dt.datetime, apart: dt.timedelta) -> bool:
    """Tell whether so much time has passed; where a clock was put back, it has."""
    return last is None or not dt.timedelta() <= now - last < apart


def read_sources(
    context: Context, now: dt.datetime, first: dt.date | None = None
) -> tuple[list[SourceState], list[SourceDay]]:
    """Return all sources as they are now, by name, and the days of sources from ``first`` (else today) on."""
    store = context.store
    with store.read() as connection:
        states = store.feeds.list_states(connection)
        gaps = store.gaps.list_gaps(connection, now - _GAP_DAY)
        days = store.source_days.list_days(connection, first or now.date())
        quarantined = store.admin.count_quarantined(connection)
        alarms = store.site_alarms.list_alarms(connection)
    feeds: dict[str, list[Health]] = defaultdict(list)
    for health in assess_feeds(states, gaps, now):
        feeds[health.source].append(health)
    of_source: dict[str, list[FeedState]] = defaultdict(list)
    for state in states:
        of_source[state.source].append(state)
    missed: dict[str, int] = defaultdict(int)
    for gap in gaps:
        missed[gap.source] += max(gap.missed - gap.filled, 0)
    today = {day.source: day for day in days if day.day == now.date()}
    sources = [
        SourceState(
            name=name,
            configured=context.sources.get(name),
            feeds=tuple(feeds.get(name, ())),
            states=tuple(of_source.get(name, ())),
            today=today.get(name),
            missed=missed.get(name, 0),
            quarantined=quarantined.get(name, 0),
            drift=alarms[name].detail if name in alarms else None,
        )
        for name in sorted({*context.sources, *feeds})
    ]
    return sources, days


def send_rest(context: Context, seconds: float, tell: Callable[[str], None] = _log.warning) -> SentCounts | None:
    """Send what there is at the end of a run, for at most about so many seconds; what is left the next run sends.

    That nothing can be sent is told, and no error of the run's. Return None where nothing is to be sent.

    Raises:
        SettingsError: The address can't be used.
        StoreError: The ledger can't be used.
    """
    sender = open_sender(context)
    if sender is None:
        return None
    try:
        return sender.send(seconds=seconds)
    except SearchIndexError as error:
        tell(f"operations are sent later: {error}")
        return None
    finally:
        sender.close()
