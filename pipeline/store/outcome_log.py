"""Keep the history of articles and feeds: one row for each outcome.

Rows are only appended, and deleted when they are old; ``newswire explain`` tells them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa

from pipeline.records import Outcome, Reason
from pipeline.store.rows import OutcomeRow
from pipeline.store.schema.articles import items, outcomes
from pipeline.store.statements import columns_of, rows_as
from pipeline.text import without_control_characters
from pipeline.urls import without_credentials

CHANGED = "changed: "  # how the detail of a poll's outcome begins that starts a new version of an article


def append_outcomes(connection: sa.Connection, rows: Sequence[OutcomeRow], run: int | None = None) -> None:
    """Append outcomes to the history, as those of the run with this number."""
    if rows:
        if connection.dialect.name != "sqlite":  # before a number is drawn: see outcome_reader
            connection.exec_driver_sql("SELECT pg_current_xact_id()")
        connection.execute(outcomes.insert(), [_plain(row) | {"run": run} for row in rows])


def _plain(row: OutcomeRow) -> dict[str, object]:
    """Return a row as it is kept; its detail may name addresses, or repeat what a server said."""
    detail = without_control_characters(without_credentials(row.detail)) if row.detail else row.detail
    return {name: getattr(row, name) for name in _FIELDS} | {"detail": detail}


def list_outcomes(connection: sa.Connection, article_id: str) -> list[OutcomeRow]:
    """Return all outcomes of one article (or, by its address, of a feed), oldest first."""
    rows = sa.select(*columns_of(outcomes, OutcomeRow)).where(outcomes.c.id == article_id).order_by(outcomes.c.n)
    return rows_as(OutcomeRow, connection.execute(rows))


def count_outcomes(connection: sa.Connection, article_id: str, reason: Reason) -> int:
    """Return how often an article had this reason not to pass."""
    counted = sa.select(sa.func.count()).where(outcomes.c.id == article_id, outcomes.c.reason == reason)
    return connection.scalar(counted.where(outcomes.c.outcome != Outcome.DONE)) or 0


def is_latest_outcome() -> sa.ColumnElement[bool]:
    """Return what joins an article with the latest outcome of its history."""
    any_outcome = outcomes.alias()
    latest = sa.select(sa.func.max(any_outcome.c.n)).where(any_outcome.c.id == items.c.id)
    return outcomes.c.n == latest.scalar_subquery()


def delete_outcomes_before(connection: sa.Connection, until: dt.datetime) -> int:
    """Forget the history before ``until``; return how many rows went."""
    return connection.execute(outcomes.delete().where(outcomes.c.at < until)).rowcount


_FIELDS = OutcomeRow.__struct_fields__
