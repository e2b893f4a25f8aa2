"""Count attempts of stages on from where that was left off, whichever programs made them: Airflow's tasks as well.

The sums stand in the ledger. They begin at zero when they are first asked for, and only grow: a server that starts
anew, or another one, goes on with them, and so do they when old history is deleted.
"""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from pipeline.context import Context
from pipeline.figures.readings import OutcomeReading
from pipeline.records import from_json, to_json
from pipeline.store import OutcomeCursor

TOTALS = "outcome totals"  # the name of the value, and of the lock under which it grows
_AT_ONCE = 100_000  # outcomes that a reading counts at most
_LOCK_SECONDS = 30.0


class OutcomeTotals(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Up to where outcomes were counted, and how many there were."""

    cursor: OutcomeCursor = OutcomeCursor()
    counts: dict[str, int] = {}  # "stage outcome reason"


def read_totals(context: Context) -> OutcomeReading:
    """Count what has come since the last reading; return all sums. Another program that counts is not waited for.

    Raises:
        StoreError: The ledger can't be used.
    """
    store = context.store
    with store.lock(TOTALS, context.clock(), _LOCK_SECONDS) as is_held:
        with store.read() as connection:
            saved = store.values.get(connection, TOTALS)
            totals = from_json(saved, OutcomeTotals) if saved else None
            if not is_held:
                return OutcomeReading(outcomes_total=totals.counts if totals else {})
            grown = _count_on(context, connection, totals)
        if grown != totals:
            with store.write() as connection:
                store.values.save(connection, TOTALS, to_json(grown).decode())
    return OutcomeReading(outcomes_total=grown.counts)


def _count_on(context: Context, connection: sa.Connection, totals: OutcomeTotals | None) -> OutcomeTotals:
    reader = context.store.outcome_reader
    if totals is None:
        begin = reader.settle(connection, OutcomeCursor())
        return OutcomeTotals(cursor=msgspec.structs.replace(begin, position=begin.settled))
    counted, cursor = reader.count_page(connection, reader.settle(connection, totals.cursor), _AT_ONCE)
    counts = dict(totals.counts)
    for key, count in counted.items():
        name = " ".join(part or "" for part in key)
        counts[name] = counts.get(name, 0) + count
    return OutcomeTotals(cursor=cursor, counts=counts)
