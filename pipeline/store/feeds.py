"""Keep what is remembered of each feed, when it is due, and who is polling it.

A feed that is leased is polled by one process until the lease ends.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from pipeline.feed_records import SEEN_KEY_BYTES, FeedRole, FeedState
from pipeline.records import Stage, from_json, to_json
from pipeline.settings import Source
from pipeline.store.engine import Database
from pipeline.store.schema.feeds import feeds
from pipeline.store.statements import among, insert_new
from pipeline.store.wakeups import announce
from pipeline.text import without_control_characters
from pipeline.urls import host_or_nothing, without_credentials

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

    def rename_seen(self, connection: sa.Connection, new_ids: Mapping[str, str]) -> None:
        """Let feeds have listed the entries of ``new_ids`` (old id → new id) under their new ids.

        Without this the next poll would take them for new ones, and those before for scrolled off unseen.
        """
        keys = {_seen_key(old): _seen_key(new) for old, new in new_ids.items()}
        for state in self.list_states(connection) if keys else ():
            parts = [state.seen[at : at + SEEN_KEY_BYTES] for at in range(0, len(state.seen), SEEN_KEY_BYTES)]
            seen = b"".join(keys.get(part, part) for part in parts)
            if seen != state.seen:
                self.save_pushed(connection, msgspec.structs.replace(state, seen=seen))

    def claim_at_hosts(
        self,
        connection: sa.Connection,
        turns: Mapping[str, int],
        now: dt.datetime,
        *,
        seconds: float,
        sources: Sequence[str] = (),
        without: Sequence[str] = (),
    ) -> dict[str, list[FeedState]]:
        """Lease feeds that are due at the hosts in ``turns`` (host → how many at most), those longest due first.

        The hosts are leased to us; the feeds ``without`` stay. Returns the feeds by host, by source and address.
        """
        turn = sa.func.row_number().over(partition_by=feeds.c.host, order_by=(feeds.c.due, feeds.c.source, feeds.c.url))
        is_due = [feeds.c.due <= now, sa.or_(feeds.c.lease_until.is_(None), feeds.c.lease_until < now)]
        is_due += [among(connection, feeds.c.host, list(turns))]
        is_due += [feeds.c.source.in_(sources)] if sources else []
        is_due += [sa.not_(among(connection, feeds.c.url, without))] if without else []
        columns = (feeds.c.url, feeds.c.host, feeds.c.source, feeds.c.role, feeds.c.state, turn.label("turn"))
        rows = connection.execute(sa.select(*columns).where(*is_due).order_by(feeds.c.source, feeds.c.url)).all()
        chosen = [row for row in rows if row.turn <= turns[row.host]]
        which = among(connection, feeds.c.url, [row.url for row in chosen])
        until = now + dt.timedelta(seconds=seconds)
        connection.execute(feeds.update().where(which).values(lease_owner=self._owner, lease_until=until))
        claimed: dict[str, list[FeedState]] = {}
        for row in chosen:
            claimed.setdefault(row.host, []).append(_state(row))
        return claimed

    def release(self, connection: sa.Connection, states: Sequence[FeedState]) -> None:
        """Give back feeds that weren't asked for; they stay due."""
        which = among(connection, feeds.c.url, [state.url for state in states])
        ours = feeds.update().where(which, feeds.c.lease_owner == self._owner)
        connection.execute(ours.values(lease_owner=None, lease_until=None))

    def next_due(self, connection: sa.Connection, now: dt.datetime, sources: Sequence[str] = ()) -> dt.datetime | None:
        """Return when the next feed (of ``sources``) is due that isn't due yet."""
        later = sa.select(sa.func.min(feeds.c.due)).where(feeds.c.due > now)
        due: dt.datetime | None = connection.scalar(later.where(feeds.c.source.in_(sources)) if sources else later)
        return due

    def save(self, connection: sa.Connection, state: FeedState) -> bool:
        """Save what a poll learnt of a feed and end its lease; False where the lease has passed to another worker."""
        leased = feeds.update().where(feeds.c.url == state.url, feeds.c.lease_owner == self._owner)
        values = {"due": state.due, "state": _plain(state), "host": _host(state)}
        values |= {"lease_owner": None, "lease_until": None}
        return bool(connection.execute(leased.values(**values)).rowcount)

    def save_pushed(self, connection: sa.Connection, state: FeedState) -> None:
        """Save what a push told of a feed; when it is polled next, and by whom, stays as it is."""
        connection.execute(feeds.update().where(feeds.c.url == state.url).values(state=_plain(state)))

    def wake(self, connection: sa.Connection, url: str, now: dt.datetime) -> None:
        """Make a feed due at once: its hub says that there is something new, but not what."""
        connection.execute(feeds.update().where(feeds.c.url == url, feeds.c.due > now).values(due=now))
        announce(connection, [Stage.POLL])

    def make_sitemaps_due(self, connection: sa.Connection, sources: Collection[str], now: dt.datetime) -> None:
        """Make the sitemaps due that fill gaps in the feeds of ``sources``."""
        which = feeds.update().where(feeds.c.role == "sitemap", feeds.c.source.in_(sources), feeds.c.due > now)
        connection.execute(which.values(due=now))

    def make_due(self, connection: sa.Connection, now: dt.datetime, sources: Sequence[str] = ()) -> int:
        """Make all feeds (of ``sources``) due at once, but for sitemaps that only fill gaps; return how many."""
        which = feeds.update().where(feeds.c.role != "sitemap")
        which = which.where(feeds.c.source.in_(sources)) if sources else which
        announce(connection, [Stage.POLL])
        return connection.execute(which.values(due=now)).rowcount

    def settle_clock(self, connection: sa.Connection, now: dt.datetime, before: dt.datetime) -> None:
        """Let feeds not wait for times that only a clock said that was wrong: it stands at ``now``, and was ``before``.

        Each waits no longer than it would have by the clock before.
        """
        late = sa.select(feeds.c.url, feeds.c.due).where(feeds.c.role != "sitemap", feeds.c.due > now)
        for url, due in connection.execute(late).all():
            connection.execute(feeds.update().where(feeds.c.url == url).values(due=max(now, due - (before - now))))

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
    return {"url": url, "source": source, "host": _host(state), "role": role, "due": due, "state": _plain(state)}


def _host(state: FeedState) -> str:
    return host_or_nothing(state.address or state.url)


def _state(row: sa.Row[*tuple[Any, ...]]) -> FeedState:
    """Return a row's state; source and role are what the settings say now."""
    return msgspec.structs.replace(from_json(row.state, FeedState), source=row.source, role=row.role)


def _plain(state: FeedState) -> str:
    """Return a state as it is kept: nothing that a server says may bring in a password."""
    said = {name: getattr(state, name) for name in ("address", "moved_to", "error")}
    cleaned = {name: without_control_characters(without_credentials(text)) for name, text in said.items() if text}
    return to_json(msgspec.structs.replace(state, **cleaned)).decode()


def _seen_key(article_id: str) -> bytes:
    return bytes.fromhex(article_id[: 2 * SEEN_KEY_BYTES])
