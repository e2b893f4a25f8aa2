"""Read which documents were written into the index, in the order in which the ledger noted it.

Whoever reads it up to a settled position, and on from there the next time, misses nothing, however many programs write.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import NamedTuple

import sqlalchemy as sa

from pipeline.records import Outcome, Stage
from pipeline.store.schema.articles import items, outcomes
from pipeline.store.statements import among

_LOCK_MILLISECONDS = 1000  # programs that write wait behind who waits for them, so nobody waits for long

_IS_INDEXED = sa.and_(outcomes.c.stage == Stage.INDEX.value, outcomes.c.outcome == Outcome.DONE.value)


class ArticleArrival(NamedTuple):
    """An article, and when it came: first seen, or released by its embargo."""

    article: str
    came: dt.datetime


class IndexedLog:
    """The outcomes of stage index."""

    def newest_position(self, connection: sa.Connection) -> int:
        """Return the newest position, 0 where there is none."""
        return connection.scalar(sa.select(sa.func.max(outcomes.c.n))) or 0

    def settled_position(self, connection: sa.Connection) -> int | None:
        """Return the newest position up to which nothing can be added any more, None where that takes too long to tell.

        PostgreSQL numbers rows before it is known in which order their transactions commit: it is waited for those
        that are writing.
        """
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_LOCK_MILLISECONDS}")
            try:
                connection.exec_driver_sql(f"LOCK TABLE {outcomes.name} IN SHARE MODE")
            except sa.exc.OperationalError:  # LockNotAvailable: a transaction that writes goes on for longer
                connection.rollback()
                return None
        newest = self.newest_position(connection)
        connection.rollback()  # nobody waits any more
        return newest

    def list_indexed(self, connection: sa.Connection, after: int, until: int, limit: int) -> list[tuple[int, str]]:
        """Return position and article of each document written behind ``after`` up to ``until``, in order."""
        within = sa.and_(outcomes.c.n > after, outcomes.c.n <= until, _IS_INDEXED)
        rows = sa.select(outcomes.c.n, outcomes.c.id).where(within).order_by(outcomes.c.n).limit(limit)
        return [(row.n, row.id) for row in connection.execute(rows)]

    def list_arrivals(self, connection: sa.Connection, articles: Collection[str]) -> list[ArticleArrival]:
        """Return when articles came, in the order in which the ledger got them."""
        chosen = sa.select(items.c.id, items.c.first_seen, items.c.embargoed)
        rows = connection.execute(chosen.where(among(connection, items.c.id, articles)).order_by(items.c.seq))
        return [ArticleArrival(row.id, max(row.first_seen, row.embargoed or row.first_seen)) for row in rows]

    def find_indexed_by(self, connection: sa.Connection, articles: Collection[str], position: int) -> set[str]:
        """Return those of ``articles`` of which a document was written up to ``position``, as far as is remembered."""
        earlier = sa.select(outcomes.c.id).where(among(connection, outcomes.c.id, articles), _IS_INDEXED)
        return set(connection.scalars(earlier.where(outcomes.c.n <= position).distinct()))
