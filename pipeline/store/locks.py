"""Who is at work? Owners of leases, and locks for the stages that need the order of arrival."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import secrets
import socket
from collections.abc import Iterator

import sqlalchemy as sa

from pipeline.store.engine import Database, insert_new
from pipeline.store.schema.articles import items
from pipeline.store.schema.bookkeeping import locks
from pipeline.store.schema.feeds import feeds


def new_owner() -> str:
    """Return a name for this process as the holder of leases: host, process id, and a part that never recurs."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"


def is_dead(owner: str) -> bool:
    """Whether ``owner`` was a process of this host that no longer runs. Of other hosts nothing is known: False."""
    host, pid, _ = owner.rsplit("/", 2)
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def release_dead(database: Database) -> None:
    """End the leases and locks of processes of this host that were killed, so that nobody waits for them."""
    tables = (items.c.lease_owner, feeds.c.lease_owner, locks.c.owner)
    with database.read() as connection:
        owners = {o for c in tables for (o,) in connection.execute(sa.select(c).where(c.isnot(None)).distinct())}
    dead = [owner for owner in owners if is_dead(owner)]
    if not dead:
        return
    with database.write() as connection:
        for table in (items, feeds):
            connection.execute(
                table.update().where(table.c.lease_owner.in_(dead)).values(lease_owner=None, lease_until=None)
            )
        connection.execute(locks.delete().where(locks.c.owner.in_(dead)))


@contextlib.contextmanager
def hold_lock(database: Database, name: str, owner: str, now: dt.datetime, seconds: float) -> Iterator[bool]:
    """Hold the lock ``name``; yields False where somebody else does (then do nothing)."""
    with database.write() as connection:
        connection.execute(locks.delete().where(locks.c.name == name, locks.c.until < now))
        row = {"name": name, "owner": owner, "until": now + dt.timedelta(seconds=seconds)}
        taken = insert_new(connection, locks, [row])
    try:
        yield bool(taken)
    finally:
        if taken:
            with database.write() as connection:
                connection.execute(locks.delete().where(locks.c.name == name, locks.c.owner == owner))
