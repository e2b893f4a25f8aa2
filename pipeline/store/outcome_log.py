"""Keep the history of articles and feeds: one row for each outcome.

Rows are only appended, and deleted when they are old; ``newswire explain`` tells them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa

from pipeline.store.rows import OutcomeRow
from pipeline.store.schema.articles import items, outcomes
from pipeline.store.statements import columns_of, rows_as


def append_outcomes(connection: sa.Connection, rows: Sequence[OutcomeRow]) -> None:
    """Append outcomes to the history."""
    if rows:
        connection.execute(outcomes.insert(), [{name: getattr(row, name) for name in _FIELDS} for row in rows])


def list_outcomes(connection: sa.Connection, article_id: str) -> list[OutcomeRow]:
    """Return all outcomes of one article (or, by its address, of a feed), oldest first."""
    rows = sa.select(*columns_of(outcomes, OutcomeRow)).where(outcomes.c.id == article_id).order_by(outcomes.c.n)
    return rows_as(OutcomeRow, connection.execute(rows))


def is_latest_outcome() -> sa.ColumnElement[bool]:
    """Return what joins an article with the latest outcome of its history."""
    any_outcome = outcomes.alias()
    latest = sa.select(sa.func.max(any_outcome.c.n)).where(any_outcome.c.id == items.c.id)
    return outcomes.c.n == latest.scalar_subquery()


def delete_outcomes_before(connection: sa.Connection, until: dt.datetime) -> int:
    """Forget the history before ``until``; return how many rows went."""
    return connection.execute(outcomes.delete().where(outcomes.c.at < until)).rowcount


_FIELDS = OutcomeRow.__struct_fields__
