"""Keep the figures of a run in the ledger every few seconds, tell them on a line, and begin a run anew each day.

Where the ledger can't be used just now, the next time will do: the stages tell of that.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt

from pipeline.context import Context
from pipeline.errors import StoreError
from pipeline.figure_reader import read_overview
from pipeline.figures import Overview
from pipeline.figures.text import describe_overview
from pipeline.report import Report
from pipeline.runs import renew_run
from pipeline.stream.coordinator import StreamCoordinator
from pipeline.stream.figure_recorder import SAVE_SECONDS

TELL_SECONDS = 30.0  # between two lines for the person who watches


async def keep_figures(context: Context, coordinator: StreamCoordinator, polls: Report | None) -> None:
    """Keep the figures every SAVE_SECONDS until cancelled; ``polls`` counts what poll does, should it run."""
    while True:
        with contextlib.suppress(StoreError):
            await _keep(context, coordinator, polls)
        await asyncio.sleep(SAVE_SECONDS)


async def keep_last_figures(context: Context, coordinator: StreamCoordinator, polls: Report | None) -> None:
    """Keep the figures of a run that has ended, and that it has."""
    with contextlib.suppress(StoreError, OSError):
        await _keep(context, coordinator, polls, ended=True)


async def tell_figures(context: Context, coordinator: StreamCoordinator, seconds: float) -> None:
    """Tell every so many seconds how the run fares and what waits, until cancelled."""
    store = context.store

    def read() -> Overview:
        return read_overview(store, context.clock(), program=store.owner)

    while True:
        await asyncio.sleep(seconds)
        with contextlib.suppress(StoreError):
            coordinator.tell(describe_overview(await coordinator.call(read)))


async def begin_daily(context: Context, coordinator: StreamCoordinator, command: str) -> None:
    """End the run that is recorded at the end of each day (UTC), and begin the next one, until cancelled.

    A program that follows runs for months: a run of a day can still be looked at as a whole.
    """
    while True:
        now = context.clock()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
        await asyncio.sleep((midnight - now).total_seconds() + 1.0)  # a clock that is late for its timer
        await coordinator.call(lambda: renew_run(context, command))


async def _keep(context: Context, coordinator: StreamCoordinator, polls: Report | None, *, ended: bool = False) -> None:
    if polls is not None:
        coordinator.recorder.note_polls(polls)
    await coordinator.recorder.save(context.store, coordinator.call, ended=ended)
