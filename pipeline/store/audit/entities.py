"""Look at entities: as many articles as are counted name each, and what is remembered is of known entities."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import sqlalchemy as sa

from pipeline.faults import Fault
from pipeline.store.audit.reading import stream
from pipeline.store.rows import REMOVED, WITHDRAWN
from pipeline.store.schema.articles import items
from pipeline.store.schema.entities import entities, entity_articles, entity_forms


def check_entities(connection: sa.Connection, now: dt.datetime) -> Iterator[Fault]:  # noqa: ARG001
    """Yield entities with a wrong count, rows of unknown entities, and articles that count though none may see them."""
    e, a = entities.c, entity_articles.c
    counted = sa.select(e.id, e.articles, sa.func.count(a.seq).label("named"))
    counted = counted.select_from(entities.outerjoin(entity_articles, a.entity == e.n)).group_by(e.n, e.id, e.articles)
    for row in stream(connection, counted.having(e.articles != sa.func.count(a.seq))):
        what = f"entity {row.id} counts {row.articles} articles, and {row.named} name it"
        yield Fault(key=f"entity {row.id}", what=what)
    for table in (entity_articles, entity_forms):
        unknown = sa.select(table.c.entity).distinct().where(~sa.exists().where(e.n == table.c.entity))
        for (number,) in stream(connection, unknown):
            yield Fault(
                key=f"{table.name} {number}", what=f"{table.name} has rows of entity number {number}, which isn't known"
            )
    gone = sa.select(items.c.id).distinct().join(entity_articles, a.seq == items.c.seq)
    for (name,) in stream(connection, gone.where(items.c.state.in_([WITHDRAWN, REMOVED]))):
        yield Fault(key=f"{name} entities", what=f"{name} was taken back, and entities still count it")
