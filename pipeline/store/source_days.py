"""Keep how each source fared day by day: polls, failed ones, and new articles."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import sqlalchemy as sa

from pipeline.feed_records import SourceDay
from pipeline.store.schema.feeds import source_days
from pipeline.store.statements import columns_of, insert_new, rows_as


class SourceDays:
    """The days of the sources of a database."""

    def add(self, connection: sa.Connection, days: Iterable[SourceDay]) -> None:
        """Add what came of polls to the days of their sources."""
        c = source_days.c
        for day in sorted(days, key=lambda each: (each.source, each.day)):  # two writers don't wait for one another
            key = {"source": day.source, "day": day.day}
            insert_new(connection, source_days, [key | {"polls": 0, "failed": 0, "articles": 0}])
            counts = {name: c[name] + getattr(day, name) for name in ("polls", "failed", "articles")}
            connection.execute(source_days.update().where(c.source == day.source, c.day == day.day).values(**counts))

    def list_days(self, connection: sa.Connection, since: dt.date, source: str | None = None) -> list[SourceDay]:
        """Return the days of all sources, or of one, from ``since`` on: by source and day."""
        c = source_days.c
        chosen = sa.select(*columns_of(source_days, SourceDay)).where(c.day >= since)
        chosen = chosen if source is None else chosen.where(c.source == source)
        return rows_as(SourceDay, connection.execute(chosen.order_by(c.source, c.day)))


def delete_days_before(connection: sa.Connection, until: dt.date) -> None:
    """Forget the days before ``until``."""
    connection.execute(source_days.delete().where(source_days.c.day < until))
