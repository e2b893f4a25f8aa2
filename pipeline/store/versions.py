"""What did articles say before, and which of them were changed?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import sqlalchemy as sa

from pipeline.records import Article, Copy, Stage, from_json
from pipeline.store.engine import Database, among
from pipeline.store.lines import PENDING
from pipeline.store.made import newest
from pipeline.store.schema import items, records
from pipeline.store.schema_fetch import visits


def changed(database: Database, since: dt.datetime) -> list[str]:
    """Return the ids of articles whose present text is not their first and was read ``since``, in order of arrival."""
    c = records.c
    read = items.join(records, newest(Stage.EXTRACT))
    statement = sa.select(items.c.id).select_from(read).where(items.c.version > 1, c.version > 1, c.at >= since)
    with database.read() as connection:
        return list(connection.scalars(statement.order_by(items.c.seq)))


def gone(database: Database, since: dt.datetime) -> list[str]:
    """Return the ids of articles whose pages have not been there any more ``since``."""
    statement = sa.select(items.c.id).join(visits, visits.c.id == items.c.id).where(visits.c.gone >= since)
    statement = statement.where(items.c.state == PENDING, items.c.copy_group.isnot(None))
    with database.read() as connection:
        return list(connection.scalars(statement.order_by(items.c.seq)))


def revisions(database: Database, since: dt.datetime) -> list[Copy]:
    """Return the copies that are later versions by the same outlet under another address, decided ``since``."""
    c = records.c
    decided = items.join(records, newest(Stage.DEDUPE))
    statement = sa.select(c.data).select_from(decided)
    statement = statement.where(c.at >= since, c.data.contains('"kind":"revision"'))
    with database.read() as connection:
        return [from_json(data, Copy) for data in connection.scalars(statement.order_by(items.c.seq))]


def texts(database: Database, ids: Iterable[str]) -> dict[str, list[tuple[dt.datetime, Article]]]:
    """Return id → when each version of an article was read and what it said, oldest first."""
    c = records.c
    made: dict[str, list[tuple[dt.datetime, Article]]] = {}
    with database.read() as connection:
        statement = sa.select(c.id, c.at, c.data).join(items, items.c.id == c.id)
        statement = statement.where(
            c.stage == Stage.EXTRACT, c.version <= items.c.version, among(connection, c.id, ids)
        )
        for row in connection.execute(statement.order_by(c.id, c.version)):
            made.setdefault(row.id, []).append((row.at, from_json(row.data, Article)))
    return made
