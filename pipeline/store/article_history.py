"""Read what articles said before, and which were changed, withdrawn or published anew.

An article's present text is the newest that extract made: it stays while the page is looked at again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import msgspec
import sqlalchemy as sa

from pipeline.records import Article, Copy, CopyKind, Page, Stage, from_json
from pipeline.store.rows import PENDING
from pipeline.store.schema.articles import items, records, visits
from pipeline.store.stage_records import join_latest
from pipeline.store.statements import among

# dropped, withdrawn and embargoed articles are in no copy group
_IS_SHOWN = sa.and_(items.c.state == PENDING, items.c.copy_group.isnot(None))


class _Titled(msgspec.Struct):
    """What is read of an article's record for its headline."""

    title: str | None = None


class ArticleHistory:
    """The versions of articles, for reading."""

    def list_changed(self, connection: sa.Connection, since: dt.datetime) -> list[str]:
        """Return the ids of articles whose present text is not their first, in order of arrival.

        It was read ``since``.
        """
        c = records.c
        read = items.join(records, join_latest(Stage.EXTRACT))
        statement = sa.select(items.c.id).select_from(read).where(items.c.version > 1, c.version > 1, c.at >= since)
        statement = statement.where(_IS_SHOWN)
        return list(connection.scalars(statement.order_by(items.c.seq)))

    def list_changed_of(self, connection: sa.Connection, groups: Iterable[str]) -> dict[str, str]:
        """Return id → copy group of the articles of ``groups`` whose present text is not their first."""
        statement = sa.select(items.c.id, items.c.copy_group).where(items.c.version > 1, _IS_SHOWN)
        rows = connection.execute(statement.where(among(connection, items.c.copy_group, groups)).order_by(items.c.seq))
        return {row.id: row.copy_group for row in rows}

    def list_revisions_of(self, connection: sa.Connection, groups: Iterable[str]) -> list[Copy]:
        """Return the copies in ``groups`` that are versions by the same outlet under another address."""
        statement = sa.select(records.c.data).select_from(items.join(records, join_latest(Stage.DEDUPE)))
        statement = statement.where(records.c.copy_kind == CopyKind.REVISION, _IS_SHOWN)
        statement = statement.where(among(connection, items.c.copy_group, groups)).order_by(items.c.seq)
        return [from_json(data, Copy) for data in connection.scalars(statement)]

    def list_gone(self, connection: sa.Connection, since: dt.datetime) -> list[str]:
        """Return the ids of articles whose pages have not been there any more ``since``."""
        statement = sa.select(items.c.id).join(visits, visits.c.id == items.c.id).where(visits.c.gone >= since)
        statement = statement.where(_IS_SHOWN)
        return list(connection.scalars(statement.order_by(items.c.seq)))

    def list_revisions(self, connection: sa.Connection, since: dt.datetime) -> list[Copy]:
        """Return the copies that are versions by the same outlet under another address.

        One of the two was made ``since``.
        """
        c, text = records.c, records.alias().c
        decided = items.join(records, join_latest(Stage.DEDUPE))
        lately = sa.exists().where(text.id == items.c.id, text.stage == Stage.EXTRACT, text.at >= since)
        statement = sa.select(c.data).select_from(decided)
        statement = statement.where(c.at >= since, c.copy_kind == CopyKind.REVISION, lately, _IS_SHOWN)
        return [from_json(data, Copy) for data in connection.scalars(statement.order_by(items.c.seq))]

    def list_titles(self, connection: sa.Connection, source: str, since: dt.datetime) -> dict[str, str]:
        """Return id → headline of the articles of ``source`` first seen ``since``, also held ones."""
        c = records.c
        read = items.join(records, join_latest(Stage.EXTRACT))
        of_source = [items.c.source == source, items.c.first_seen >= since, items.c.state == PENDING]
        rows = connection.execute(sa.select(items.c.id, c.data).select_from(read).where(*of_source))
        titled = {row.id: from_json(row.data, _Titled).title for row in rows}
        return {article_id: title for article_id, title in titled.items() if title}

    def load_texts(self, connection: sa.Connection, ids: Iterable[str]) -> dict[str, list[tuple[dt.datetime, Article]]]:
        """Return id → when each version of an article was read and what it said, oldest first.

        A page was read when it was fetched, however often it was extracted since; what came as text, when it arrived.
        """
        c = records.c
        read = sa.select(c.id, c.version, c.stage, c.at, c.data).join(items, items.c.id == c.id)
        of_articles = sa.and_(c.version <= items.c.version, among(connection, c.id, ids))
        statement = read.where(c.stage.in_([Stage.FETCH, Stage.EXTRACT]), of_articles)
        rows = connection.execute(statement.order_by(c.id, c.version)).all()
        fetched = {(row.id, row.version): from_json(row.data, Page).fetched for row in rows if row.stage == Stage.FETCH}
        texts: dict[str, list[tuple[dt.datetime, Article]]] = {}
        for row in rows:
            if row.stage == Stage.EXTRACT:
                at = fetched.get((row.id, row.version), row.at)
                texts.setdefault(row.id, []).append((at, from_json(row.data, Article)))
        return texts
