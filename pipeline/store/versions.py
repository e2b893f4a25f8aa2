"""What did articles say before, and which of them were changed?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import sqlalchemy as sa

from pipeline.records import Article, Copy, Outcome, Reason, Stage, from_json
from pipeline.store.engine import Database
from pipeline.store.lines import PENDING
from pipeline.store.postings import among
from pipeline.store.schema import items, outcomes, records

_GONE = (Reason.GONE, Reason.NOT_FOUND)


def changed(database: Database, since: dt.datetime) -> list[str]:
    """Return the ids of articles whose present text is not their first and was read ``since``, in order of arrival."""
    c = records.c
    current = sa.and_(c.id == items.c.id, c.version == items.c.version, c.stage == Stage.EXTRACT)
    statement = sa.select(items.c.id).join(records, current).where(items.c.version > 1, c.at >= since)
    with database.read() as connection:
        return list(connection.scalars(statement.order_by(items.c.seq)))


def gone(database: Database, since: dt.datetime) -> list[str]:
    """Return the ids of articles that are known, and of which the publisher said ``since`` that they are no more."""
    c = outcomes.c
    said = [c.stage == Stage.FETCH, c.outcome == Outcome.DROPPED, c.reason.in_(_GONE), c.at >= since]
    later = outcomes.alias()
    again = sa.exists().where(later.c.id == c.id, later.c.n > c.n, later.c.stage == Stage.EXTRACT)
    statement = sa.select(items.c.id).join(outcomes, c.id == items.c.id).where(*said, ~again)
    statement = statement.where(items.c.state == PENDING, items.c.copy_group.isnot(None))
    with database.read() as connection:
        return list(dict.fromkeys(connection.scalars(statement.order_by(items.c.seq))))


def revisions(database: Database, since: dt.datetime) -> list[Copy]:
    """Return the copies that are later versions by the same outlet under another address, decided ``since``."""
    c = records.c
    current = sa.and_(c.id == items.c.id, c.version == items.c.version, c.stage == Stage.DEDUPE)
    statement = sa.select(c.data).join(items, current).where(c.at >= since, c.data.contains('"kind":"revision"'))
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
