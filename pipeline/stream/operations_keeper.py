"""Send operations while stages follow: after articles, in small parts, and again where the receiver was away.

Samples are kept once a minute whether they are sent or not: our own pages show them.
"""

from __future__ import annotations

import asyncio
import functools
import logging

from pipeline.context import Context
from pipeline.errors import NewswireError, SettingsError, StoreError
from pipeline.records import Stage
from pipeline.stream.coordinator import StreamCoordinator
from pipeline.telemetry.sampling import keep_sample
from pipeline.telemetry.sending import OperationsSender, SentCounts, open_sender

_log = logging.getLogger(__name__)

_SAMPLE_SECONDS = 20.0  # between two looks whether the minute has a sample
_BUSY_PAGES = 1  # that are sent at once where articles wait for the index,
_QUIET_PAGES = 25  # and where none does
_LONGEST_WAIT = 300.0  # seconds after which a receiver that was away is tried again at the latest


async def keep_samples(context: Context, coordinator: StreamCoordinator) -> None:
    """Keep a sample of each minute until cancelled."""
    while True:
        try:
            await coordinator.call(lambda: keep_sample(context))
        except StoreError as error:  # the stages tell
            _log.info("no sample of this minute: %s", error)
        await asyncio.sleep(_SAMPLE_SECONDS)


async def keep_operations(context: Context, coordinator: StreamCoordinator) -> None:
    """Send operations every few seconds until cancelled; return at once where nothing says where to."""
    try:
        sender = open_sender(context)
    except SettingsError as error:
        coordinator.tell(f"operations are not sent: {error}")
        return
    if sender is None:
        return
    try:
        await _keep_sending(sender, context, coordinator)
    finally:
        sender.close()


async def _keep_sending(sender: OperationsSender, context: Context, coordinator: StreamCoordinator) -> None:
    every, fault, wait = context.settings.operations.every_seconds, "", 0.0
    while True:
        await asyncio.sleep(max(every, wait))
        pages = pages_now(coordinator)
        if not pages:
            continue
        sent: SentCounts | None = None
        try:
            sent = await coordinator.call(functools.partial(sender.send, pages=pages))
            wait = 0.0
            if fault:
                coordinator.tell("operations are sent again")
            fault = ""
        except StoreError as error:  # the stages tell
            _log.info("operations: %s", error)
        except NewswireError as error:
            if str(error) != fault:
                coordinator.tell(f"operations are sent later: {error}")
            fault, wait = str(error), min(max(2 * wait, every), _LONGEST_WAIT)
        if sent and sent.outcomes:
            _log.info("operations: %d outcomes sent", sent.outcomes)


def pages_now(coordinator: StreamCoordinator) -> int:
    """Return how many pages of outcomes may be sent now: articles go first, and none while they can't go at all."""
    if coordinator.recorder.is_paused(Stage.INDEX):
        return 0
    is_busy = coordinator.queues.queues[Stage.INDEX].articles > 0 or coordinator.is_busy()
    return _BUSY_PAGES if is_busy else _QUIET_PAGES
