"""Keep whose each host is, and when it may be asked next.

A host that is leased is asked by one process alone, for its feeds and its pages, until the lease ends. Turns are
written ahead: whoever has the host next, after whatever end of the one before, finds when that would have been through.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from pipeline.feed_records import HostState
from pipeline.records import Stage
from pipeline.store import article_state
from pipeline.store.engine import Database
from pipeline.store.schema.articles import items
from pipeline.store.schema.base import Utc
from pipeline.store.schema.feeds import feeds
from pipeline.store.schema.hosts import hosts
from pipeline.store.statements import among, columns_of, insert_new, rows_as

_COLUMNS = columns_of(hosts, HostState)
# SQLite takes another index by itself and reads each row: a quarter as fast at 100,000 pages
_PAGES_ON_SQLITE = sa.text(
    "SELECT DISTINCT host FROM items INDEXED BY ix_items_host"
    " WHERE stage = 'fetch' AND state = 'pending' AND due <= :now"
).bindparams(sa.bindparam("now", type_=Utc()))


class WaitingHost(NamedTuple):
    """A host at which something waits: from when on it may be asked (None: at any time)."""

    host: str
    ready_at: dt.datetime | None


class Hosts:
    """The hosts of a database, on behalf of ``owner``, who leases them."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    # leases and turns -------------------------------------------------------------------------------------------------

    def lease(
        self, connection: sa.Connection, names: Collection[str], now: dt.datetime, seconds: float
    ) -> dict[str, HostState]:
        """Lease those of the hosts ``names`` that no other worker has, for ``seconds``; return what is known of them.

        A host of ours stays so for ``seconds`` from now.
        """
        known = set(connection.scalars(sa.select(hosts.c.host).where(among(connection, hosts.c.host, names))))
        insert_new(connection, hosts, [{"host": name} for name in sorted(set(names) - known)])
        is_free = sa.or_(hosts.c.lease_owner.is_(None), hosts.c.lease_owner == self._owner, hosts.c.lease_until < now)
        free = sa.select(*_COLUMNS).where(among(connection, hosts.c.host, names), is_free).order_by(hosts.c.host)
        if connection.dialect.name != "sqlite":
            free = free.with_for_update(skip_locked=True)
        leased = {state.host: state for state in rows_as(HostState, connection.execute(free))}
        which = among(connection, hosts.c.host, list(leased))
        until = now + dt.timedelta(seconds=seconds)
        connection.execute(hosts.update().where(which).values(lease_owner=self._owner, lease_until=until))
        return leased

    def save(self, connection: sa.Connection, states: Sequence[HostState]) -> None:
        """Save the turns, holds and crawl delays of hosts that are still ours."""
        self._update(connection, states)

    def release(self, connection: sa.Connection, states: Sequence[HostState]) -> None:
        """Save what is known of hosts that are still ours, and end their leases."""
        self._update(connection, states, lease_owner=None, lease_until=None)

    def _update(self, connection: sa.Connection, states: Sequence[HostState], **lease: None) -> None:
        if not states:
            return
        change = (
            hosts.update()
            .where(hosts.c.host == sa.bindparam("of"), hosts.c.lease_owner == self._owner)
            .values(next_turn=sa.bindparam("turn"), held_until=sa.bindparam("held"), crawl_delay=sa.bindparam("every"))
            .values(**lease)
        )
        rows = [
            {"of": state.host, "turn": state.next_turn, "held": state.held_until, "every": state.crawl_delay}
            for state in sorted(states, key=lambda state: state.host)
        ]
        connection.execute(change, rows)

    def list_lease_owners(self, connection: sa.Connection) -> set[str]:
        """Return the owners of all leases."""
        owners = sa.select(hosts.c.lease_owner).where(hosts.c.lease_owner.isnot(None)).distinct()
        return {owner for owner in connection.scalars(owners) if owner}

    def release_owners(self, connection: sa.Connection, owners: Collection[str]) -> None:
        """End all leases of these owners; their turns stay."""
        which = hosts.update().where(hosts.c.lease_owner.in_(owners))
        connection.execute(which.values(lease_owner=None, lease_until=None))

    # reading ----------------------------------------------------------------------------------------------------------

    def get_states(self, connection: sa.Connection, names: Collection[str]) -> dict[str, HostState]:
        """Return what is known of the hosts ``names``, of those that are known."""
        rows = connection.execute(sa.select(*_COLUMNS).where(among(connection, hosts.c.host, names)))
        return {state.host: state for state in rows_as(HostState, rows)}

    def list_with_pages(
        self, connection: sa.Connection, now: dt.datetime, *, sources: Sequence[str] = (), after: int = 0
    ) -> list[WaitingHost]:
        """Return the hosts at which pages (of ``sources``) wait that are due, by name.

        ``after`` leaves out those whose pages all arrived before that number; it makes the look cheap.
        """
        if connection.dialect.name == "sqlite" and not sources and not after:
            return _waiting(connection, _PAGES_ON_SQLITE.bindparams(now=now).columns(hosts.c.host).subquery(), now)
        waits = [article_state.WAITS_FOR_FETCH, items.c.due <= now]
        waits += [items.c.source.in_(sources)] if sources else []
        waits += [items.c.seq > after] if after else []
        chosen = sa.select(items.c.host).where(*waits).distinct().subquery()
        return _waiting(connection, chosen, now)

    def newest_page(self, connection: sa.Connection) -> int:
        """Return the number of the newest page that waits for fetch, 0 where none does."""
        return connection.scalar(sa.select(sa.func.max(items.c.seq)).where(items.c.stage == Stage.FETCH)) or 0

    def list_with_feeds(
        self, connection: sa.Connection, now: dt.datetime, *, sources: Sequence[str] = (), without: Sequence[str] = ()
    ) -> list[WaitingHost]:
        """Return the hosts at which feeds are due that nobody polls, by name: of ``sources``, ``without`` these."""
        is_due = [feeds.c.due <= now, sa.or_(feeds.c.lease_until.is_(None), feeds.c.lease_until < now)]
        is_due += [feeds.c.source.in_(sources)] if sources else []
        is_due += [sa.not_(among(connection, feeds.c.url, without))] if without else []
        return _waiting(connection, sa.select(feeds.c.host).where(*is_due).distinct().subquery(), now)

    def next_page_due(
        self, connection: sa.Connection, now: dt.datetime, sources: Sequence[str] = ()
    ) -> dt.datetime | None:
        """Return when the next page (of ``sources``) is due that waits for fetch and isn't due yet."""
        waits = [article_state.WAITS_FOR_FETCH, items.c.due > now]
        waits += [items.c.source.in_(sources)] if sources else []
        due: dt.datetime | None = connection.scalar(sa.select(sa.func.min(items.c.due)).where(*waits))
        return due


def _waiting(connection: sa.Connection, chosen: sa.Subquery, now: dt.datetime) -> list[WaitingHost]:
    joined = chosen.outerjoin(hosts, hosts.c.host == chosen.c.host)
    columns = (chosen.c.host, hosts.c.next_turn, hosts.c.held_until)
    rows = connection.execute(sa.select(*columns).select_from(joined).order_by(chosen.c.host))
    return [
        WaitingHost(row.host, max((at for at in (row.next_turn, row.held_until) if at and at > now), default=None))
        for row in rows
    ]


def delete_idle(connection: sa.Connection, before: dt.datetime) -> None:
    """Forget hosts that nobody has, whose turns and holds are over and that ask for no delay."""
    is_over: list[sa.ColumnElement[bool]] = [hosts.c.lease_owner.is_(None), hosts.c.crawl_delay.is_(None)]
    is_over += [sa.or_(at.is_(None), at < before) for at in (hosts.c.next_turn, hosts.c.held_until)]
    connection.execute(hosts.delete().where(*is_over))
