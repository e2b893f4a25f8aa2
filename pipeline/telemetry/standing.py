"""Tell how far operations were sent, what waits, and why nothing is taken.

All of it stands in the ledger, whichever program sends.
"""

from __future__ import annotations

import datetime as dt

import msgspec
import sqlalchemy as sa

from pipeline.context import Context
from pipeline.figures.text import describe_duration
from pipeline.records import from_json, to_json
from pipeline.store import OutcomeCursor, Store

CURSORS = "operations"  # the name of the value that says how far all was sent
FAULT = "operations fault"  # and of that which says why nothing is taken


class SentCursors(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far all was sent to the index whose identity is ``target``."""

    target: str = ""
    outcomes: OutcomeCursor = OutcomeCursor()
    sample: dt.datetime | None = None  # the latest
    states: dt.datetime | None = None  # when runs were sent
    sources: dt.datetime | None = None  # when sources were


class SendingFault(msgspec.Struct, frozen=True, kw_only=True):
    """That nothing could be sent: since when that is so, when it was last tried, and what was said then."""

    since: dt.datetime
    tried: dt.datetime
    what: str


class OperationsStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How far outcomes were sent, and how many wait.

    ``position`` is the number of the last one that was sent. ``sent`` is when something was last taken, to the minute;
    ``waiting_since`` when the first of those that wait was saved.
    """

    position: int
    waiting: int
    sent: dt.datetime | None = None
    waiting_since: dt.datetime | None = None
    fault: SendingFault | None = None


def load_cursors(store: Store, connection: sa.Connection) -> SentCursors:
    """Return how far all was sent."""
    saved = store.values.get(connection, CURSORS)
    return from_json(saved, SentCursors) if saved else SentCursors()


def save_cursors(store: Store, connection: sa.Connection, cursors: SentCursors) -> None:
    """Save how far all was sent."""
    store.values.save(connection, CURSORS, to_json(cursors).decode())


def note_fault(store: Store, now: dt.datetime, what: str) -> None:
    """Note why nothing could be sent at ``now``; how long that is so stands from the first time on."""
    with store.write() as connection:
        earlier = _load_fault(store, connection)
        fault = SendingFault(since=earlier.since if earlier else now, tried=now, what=what)
        store.values.save(connection, FAULT, to_json(fault).decode())


def clear_fault(store: Store) -> None:
    """Note that something was taken; nothing is written where nothing was wrong."""
    with store.read() as connection:
        has_failed = _load_fault(store, connection) is not None
    if has_failed:
        with store.write() as connection:
            store.values.delete(connection, FAULT)


def _load_fault(store: Store, connection: sa.Connection) -> SendingFault | None:
    saved = store.values.get(connection, FAULT)
    return from_json(saved, SendingFault) if saved else None


def read_standing(context: Context, connection: sa.Connection) -> OperationsStanding | None:
    """Return how far operations were sent; None where nothing says where to, and nothing was ever sent."""
    store = context.store
    cursors = load_cursors(store, connection)
    is_wanted = context.settings.operations.write and context.environment.operations_url is not None
    if not is_wanted and not cursors.target:
        return None
    waiting, since = store.outcome_reader.count_waiting(connection, cursors.outcomes)
    return OperationsStanding(
        position=cursors.outcomes.position,
        waiting=waiting,
        sent=cursors.states,
        waiting_since=since,
        fault=_load_fault(store, connection),
    )


def describe_standing(standing: OperationsStanding, now: dt.datetime) -> str:
    """Return a standing in words, a line or two. Pure."""
    sent = f"sent up to outcome {standing.position}" if standing.position else "none sent yet"
    last = f", last {describe_duration((now - standing.sent).total_seconds())} ago" if standing.sent else ""
    waits = "none waits"
    if standing.waiting:
        since = f" since {standing.waiting_since:%Y-%m-%d %H:%M:%S}" if standing.waiting_since else ""
        waits = f"{standing.waiting} wait{since}"
    line = f"operations: {sent}{last}; {waits}"
    fault = standing.fault
    return f"{line}\n  not taken since {fault.since:%Y-%m-%d %H:%M:%S}: {fault.what}" if fault else line
