"""Which feeds are due, and what is remembered of them?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa

from pipeline.records import FeedState, from_json, to_json
from pipeline.settings import Source
from pipeline.store.engine import Database, insert_new
from pipeline.store.schema import feeds


class FeedStates:
    """The feed states of a database, on behalf of ``owner``."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    def configure(self, sources: Sequence[Source], now: dt.datetime) -> None:
        """Make the ledger know the feeds of ``sources``, new ones due now, and forget the others."""
        rows = [
            {
                "url": url,
                "source": source.name,
                "due": now,
                "state": _plain(FeedState(url=url, source=source.name, due=now)),
            }
            for source in sources
            for url in source.feeds
        ]
        with self._database.read() as connection:
            known = {row.url: row.source for row in connection.execute(sa.select(feeds.c.url, feeds.c.source))}
        if known == {row["url"]: row["source"] for row in rows}:
            return
        with self._database.write() as connection:
            insert_new(connection, feeds, rows)
            for row in rows:
                connection.execute(feeds.update().where(feeds.c.url == row["url"]).values(source=row["source"]))
            connection.execute(feeds.delete().where(feeds.c.url.not_in([row["url"] for row in rows])))

    def claim(self, now: dt.datetime, *, limit: int, seconds: float, sources: Sequence[str] = ()) -> list[FeedState]:
        """Lease up to ``limit`` feeds that are due, by source and address, for ``seconds``."""
        due = (
            sa.select(feeds.c.url, feeds.c.source, feeds.c.state)
            .where(feeds.c.due <= now, sa.or_(feeds.c.lease_until.is_(None), feeds.c.lease_until < now))
            .order_by(feeds.c.source, feeds.c.url)
            .limit(limit)
        )
        if sources:
            due = due.where(feeds.c.source.in_(sources))
        if not self._database.is_sqlite:
            due = due.with_for_update(skip_locked=True)
        with self._database.write() as connection:
            claimed = [from_json(row.state, FeedState) for row in connection.execute(due)]
            connection.execute(
                feeds.update()
                .where(feeds.c.url.in_([state.url for state in claimed]))
                .values(lease_owner=self._owner, lease_until=now + dt.timedelta(seconds=seconds))
            )
        return claimed

    def save(self, connection: sa.Connection, state: FeedState) -> bool:
        """Save what a poll learnt of a feed and end its lease; False where the lease has passed to another worker."""
        mine = feeds.update().where(feeds.c.url == state.url, feeds.c.lease_owner == self._owner)
        values = {"due": state.due, "state": _plain(state), "lease_owner": None, "lease_until": None}
        return bool(connection.execute(mine.values(**values)).rowcount)

    def make_due(self, now: dt.datetime, sources: Sequence[str] = ()) -> int:
        """Make all feeds (of ``sources``) due at once; return how many."""
        with self._database.write() as connection:
            which = feeds.update().where(feeds.c.source.in_(sources)) if sources else feeds.update()
            return connection.execute(which.values(due=now)).rowcount

    def all(self) -> list[FeedState]:
        """Return the state of every feed, by source and address."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(feeds.c.state).order_by(feeds.c.source, feeds.c.url))
            return [from_json(row.state, FeedState) for row in rows]


def _plain(state: FeedState) -> str:
    return to_json(state).decode()
