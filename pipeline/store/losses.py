"""Which copy groups and stories have lost an article that was withdrawn, and are not settled yet?"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import sqlalchemy as sa

from pipeline.records import Stage
from pipeline.store.engine import Database, among, insert_new
from pipeline.store.schema.outbox import losses


def add_losses(connection: sa.Connection, stage: Stage, names: Iterable[str | None]) -> None:
    """Note that groups (or stories) have lost an article, for ``stage`` to settle."""
    insert_new(connection, losses, [{"stage": stage, "name": name} for name in sorted(filter(None, set(names)))])


def list_losses(database: Database, stage: Stage) -> list[str]:
    """Return the groups (or stories) that ``stage`` has to settle."""
    wanted = sa.select(losses.c.name).where(losses.c.stage == stage).order_by(losses.c.name)
    with database.read() as connection:
        return list(connection.scalars(wanted))


def delete_losses(connection: sa.Connection, stage: Stage, names: Collection[str]) -> None:
    """Note that ``stage`` has settled them."""
    connection.execute(losses.delete().where(losses.c.stage == stage, among(connection, losses.c.name, names)))
