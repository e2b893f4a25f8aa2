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
from pipeline.store.statements import insert_new

if TYPE_CHECKING:
    from pipeline.store.engine import Database


class AdvisoryLock(enum.IntEnum):
    """The keys of PostgreSQL's advisory locks; each is held until the end of a transaction."""

    MIGRATION = 7_263_514  # two processes that start at once: the second finds the schema up to date
    ENTITIES = 7_263_515  # transactions that change entities follow one another


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


@contextlib.contextmanager
def hold_lock(database: Database, name: str, owner: str, now: dt.datetime, seconds: float) -> Iterator[bool]:
    """Hold the lock ``name`` during the block; yields False where another worker holds it (then do nothing)."""
    with database.write() as connection:
        connection.execute(locks.delete().where(locks.c.name == name, locks.c.until < now))
        row = {"name": name, "owner": owner, "until": now + dt.timedelta(seconds=seconds)}
        is_mine = insert_new(connection, locks, [row])
    try:
        yield bool(is_mine)
    finally:
        if is_mine:
            with database.write() as connection:
                connection.execute(locks.delete().where(locks.c.name == name, locks.c.owner == owner))
