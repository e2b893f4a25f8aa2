"""Which articles has an editor put into other copy groups, so that cluster has to place them again?

They are noted in the transaction of the decision, as it must reach what another stage is working on just now too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec
import sqlalchemy as sa

from pipeline.store.engine import Database, among
from pipeline.store.schema.outbox import regrouped


class ArticleToReassign(msgspec.Struct, frozen=True, kw_only=True):
    """An article in another copy group; ``anew``: a split took it out, so it need not stay in its story."""

    n: int
    id: str
    anew: bool


def add_articles(connection: sa.Connection, ids: Iterable[str], *, anew: bool) -> None:
    """Note articles for cluster to place again."""
    connection.execute(regrouped.insert(), [{"id": one, "anew": anew} for one in ids])


def list_articles(database: Database) -> list[ArticleToReassign]:
    """Return what is noted, the latest last."""
    with database.read() as connection:
        rows = connection.execute(sa.select(regrouped).order_by(regrouped.c.n))
        return [ArticleToReassign(**row._mapping) for row in rows]  # noqa: SLF001


def delete_articles(connection: sa.Connection, noted: Collection[ArticleToReassign]) -> None:
    """Note that cluster has placed them; what was noted meanwhile stays."""
    connection.execute(regrouped.delete().where(among(connection, regrouped.c.n, [one.n for one in noted])))
