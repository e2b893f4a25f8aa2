"""Keep when each article's page is looked at again, and what its last looks said.

A page that is due is sent back to fetch once, and only while its article waits for nothing else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import sqlalchemy as sa

from pipeline.records import Stage
from pipeline.revisit_policy import Visit
from pipeline.store import article_state
from pipeline.store.engine import Database
from pipeline.store.rows import PENDING
from pipeline.store.schema.articles import items, visits
from pipeline.store.statements import rows_as, upsert

_ARTICLES_PER_STEP = 500  # in one transaction


class PageVisits:
    """The visits of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def requeue_due(self, now: dt.datetime) -> int:
        """Send the articles whose pages are due back to fetch, as their next version should they have changed.

        Articles that are on their way through the stages stay due. Each step of 500 is a transaction of its own.
        Returns how many went.
        """
        count = 0
        while step := self._requeue_step(now):
            count += step
        return count

    def _requeue_step(self, now: dt.datetime) -> int:
        is_due = visits.c.due <= now
        with self._database.read() as connection:
            if connection.execute(sa.select(visits.c.id).where(is_due).limit(1)).first() is None:
                return 0
        with self._database.write() as connection:
            given_up = sa.select(items.c.id).where(items.c.state != PENDING)
            connection.execute(visits.update().where(is_due, visits.c.id.in_(given_up)).values(due=None))
            idle = sa.and_(items.c.stage.is_(None), items.c.state == PENDING, items.c.lease_owner.is_(None))
            joined = visits.join(items, items.c.id == visits.c.id)
            wanted = (
                sa.select(visits.c.id)
                .select_from(joined)
                .where(is_due, idle)
                .order_by(visits.c.due)
                .limit(_ARTICLES_PER_STEP)
            )
            ids = list(connection.scalars(wanted))
            due = [items.c.id.in_(ids)]
            article_state.send_back(connection, due, Stage.FETCH, now, version=items.c.version + 1)
            connection.execute(visits.update().where(visits.c.id.in_(ids)).values(due=None))
        return len(ids)

    def next_due(self, connection: sa.Connection, now: dt.datetime) -> dt.datetime | None:
        """Return when the next page is due to be visited again that isn't due yet."""
        due: dt.datetime | None = connection.scalar(sa.select(sa.func.min(visits.c.due)).where(visits.c.due > now))
        return due

    def count_due(self, connection: sa.Connection, since: dt.datetime | None, until: dt.datetime | None) -> int:
        """Return how many pages are due to be visited again at ``since`` or later and before ``until``."""
        conditions: list[sa.ColumnElement[bool]] = [visits.c.due.isnot(None)]
        if since is not None:
            conditions.append(visits.c.due >= since)
        if until is not None:
            conditions.append(visits.c.due < until)
        return connection.scalar(sa.select(sa.func.count()).select_from(visits).where(*conditions)) or 0

    def load_visits(self, connection: sa.Connection, ids: Iterable[str]) -> dict[str, Visit]:
        """Return id → what is remembered of the article's page."""
        rows = connection.execute(sa.select(visits).where(visits.c.id.in_(list(ids))))
        return {visit.id: visit for visit in rows_as(Visit, rows)}

    def save_visits(self, connection: sa.Connection, remembered: Iterable[Visit]) -> None:
        """Save what is remembered of pages."""
        upsert(connection, visits, [{name: getattr(visit, name) for name in _COLUMNS} for visit in remembered])

    def list_gone(self, connection: sa.Connection, ids: Iterable[str]) -> dict[str, dt.datetime]:
        """Return id → since when its page isn't there any more, of those that aren't."""
        visits_by_id = self.load_visits(connection, ids)
        return {article_id: visit.gone for article_id, visit in visits_by_id.items() if visit.gone}


_COLUMNS = tuple(column.name for column in visits.columns)
