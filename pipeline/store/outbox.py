"""Keep transactional outboxes: what one transaction decided, and a later one carries out.

A row is added in the transaction that decides it and deleted when it is carried out, so that no killed process forgets
it. It may be carried out twice, never not at all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Sequence

import msgspec
import sqlalchemy as sa

from pipeline.records import Stage
from pipeline.store.changes import append_endings
from pipeline.store.engine import Database
from pipeline.store.schema.outbox import losses, regrouped, unwanted_blobs, withdrawn
from pipeline.store.statements import among, insert_new, rows_as
from pipeline.store.wakeups import announce

_REMOVALS_PER_STEP = 500  # rows that are carried out before they are deleted


class PendingRemovals:
    """Documents that must go from the index, and blobs that must go from the archive."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_blobs(self, connection: sa.Connection, blobs: Iterable[str]) -> None:
        """Note that the archive must not keep ``blobs``."""
        insert_new(connection, unwanted_blobs, [{"blob": blob} for blob in set(blobs)])

    def add_documents(self, connection: sa.Connection, ids: Sequence[str], now: dt.datetime) -> None:
        """Note that the index must not keep the documents of these articles, and that they end."""
        append_endings(connection, ids, now)
        if insert_new(connection, withdrawn, [{"id": article_id} for article_id in ids]):
            announce(connection, [Stage.INDEX])

    def find_documents(self, connection: sa.Connection, ids: Collection[str]) -> set[str]:
        """Return those of ``ids`` whose documents are noted to go."""
        return set(connection.scalars(sa.select(withdrawn.c.id).where(among(connection, withdrawn.c.id, ids))))

    def remove_documents(self, remove: Callable[[Sequence[str]], None]) -> None:
        """Give the ids of all documents that must go to ``remove``, and forget them when it returns.

        ``remove`` is called between transactions.
        """
        self._carry_out(withdrawn.c.id, remove)

    def remove_blobs(self, remove: Callable[[str], None]) -> None:
        """Give the name of each blob that must go to ``remove``, and forget it then.

        ``remove`` is called between transactions.
        """

        def remove_each(names: Sequence[str]) -> None:
            for name in names:
                remove(name)

        self._carry_out(unwanted_blobs.c.blob, remove_each)

    def _carry_out(self, column: sa.Column[str], remove: Callable[[Sequence[str]], None]) -> None:
        while True:
            with self._database.read() as connection:
                names = list(connection.scalars(sa.select(column).limit(_REMOVALS_PER_STEP)))
            if not names:
                return
            remove(names)
            with self._database.write() as connection:
                connection.execute(sa.delete(column.table).where(column.in_(names)))


class GroupsToSettle:
    """Copy groups (for dedupe) and stories (for cluster) that have lost an article, until they are settled."""

    def add(self, connection: sa.Connection, stage: Stage, names: Iterable[str | None]) -> None:
        """Note that groups (or stories) have lost an article, for ``stage`` to settle; None stands for no group."""
        if insert_new(connection, losses, [{"stage": stage, "name": n} for n in sorted(filter(None, set(names)))]):
            announce(connection, [stage])

    def list_pending(self, connection: sa.Connection, stage: Stage) -> list[str]:
        """Return the groups (or stories) that ``stage`` has to settle."""
        return list(connection.scalars(sa.select(losses.c.name).where(losses.c.stage == stage).order_by(losses.c.name)))

    def delete(self, connection: sa.Connection, stage: Stage, names: Collection[str]) -> None:
        """Note that ``stage`` has settled them."""
        connection.execute(losses.delete().where(losses.c.stage == stage, among(connection, losses.c.name, names)))


class ArticleToReassign(msgspec.Struct, frozen=True, kw_only=True):
    """An article in another copy group."""

    n: int
    id: str
    may_leave_story: bool  # a split took it out of its group


class ArticlesToReassign:
    """Articles that an editor put into other copy groups, until cluster has placed them again."""

    def add(self, connection: sa.Connection, ids: Iterable[str], *, may_leave_story: bool) -> None:
        """Note articles for cluster to place again, in their stories or, where they may leave them, in any."""
        connection.execute(regrouped.insert(), [{"id": article_id, "anew": may_leave_story} for article_id in ids])
        announce(connection, [Stage.CLUSTER])

    def list_pending(self, connection: sa.Connection) -> list[ArticleToReassign]:
        """Return what is noted, the latest last."""
        c = regrouped.c
        query = sa.select(c.n, c.id, c.anew.label("may_leave_story")).order_by(c.n)
        return rows_as(ArticleToReassign, connection.execute(query))

    def delete(self, connection: sa.Connection, reassigned: Collection[ArticleToReassign]) -> None:
        """Note that cluster has placed them; what was noted meanwhile stays."""
        numbers = [article.n for article in reassigned]
        connection.execute(regrouped.delete().where(among(connection, regrouped.c.n, numbers)))
