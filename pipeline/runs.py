"""Begin and end runs: what is done between bears the run's number in the ledger, and is judged at the end."""

from __future__ import annotations

import contextlib
import datetime as dt
import secrets
from collections.abc import Iterator

import msgspec
import sqlalchemy as sa

from pipeline.context import Context
from pipeline.errors import StoreError
from pipeline.figures import RunCounts, RunRecord


def begin_run(
    context: Context, run_id: str, *, command: str, started_by: str | None = None, program: str | None = None
) -> None:
    """Note all that ``context`` does from now on for the run ``run_id``; one that has begun goes on.

    Args:
        context: what the run works with.
        run_id: its name, of two parts: what was started, and a name within that, such as ``ingest/manual__2026-11-20``.
        command: what was started, as it is shown.
        started_by: the person who started it, where that is known.
        program: the owner of its leases, where one program does all of it.
    """
    with context.store.write() as connection:
        number = context.store.runs.begin(
            connection, run_id, context.clock(), command=command, started_by=started_by, program=program
        )
    context.store.ledger.run = number


def end_run(context: Context, run_id: str) -> RunRecord | None:
    """Note that a run has ended, and what it did; return it, None where nothing was done under this id."""
    with context.store.read() as connection:
        run = context.store.runs.find(connection, run_id)
    if run is None:
        return None
    now, counts = _end(context, run.n)
    return msgspec.structs.replace(run, ended=now, counts=counts)


def _end(context: Context, number: int) -> tuple[dt.datetime, RunCounts]:
    store, now = context.store, context.clock()
    with store.read() as connection:
        counts = count_run(context, connection, number)
    with store.write() as connection:
        store.runs.end(connection, number, now, counts)
    return now, counts


def count_run(context: Context, connection: sa.Connection, number: int) -> RunCounts:
    """Return what the run with this number has done so far."""
    counts = context.store.runs.count(connection, number)
    if not counts.polls or any(polls.failed < polls.asked for polls in counts.polls):
        return counts  # whether others are well is asked only of a run that no source answered
    asked = {polls.source for polls in counts.polls}
    states = context.store.feeds.list_states(connection)
    well = {state.source for state in states if state.succeeded and not state.failures} - asked
    return msgspec.structs.replace(counts, well_besides=len(well))


@contextlib.contextmanager
def recorded_run(context: Context, command: str) -> Iterator[None]:
    """Note what ``context`` does during the block as a run of ``command``, unless it is part of one already.

    Where the ledger can't be used at the end, the run counts as cut off.
    """
    ledger = context.store.ledger
    if ledger.run is not None:
        yield
        return
    _begin_new(context, command)
    try:
        yield
    finally:
        with contextlib.suppress(StoreError):
            _end_current(context)


def renew_run(context: Context, command: str) -> None:
    """End the run that is recorded, and record what follows as the next one of ``command``."""
    before = context.store.ledger.run
    _begin_new(context, command)
    if before is not None:
        _end(context, before)


def _end_current(context: Context) -> None:
    """End the run that is recorded."""
    number, context.store.ledger.run = context.store.ledger.run, None
    if number is not None:
        _end(context, number)


def _begin_new(context: Context, command: str) -> None:
    """Begin a run under an id that none had before."""
    name = f"{command.split(maxsplit=1)[0]}/{context.clock():%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    begin_run(context, name, command=command, program=context.store.owner)
