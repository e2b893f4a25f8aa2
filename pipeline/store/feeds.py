"""Keep what is remembered of each feed, when it is due, and who is polling it.

A feed that is leased is polled by one process until the lease ends.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from pipeline.feed_records import FeedRole, FeedState
from pipeline.records import from_json, to_json
from pipeline.settings import Source
from pipeline.store.engine import Database
from pipeline.store.schema.feeds import feeds
from pipeline.store.statements import insert_new

# Sitemaps that only fill gaps are due when there is one.
_WHEN_CALLED = dt.timedelta(days=3650)


class FeedStates:
    """The feed states of a database, on behalf of ``owner``."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    def sync_feeds(self, sources: Sequence[Source], now: dt.datetime) -> None:
        """Make the ledger know the feeds of ``sources``, new ones due now, and forget the others.

        Reads in one transaction, and writes in another one where anything differs.
        """
        rows = [_row(url, source.name, role, now) for source in sources for role, url in source.feed_urls()]
        wanted = {row["url"]: (row["source"], row["role"]) for row in reversed(rows)}
        columns = sa.select(feeds.c.url, feeds.c.source, feeds.c.role)
        with self._database.read() as connection:
            present = {row.url: (row.source, row.role) for row in connection.execute(columns)}
        if present == wanted:
            return
        with self._database.write() as connection:
            insert_new(connection, feeds, [row for row in rows if row["url"] not in present])
            for url, (source, role) in wanted.items():
                if url in present and present[url] != (source, role):
                    due = {"due": now} if present[url][1] != role else {}
                    changed = feeds.update().where(feeds.c.url == url)
                    connection.execute(changed.values(source=source, role=role, **due))
            for url in present.keys() - wanted.keys():
                connection.execute(feeds.delete().where(feeds.c.url == url))

    def claim(
        self, connection: sa.Connection, now: dt.datetime, *, limit: int, seconds: float, sources: Sequence[str] = ()
    ) -> list[FeedState]:
        """Lease up to ``limit`` feeds that are due, by source and address, for ``seconds``."""
        due = (
            sa.select(feeds.c.source, feeds.c.role, feeds.c.state)
            .where(feeds.c.due <= now, sa.or_(feeds.c.lease_until.is_(None), feeds.c.lease_until < now))
            .order_by(feeds.c.source, feeds.c.url)
            .limit(limit)
        )
        if sources:
            due = due.where(feeds.c.source.in_(sources))
        if connection.dialect.name != "sqlite":
            due = due.with_for_update(skip_locked=True)
        claimed = [_state(row) for row in connection.execute(due)]
        connection.execute(
            feeds.update()
            .where(feeds.c.url.in_([state.url for state in claimed]))
            .values(lease_owner=self._owner, lease_until=now + dt.timedelta(seconds=seconds))
        )
        return claimed

    def save(self, connection: sa.Connection, state: FeedState) -> bool:
        """Save what a poll learnt of a feed and end its lease; False where the lease has passed to another worker."""
        leased = feeds.update().where(feeds.c.url == state.url, feeds.c.lease_owner == self._owner)
        values = {"due": state.due, "state": _plain(state), "lease_owner": None, "lease_until": None}
        return bool(connection.execute(leased.values(**values)).rowcount)

    def save_pushed(self, connection: sa.Connection, state: FeedState) -> None:
        """Save what a push told of a feed; when it is polled next, and by whom, stays as it is."""
        connection.execute(feeds.update().where(feeds.c.url == state.url).values(state=_plain(state)))

    def wake(self, connection: sa.Connection, url: str, now: dt.datetime) -> None:
        """Make a feed due at once: its hub says that there is something new, but not what."""
        connection.execute(feeds.update().where(feeds.c.url == url, feeds.c.due > now).values(due=now))

    def make_sitemaps_due(self, connection: sa.Connection, sources: Collection[str], now: dt.datetime) -> None:
        """Make the sitemaps due that fill gaps in the feeds of ``sources``."""
        which = feeds.update().where(feeds.c.role == "sitemap", feeds.c.source.in_(sources), feeds.c.due > now)
        connection.execute(which.values(due=now))

    def make_due(self, connection: sa.Connection, now: dt.datetime, sources: Sequence[str] = ()) -> int:
        """Make all feeds (of ``sources``) due at once, but for sitemaps that only fill gaps; return how many."""
        which = feeds.update().where(feeds.c.role != "sitemap")
        which = which.where(feeds.c.source.in_(sources)) if sources else which
        return connection.execute(which.values(due=now)).rowcount

    def list_states(self, connection: sa.Connection) -> list[FeedState]:
        """Return the state of every feed, by source and address."""
        columns = (feeds.c.source, feeds.c.role, feeds.c.state)
        return [_state(row) for row in connection.execute(sa.select(*columns).order_by(feeds.c.source, feeds.c.url))]

    def list_lease_owners(self, connection: sa.Connection) -> set[str]:
        """Return the owners of all leases."""
        owners = sa.select(feeds.c.lease_owner).where(feeds.c.lease_owner.isnot(None)).distinct()
        return set(connection.scalars(owners))

    def release_owners(self, connection: sa.Connection, owners: Collection[str]) -> None:
        """End all leases of these owners."""
        which = feeds.update().where(feeds.c.lease_owner.in_(owners))
        connection.execute(which.values(lease_owner=None, lease_until=None))


def _row(url: str, source: str, role: FeedRole, now: dt.datetime) -> dict[str, Any]:
    due = now + _WHEN_CALLED if role == "sitemap" else now
    state = FeedState(url=url, source=source, due=due, role=role)
    return {"url": url, "source": source, "role": role, "due": due, "state": _plain(state)}


def _state(row: sa.Row[str, FeedRole, str]) -> FeedState:
    """Return a row's state; source and role are what the settings say now."""
    return msgspec.structs.replace(from_json(row.state, FeedState), source=row.source, role=row.role)


def _plain(state: FeedState) -> str:
    return to_json(state).decode()
