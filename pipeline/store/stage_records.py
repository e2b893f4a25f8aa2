"""Keep the records that stages made of articles: those of the present version, and of earlier ones.

A record class names its stage, so that it also says which records are meant.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeVar, cast

import sqlalchemy as sa

from pipeline.clean_records import clean_record
from pipeline.records import STAGE_VERSIONS, Copy, Stage, StageRecord, from_json, to_json
from pipeline.store.rows import ArticleRow
from pipeline.store.schema.articles import items, records
from pipeline.store.statements import among, upsert

R = TypeVar("R", bound=StageRecord)

_OF_ARTICLE = records.c.id == items.c.id
_IS_ENTRY = records.c.stage == Stage.POLL
_UP_TO_PRESENT = records.c.version <= items.c.version  # a look that found nothing new leaves a page of a version more
_OF_PRESENT = records.c.version == items.c.version


class GatheredRecords:
    """Records of several kinds: kind → id → record, and by which version of its stage: id → stage → version."""

    def __init__(
        self, by_kind: dict[type[StageRecord], dict[str, StageRecord]], made_by: dict[str, dict[str, str]]
    ) -> None:
        self.by_kind = by_kind
        self.made_by = made_by

    def of(self, kind: type[R]) -> dict[str, R]:
        """Return id → record of one kind."""
        return cast("dict[str, R]", self.by_kind[kind])


class StageRecords:
    """The records of a database."""

    def current(self, connection: sa.Connection, articles: Iterable[ArticleRow], kind: type[R]) -> dict[str, R]:
        """Return id → the record of each article's present version; articles without one are left out.

        A feed's entry holds until a later one takes its place.
        """
        is_present = _UP_TO_PRESENT if kind.stage is Stage.POLL else _OF_PRESENT
        return self._load(connection, [article.id for article in articles], kind, is_present)

    def gather(
        self, connection: sa.Connection, articles: Iterable[ArticleRow], *kinds: type[StageRecord], newest: bool = False
    ) -> GatheredRecords:
        """Return the records of each article's present version, of all these kinds at once.

        With ``newest`` the newest of each kind, an older version's while the page is looked at again.
        """
        c = records.c
        ids = [article.id for article in articles]
        is_present = _UP_TO_PRESENT if newest else sa.or_(_OF_PRESENT, sa.and_(_IS_ENTRY, _UP_TO_PRESENT))
        rows = connection.execute(
            sa.select(c.id, c.stage, c.made_by, c.data)
            .join(items, _OF_ARTICLE)
            .where(among(connection, c.id, ids), c.stage.in_([kind.stage for kind in kinds]), is_present)
            .order_by(c.version)
        )
        chosen = {
            (stage, article_id): (made_by, data) for article_id, stage, made_by, data in rows
        }  # the newest of each
        gathered = GatheredRecords({kind: {} for kind in kinds}, {article_id: {} for article_id in ids})
        by_stage: dict[str, type[StageRecord]] = {kind.stage: kind for kind in kinds}
        for (stage, article_id), (made_by, data) in chosen.items():
            gathered.by_kind[by_stage[stage]][article_id] = from_json(data, by_stage[stage])
            gathered.made_by[article_id][stage] = made_by
        return gathered

    def latest(self, connection: sa.Connection, ids: Iterable[str], kind: type[R]) -> dict[str, R]:
        """Return id → the newest record of each article: an older version's while its page is looked at again."""
        return self._load(connection, ids, kind, _UP_TO_PRESENT)

    def previous(self, connection: sa.Connection, articles: Sequence[ArticleRow], kind: type[R]) -> dict[str, R]:
        """Return id → the record of the last version before the present one."""
        ids = [article.id for article in articles if article.version > 1]
        return self._load(connection, ids, kind, records.c.version < items.c.version) if ids else {}

    def list_versions(
        self, connection: sa.Connection, article_id: str, kind: type[R]
    ) -> list[tuple[int, dt.datetime, R]]:
        """Return (version, when it was made, record) for all records of an article, the first one first.

        A look at the page that found nothing new leaves a page of one version more than the article has.
        """
        chosen = sa.select(records.c.version, records.c.at, records.c.data).where(
            records.c.id == article_id, records.c.stage == kind.stage
        )
        rows = connection.execute(chosen.order_by(records.c.version))
        return [(row.version, row.at, from_json(row.data, kind)) for row in rows]

    def stage_versions(self, connection: sa.Connection, articles: Iterable[ArticleRow]) -> dict[str, dict[str, str]]:
        """Return id → stage → the version of the stage that made the record."""
        versions: dict[str, dict[str, str]] = {article.id: {} for article in articles}
        for row in connection.execute(
            sa.select(records.c.id, records.c.stage, records.c.made_by)
            .join(items, sa.and_(items.c.id == records.c.id, items.c.version >= records.c.version))
            .where(among(connection, records.c.id, versions), sa.or_(_OF_PRESENT, _IS_ENTRY))
        ):
            versions[row.id][row.stage] = row.made_by
        return versions

    def save_records(
        self, connection: sa.Connection, versioned: Iterable[tuple[str, int, StageRecord]], now: dt.datetime
    ) -> None:
        """Save records, each with the article's id and the version that it was made of, in place of present ones."""
        upsert(connection, records, [_record_row(*versioned_record, now) for versioned_record in versioned])

    def replace_record(
        self, connection: sa.Connection, article: ArticleRow, record: StageRecord, now: dt.datetime
    ) -> None:
        """Put ``record`` in the place of what its stage made of an article's version."""
        self.save_records(connection, [(article.id, article.version, record)], now)

    def replace_latest(
        self, connection: sa.Connection, kind: type[R], changed: Mapping[str, R], now: dt.datetime
    ) -> None:
        """Replace the newest records of this kind, by the ids of articles."""
        if not changed:
            return
        newest = sa.select(records.c.id, records.c.version).select_from(records.join(items, join_latest(kind.stage)))
        rows = connection.execute(newest.where(among(connection, items.c.id, changed))).all()
        self.save_records(connection, [(row.id, row.version, changed[row.id]) for row in rows], now)

    def delete_records(self, connection: sa.Connection, ids: Collection[str]) -> None:
        """Forget all records of these articles."""
        connection.execute(records.delete().where(records.c.id.in_(ids)))

    def _load(
        self, connection: sa.Connection, ids: Iterable[str], kind: type[R], version: sa.ColumnElement[bool]
    ) -> dict[str, R]:
        """Return id → the newest of those records."""
        rows = connection.execute(
            sa.select(records.c.id, records.c.data)
            .join(items, _OF_ARTICLE)
            .where(records.c.stage == kind.stage, among(connection, records.c.id, ids), version)
            .order_by(records.c.version)
        )
        newest = {row.id: row.data for row in rows}
        return {article_id: from_json(data, kind) for article_id, data in newest.items()}


def join_latest(stage: Stage) -> sa.ColumnElement[bool]:
    """Return what joins articles with the newest record that ``stage`` made of each."""
    candidates = records.alias()
    newest_version = sa.select(sa.func.max(candidates.c.version)).where(
        candidates.c.id == items.c.id, candidates.c.stage == stage, candidates.c.version <= items.c.version
    )
    is_newest = records.c.version == newest_version.correlate(items).scalar_subquery()
    return sa.and_(_OF_ARTICLE, records.c.stage == stage, is_newest)


def _record_row(article_id: str, version: int, record: StageRecord, at: dt.datetime) -> dict[str, object]:
    return {
        "id": article_id,
        "stage": record.stage,
        "version": version,
        "at": at,
        "made_by": STAGE_VERSIONS[record.stage],
        "data": to_json(clean_record(record)).decode(),
        "copy_kind": record.kind if isinstance(record, Copy) else None,
    }
