"""Read what is exported as metrics: the ledger's overview, the freshest look at sources, and sizes.

Whoever reads often gets the last reading again: no scraper costs more than a look every few seconds.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time

from pipeline.context import Context
from pipeline.errors import SearchIndexError
from pipeline.figure_reader import read_overview
from pipeline.figures.queues import HostBacklog
from pipeline.figures.readings import OperationsReading, OutcomeReading, SizeReading, SourceReading, SystemReadings
from pipeline.telemetry.documents import SourceState
from pipeline.telemetry.outcome_totals import read_totals
from pipeline.telemetry.sending import read_sources
from pipeline.telemetry.standing import read_standing

_log = logging.getLogger(__name__)

_FRESH_SECONDS = 2.0  # for which a reading is given again
_SLOW_SECONDS = 60.0  # the same of sources and sizes
_TOTALS_SECONDS = 10.0  # and of what is counted and kept in the ledger


class ReadingsReader:
    """Reads what there is to export; may be used from several threads.

    Args:
        context: of the system.
        program: the one program that is told of; None for all.
    """

    def __init__(self, context: Context, *, program: str | None = None) -> None:
        self._context = context
        self._program = program
        self._lock = threading.Lock()
        self._readings: SystemReadings | None = None
        self._read_at = float("-inf")
        self._slow: tuple[tuple[SourceReading, ...], SizeReading] = ((), SizeReading())
        self._slow_at = float("-inf")
        self._totals, self._totals_at = OutcomeReading(), float("-inf")
        self._operations: OperationsReading | None = None

    def take(self) -> SystemReadings:
        """Return a reading that is some seconds old at most.

        Raises:
            StoreError: The ledger can't be used.
        """
        with self._lock:
            now = time.monotonic()
            if self._readings is None or now - self._read_at >= _FRESH_SECONDS:
                self._readings, self._read_at = self._read(now), now
            return self._readings

    def _read(self, steady: float) -> SystemReadings:
        context, settings = self._context, self._context.settings.metrics
        now = context.clock()
        overview = read_overview(context.store, now, program=self._program)
        if steady - self._slow_at >= _SLOW_SECONDS:
            states, _ = read_sources(context, now)
            self._slow = (rank_sources(states, now, settings.sources), read_sizes(context))
            self._slow_at = steady
        if self._program is None and steady - self._totals_at >= _TOTALS_SECONDS:
            self._totals, self._totals_at = read_totals(context), steady
            self._operations = read_operations(context, now)
        sources, sizes = self._slow
        return SystemReadings(
            overview=overview,
            hosts=rank_hosts(overview.hosts, settings.hosts),
            sources=sources,
            sizes=sizes,
            totals=self._totals,
            operations=self._operations,
        )


def rank_hosts(hosts: tuple[HostBacklog, ...], most: int) -> tuple[HostBacklog, ...]:
    """Return those hosts that are told: held ones first, then those with most pages. Pure."""
    ranked = sorted(hosts, key=lambda host: (host.held_until is None, -host.waiting, host.host))
    return tuple(ranked[:most])


def rank_sources(states: list[SourceState], now: dt.datetime, most: int) -> tuple[SourceReading, ...]:
    """Return the freshness of those sources that are told: those that have been silent longest first. Pure."""
    readings = [_source_reading(state, now) for state in states]
    ranked = sorted(readings, key=lambda each: (-each.failures, -(each.silent_seconds or 0.0), each.source))
    return tuple(ranked[:most])


def _source_reading(state: SourceState, now: dt.datetime) -> SourceReading:
    latest = max((feed.latest for feed in state.feeds if feed.latest), default=None)
    read = max((feed.succeeded for feed in state.states if feed.succeeded), default=None)
    return SourceReading(
        source=state.name,
        silent_seconds=_since(latest, now),
        unread_seconds=_since(read, now),
        failures=max((feed.failures for feed in state.states), default=0),
    )


def _since(time: dt.datetime | None, now: dt.datetime) -> float | None:
    return None if time is None else max(0.0, (now - time).total_seconds())


def read_operations(context: Context, now: dt.datetime) -> OperationsReading | None:
    """Return what is still to be sent; None where nothing is sent anywhere.

    Raises:
        StoreError: The ledger can't be used.
    """
    with context.store.read() as connection:
        standing = read_standing(context, connection)
    if standing is None:
        return None
    return OperationsReading(waiting=standing.waiting, oldest_seconds=_since(standing.waiting_since, now) or 0.0)


def read_sizes(context: Context) -> SizeReading:
    """Return how large ledger and index are; an index that doesn't answer has no size.

    Raises:
        StoreError: The ledger can't be used.
    """
    documents = size = None
    try:
        documents = context.index.count()
        size = context.index.size_bytes()
    except SearchIndexError as error:
        _log.info("the size of the index isn't told: %s", error)
    return SizeReading(ledger_bytes=context.store.size_bytes(), index_documents=documents, index_bytes=size)
