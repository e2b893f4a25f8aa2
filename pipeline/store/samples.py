"""Keep samples: what waited before each stage and how programs fared, once a minute, for some days."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from pipeline.figures import OverviewSample
from pipeline.records import from_json, to_json
from pipeline.store.schema.bookkeeping import samples
from pipeline.store.statements import insert_new


class Samples:
    """The samples of a database, one a minute."""

    def add(self, connection: sa.Connection, sample: OverviewSample) -> bool:
        """Add a sample; return False where its minute has one already."""
        row = {"at": sample.at, "sample": to_json(sample).decode()}
        return bool(insert_new(connection, samples, [row]))

    def last(self, connection: sa.Connection) -> dt.datetime | None:
        """Return when the latest sample was taken, None where there is none."""
        latest: dt.datetime | None = connection.scalar(sa.select(sa.func.max(samples.c.at, type_=samples.c.at.type)))
        return latest

    def list_after(self, connection: sa.Connection, after: dt.datetime | None, limit: int) -> list[OverviewSample]:
        """Return up to ``limit`` samples that are later than ``after`` (None: all), the oldest first."""
        chosen = sa.select(samples.c.sample).order_by(samples.c.at).limit(limit)
        chosen = chosen if after is None else chosen.where(samples.c.at > after)
        return [from_json(text, OverviewSample) for text in connection.scalars(chosen)]

    def delete_before(self, connection: sa.Connection, until: dt.datetime) -> None:
        """Forget samples that were taken before ``until``."""
        connection.execute(samples.delete().where(samples.c.at < until))
