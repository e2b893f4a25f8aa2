"""Let others read the figures of this program while its stages follow: Prometheus at a port, and OTLP by pushing."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable

from pipeline.context import Context
from pipeline.errors import ServeError, SettingsError, StoreError
from pipeline.figures.metrics import list_system_points
from pipeline.figures.readings import SystemReadings
from pipeline.stream.coordinator import StreamCoordinator
from pipeline.telemetry.prometheus import make_registry, serving_metrics
from pipeline.telemetry.readings import ReadingsReader
from pipeline.telemetry.tracing import open_otlp, send_spans

_log = logging.getLogger(__name__)

_TRACE_SECONDS = 10.0  # between two times that spans are sent
_TRACE_PAGES = 5  # that are sent at once
_LONGEST_WAIT = 300.0


async def serve_metrics(context: Context, coordinator: StreamCoordinator) -> None:
    """Let Prometheus read this program's figures and what waits, until cancelled; return where no port is set."""
    settings = context.settings.metrics
    if not settings.port:
        return
    reader = ReadingsReader(context, program=context.store.owner)
    try:
        with serving_metrics(make_registry(reader.take), settings.host, settings.port) as address:
            coordinator.tell(f"metrics: {address}")
            await asyncio.Event().wait()
    except ServeError as error:
        coordinator.tell(f"nobody reads metrics: {error}")


async def push_metrics(context: Context, coordinator: StreamCoordinator) -> None:
    """Push this program's figures by OTLP until cancelled; return where that isn't set."""
    every = context.settings.metrics.push_seconds
    if not every:
        return
    try:
        sender = await coordinator.call(open_otlp)
    except SettingsError as error:
        coordinator.tell(f"metrics are not pushed: {error}")
        return
    reader, since = ReadingsReader(context, program=context.store.owner), context.clock()

    def push() -> bool:
        readings: SystemReadings = reader.take()
        return sender.send_metrics(list_system_points(readings), since, readings.overview.at)

    try:
        await _keep_pushing(push, coordinator, every, every, "metrics are lost while their receiver doesn't take them")
    finally:
        sender.close()


async def push_traces(context: Context, coordinator: StreamCoordinator) -> None:
    """Send spans every few seconds until cancelled; return where none are told."""
    if not context.settings.traces.share:
        return
    try:
        sender = await coordinator.call(open_otlp)
    except SettingsError as error:
        coordinator.tell(f"traces are not told: {error}")
        return
    send = functools.partial(send_spans, context, sender, pages=_TRACE_PAGES)
    try:
        refusal = "traces are told later: their receiver takes none now"
        await _keep_pushing(send, coordinator, _TRACE_SECONDS, _LONGEST_WAIT, refusal)
    finally:
        sender.close()


async def _keep_pushing(
    push: Callable[[], bool], coordinator: StreamCoordinator, every: float, longest: float, refusal: str
) -> None:
    """Push again and again, and say once where the receiver doesn't take it.

    Args:
        push: tells whether it was taken.
        coordinator: of the run.
        every: seconds between two times.
        longest: the most seconds; each refusal in a row doubles them up to this.
        refusal: the line that is told then.
    """
    wait, is_told = every, False
    while True:
        await asyncio.sleep(wait)
        try:
            is_taken = await coordinator.call(push)
        except StoreError as error:  # the stages tell
            _log.info("not pushed: %s", error)
            continue
        if not is_taken and not is_told:
            coordinator.tell(refusal)
        is_told, wait = not is_taken, every if is_taken else min(2 * wait, longest)
