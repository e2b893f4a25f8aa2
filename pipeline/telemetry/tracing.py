"""Send the spans of articles' ways on from where that was left off, as the ledger's history has them.

The stages do nothing for it. A program that is killed, or a receiver that is away, loses no span: how far they were
sent stands in the ledger.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from pipeline.context import Context
from pipeline.errors import SettingsError
from pipeline.figures.metrics import MetricPoint
from pipeline.records import from_json, to_json
from pipeline.store import OutcomeCursor
from pipeline.telemetry.spans import SpanRecord, make_span
from pipeline.trace_ids import is_traced

CURSOR = "traces"  # the name of the value that says how far spans were sent
LOCK = "traces"
PAGE = 1000  # outcomes that are read at once
_LOCK_SECONDS = 120.0

_log = logging.getLogger(__name__)


class OtlpReceiver(Protocol):
    """What takes spans and metrics."""

    def send_spans(self, records: Iterable[SpanRecord]) -> bool:
        """Send spans; return False where the receiver doesn't take them now."""

    def send_metrics(self, points: Iterable[MetricPoint], since: dt.datetime, now: dt.datetime) -> bool:
        """Send metrics, counted ``since`` then; return False where the receiver doesn't take them now."""

    def close(self) -> None:
        """Close the connections."""


def open_otlp() -> OtlpReceiver:
    """Return what sends by OTLP.

    Raises:
        SettingsError: OpenTelemetry's packages aren't installed.
    """
    try:
        from pipeline.telemetry.otlp import OtlpSender  # noqa: PLC0415 - heavy, and off by default
    except ImportError as error:
        raise SettingsError(f"[traces] and [metrics] push_seconds need newswire[otel]: {error}") from error
    return OtlpSender()


def send_spans(
    context: Context, sender: OtlpReceiver, *, pages: int | None = None, seconds: float | None = None
) -> bool:
    """Send the spans of outcomes that weren't sent yet: of so many pages, for about so many seconds, at most.

    Return False where the receiver takes none now.

    Raises:
        StoreError: The ledger can't be used.
    """
    store, share = context.store, context.settings.traces.share
    until = None if seconds is None else time.monotonic() + seconds
    with store.lock(LOCK, context.clock(), _LOCK_SECONDS) as is_held:
        count = 0
        while is_held and (pages is None or count < pages) and (until is None or time.monotonic() < until):
            with store.read() as connection:
                saved = store.values.get(connection, CURSOR)
                cursor = from_json(saved, OutcomeCursor) if saved else OutcomeCursor()
                lines, position = store.outcome_reader.read_page(
                    connection, store.outcome_reader.settle(connection, cursor), PAGE
                )
            spans = (make_span(line) for line in lines if not line.is_feed and is_traced(line.id, share))
            if not sender.send_spans([span for span in spans if span]):
                return False
            if position != cursor:
                with store.write() as connection:
                    store.values.save(connection, CURSOR, to_json(position).decode())
            count += 1
            if len(lines) < PAGE:
                break
    return True


def send_rest_of_traces(context: Context, seconds: float, tell: Callable[[str], None] = _log.warning) -> None:
    """Send what spans there are at the end of a run, should any be told; that they can't be sent is no error of it.

    Raises:
        StoreError: The ledger can't be used.
    """
    if context.settings.traces.share <= 0:
        return
    try:
        sender = open_otlp()
    except SettingsError as error:
        tell(f"traces are not told: {error}")
        return
    try:
        if not send_spans(context, sender, seconds=seconds):
            tell("traces are told later: the receiver takes none now")
    finally:
        sender.close()
