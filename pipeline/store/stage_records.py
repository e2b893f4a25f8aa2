"""What did the stages make of an article? Its records, of the present version and of earlier ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import sqlalchemy as sa

from pipeline.records import STAGE_VERSIONS, Article, Entry, Record, Stage, from_json, to_json
from pipeline.store.engine import Database, among, upsert
from pipeline.store.rows import ArticleRow
from pipeline.store.schema.articles import items, records

R = TypeVar("R", bound=Record)

_OF_ITEM = records.c.id == items.c.id
_IS_ENTRY = records.c.stage == Stage.POLL
_KNOWN = records.c.version <= items.c.version  # a look that found nothing new leaves a page of a version more


class StageRecords:
    """The records of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(self, claimed: Sequence[ArticleRow], stage: Stage, kind: type[R]) -> dict[str, R]:
        """Return id → the record that ``stage`` made of each item's present version; items without one are left out.

        A feed's entry holds until a later one takes its place.
        """
        with self._database.read() as connection:
            return self._read(connection, [item.id for item in claimed], stage, kind)

    def latest(self, ids: Iterable[str], stage: Stage, kind: type[R]) -> dict[str, R]:
        """Return id → the newest record that ``stage`` made of each article, an older version's during a look."""
        with self._database.read() as connection:
            return self._select(connection, ids, stage, kind, _KNOWN)

    def replace_latest(
        self, connection: sa.Connection, stage: Stage, made: Mapping[str, Record], now: dt.datetime
    ) -> None:
        """Replace the newest records that ``stage`` made of articles."""
        present = records.join(items, join_latest(stage))
        of_these = sa.select(records.c.id, records.c.version).select_from(present)
        rows = connection.execute(of_these.where(among(connection, items.c.id, made))).all()
        upsert(connection, records, [record_row(row.id, stage, row.version, now, made[row.id]) for row in rows])

    def latest_entries(self, connection: sa.Connection, ids: Iterable[str]) -> dict[str, Entry]:
        """Return id → what the feed said of the article last."""
        return self._read(connection, ids, Stage.POLL, Entry)

    def latest_articles(self, connection: sa.Connection, ids: Iterable[str]) -> dict[str, Article]:
        """Return id → the article, as it was last read."""
        return self._select(connection, ids, Stage.EXTRACT, Article, _KNOWN)

    def previous(self, claimed: Sequence[ArticleRow], stage: Stage, kind: type[R]) -> dict[str, R]:
        """Return id → the record that ``stage`` made of the last version before the present one."""
        ids = [item.id for item in claimed if item.version > 1]
        if not ids:
            return {}
        with self._database.read() as connection:
            return self._select(connection, ids, stage, kind, records.c.version < items.c.version)

    def list_versions(self, item: ArticleRow, stage: Stage, kind: type[R]) -> list[tuple[int, dt.datetime, R]]:
        """Return (version, when it was made, record) for all that ``stage`` made of an article, the first one first.

        A look at the page that found nothing new leaves a page of one version more than the article has.
        """
        wanted = sa.select(records.c.version, records.c.at, records.c.data).where(
            records.c.id == item.id, records.c.stage == stage
        )
        with self._database.read() as connection:
            rows = connection.execute(wanted.order_by(records.c.version))
            return [(row.version, row.at, from_json(row.data, kind)) for row in rows]

    def stage_versions(self, claimed: Sequence[ArticleRow]) -> dict[str, dict[str, str]]:
        """Return id → stage → the version of the stage that made the record."""
        made: dict[str, dict[str, str]] = {item.id: {} for item in claimed}
        with self._database.read() as connection:
            for row in connection.execute(
                sa.select(records.c.id, records.c.stage, records.c.made_by)
                .join(items, sa.and_(items.c.id == records.c.id, items.c.version >= records.c.version))
                .where(among(connection, records.c.id, made), sa.or_(records.c.version == items.c.version, _IS_ENTRY))
            ):
                made[row.id][row.stage] = row.made_by
        return made

    def _read(self, connection: sa.Connection, ids: Iterable[str], stage: Stage, kind: type[R]) -> dict[str, R]:
        present = _KNOWN if stage is Stage.POLL else records.c.version == items.c.version
        return self._select(connection, ids, stage, kind, present)

    @staticmethod
    def _select(
        connection: sa.Connection, ids: Iterable[str], stage: Stage, kind: type[R], version: sa.ColumnElement[bool]
    ) -> dict[str, R]:
        """Return id → the newest of those records."""
        rows = connection.execute(
            sa.select(records.c.id, records.c.data)
            .join(items, _OF_ITEM)
            .where(records.c.stage == stage, among(connection, records.c.id, ids), version)
            .order_by(records.c.version)
        )
        return {name: from_json(data, kind) for name, data in {row.id: row.data for row in rows}.items()}


def join_latest(stage: Stage) -> sa.ColumnElement[bool]:
    """Return what joins items with the newest record that ``stage`` made of each."""
    other = records.alias()
    version = sa.select(sa.func.max(other.c.version)).where(
        other.c.id == items.c.id, other.c.stage == stage, other.c.version <= items.c.version
    )
    present = records.c.version == version.correlate(items).scalar_subquery()
    return sa.and_(_OF_ITEM, records.c.stage == stage, present)


def record_row(article_id: str, stage: Stage, version: int, at: dt.datetime, record: Record) -> dict[str, object]:
    """Return the row of a record."""
    data = to_json(record).decode()
    made_by = STAGE_VERSIONS[stage]
    return {"id": article_id, "stage": stage, "version": version, "at": at, "made_by": made_by, "data": data}
