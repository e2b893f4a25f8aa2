"""Look at leases and locks: whoever has something is alive, and its time isn't over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import sqlalchemy as sa

from pipeline.faults import Fault
from pipeline.store.audit.reading import stream
from pipeline.store.locks import is_dead
from pipeline.store.rows import PENDING
from pipeline.store.schema.articles import items
from pipeline.store.schema.bookkeeping import locks
from pipeline.store.schema.feeds import feeds
from pipeline.store.schema.hosts import hosts


def check_leases(connection: sa.Connection, now: dt.datetime) -> Iterator[Fault]:
    """Yield leases and locks of processes that are dead or whose time is over, and leases of what waits for nothing."""
    owned = [
        ("article", items.c.id, items.c.lease_owner, items.c.lease_until),
        ("feed", feeds.c.url, feeds.c.lease_owner, feeds.c.lease_until),
        ("host", hosts.c.host, hosts.c.lease_owner, hosts.c.lease_until),
        ("lock", locks.c.name, locks.c.owner, locks.c.until),
    ]
    dead: dict[str, bool] = {}
    for kind, name, owner, until in owned:
        query = sa.select(name.label("name"), owner.label("owner"), until.label("until")).where(owner.isnot(None))
        for row in stream(connection, query):
            if dead.setdefault(row.owner, is_dead(row.owner)):
                what = f"{kind} {row.name} is leased to {row.owner}, a process that no longer runs"
                yield Fault(key=f"{kind} {row.name} {row.owner}", what=what)
            elif kind != "host" and (row.until is None or row.until < now):  # hosts wait for their next turn
                what = f"{kind} {row.name} is leased to {row.owner} until {row.until}, which is over"
                yield Fault(key=f"{kind} {row.name} {row.owner}", what=what)
    idle = sa.or_(items.c.state != PENDING, items.c.stage.is_(None))
    leased = sa.select(items.c.id, items.c.lease_owner).where(items.c.lease_owner.isnot(None), idle)
    for row in stream(connection, leased):
        yield Fault(key=f"{row.id} idle", what=f"{row.id} waits for no stage, and is leased to {row.lease_owner}")
