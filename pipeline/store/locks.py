"""Tell who works: owners of leases, locks of stages, and PostgreSQL's advisory locks.

A stage's lock is held by one process at a time, until it is given back, runs out, or its process is dead.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import enum
import os
import secrets
import socket
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipeline.store.schema.bookkeeping import locks
from pipeline.store.statements import insert_new, upsert

if TYPE_CHECKING:
    from pipeline.store.engine import Database


# So long a request for a lock stands that isn't made again: who waits for the lock asks several times a second.
_ASKED_SECONDS = 5.0


class AdvisoryLock(enum.IntEnum):
    """The keys of PostgreSQL's advisory locks; each is held until the end of a transaction."""

    MIGRATION = 7_263_514  # two processes that start at once: the second finds the schema up to date
    ENTITIES = 7_263_515  # transactions that change entities follow one another
    ALERTS = 7_263_519  # and so do those that change alerts
    CHANGES = 7_263_523  # and those that number changes
    SEARCHES = 7_263_524  # and those that change saved searches


def take_advisory_lock(connection: sa.Connection, key: AdvisoryLock) -> None:
    """Wait for a lock that lasts until the transaction ends; on SQLite a transaction that writes is alone anyway."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({key.value})")


def new_owner() -> str:
    """Return a name for this process as the holder of leases: host, process id, and a part that never recurs."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"


def is_dead(owner: str) -> bool:
    """Tell whether ``owner`` was a process of this host that no longer runs. Of other hosts nothing is known: False."""
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


def list_holders(connection: sa.Connection) -> set[str]:
    """Return the owners of all locks."""
    return set(connection.scalars(sa.select(locks.c.owner)))


def get_holder(connection: sa.Connection, name: str) -> str | None:
    """Return the owner of the lock ``name``, None where nobody holds it."""
    return connection.scalar(sa.select(locks.c.owner).where(locks.c.name == name))


def delete_locks(connection: sa.Connection, owners: Collection[str]) -> None:
    """Take all locks from these owners."""
    connection.execute(locks.delete().where(locks.c.owner.in_(owners)))


def keep_lock(connection: sa.Connection, name: str, owner: str, now: dt.datetime, seconds: float) -> str | None:
    """Take the lock ``name``, or keep it, until ``seconds`` from now; return its owner where that is another one."""
    until = now + dt.timedelta(seconds=seconds)
    mine = locks.update().where(locks.c.name == name, locks.c.owner == owner)
    if connection.execute(mine.values(until=until)).rowcount:
        return None
    return None if _take(connection, name, owner, now, seconds) else get_holder(connection, name)


def take_lock(connection: sa.Connection, name: str, owner: str, now: dt.datetime, seconds: float) -> bool:
    """Take the lock ``name`` for at most ``seconds``; return False where another worker holds it, or asks for it."""
    if _is_asked_for(connection, name, now):
        return False
    return _take(connection, name, owner, now, seconds)


def release_lock(connection: sa.Connection, name: str, owner: str) -> bool:
    """Give the lock ``name`` back; return whether ``owner`` still held it."""
    return connection.execute(locks.delete().where(locks.c.name == name, locks.c.owner == owner)).rowcount > 0


@contextlib.contextmanager
def hold_lock(
    database: Database, name: str, owner: str, now: dt.datetime, seconds: float, *, asks: bool = False
) -> Iterator[bool]:
    """Hold the lock ``name`` during the block; yields False where another worker holds it (then do nothing).

    Who ``asks`` for a lock that is held gets it next, before whoever takes it again and again: for some seconds, until
    he has it or ``stop_asking`` is called.
    """
    with database.write() as connection:
        is_mine = _take(connection, name, owner, now, seconds)
        if is_mine:
            connection.execute(locks.delete().where(locks.c.name == _request(name)))
        elif asks:
            until = now + dt.timedelta(seconds=_ASKED_SECONDS)
            upsert(connection, locks, [{"name": _request(name), "owner": owner, "until": until}])
    try:
        yield is_mine
    finally:
        if is_mine:
            with database.write() as connection:
                release_lock(connection, name, owner)


def stop_asking(connection: sa.Connection, name: str, owner: str) -> None:
    """Take back that ``owner`` asks for the lock ``name``."""
    release_lock(connection, _request(name), owner)


def _take(connection: sa.Connection, name: str, owner: str, now: dt.datetime, seconds: float) -> bool:
    row = {"name": name, "owner": owner, "until": now + dt.timedelta(seconds=seconds)}
    if insert_new(connection, locks, [row]):
        return True
    connection.execute(locks.delete().where(locks.c.name == name, locks.c.until < now))
    return bool(insert_new(connection, locks, [row]))


def _is_asked_for(connection: sa.Connection, name: str, now: dt.datetime) -> bool:
    asked = sa.select(locks.c.name).where(locks.c.name == _request(name), locks.c.until >= now)
    return connection.scalar(asked) is not None


def _request(name: str) -> str:
    """Return the name of the row that says that a lock is asked for."""
    return f"{name} asked for"
