"""Tell programs that something waits for a stage now, and hear it from others.

What a transaction announces is heard when it commits, and not at all where it is rolled back: in this program by a
call, in others by PostgreSQL's notifications. On SQLite a number says whether another connection has committed.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterable

import psycopg
import sqlalchemy as sa

from pipeline.records import Stage

_CHANNEL = "newswire"
_SENDER = "newswire_sender"  # the key under which a connection's info holds what its notifications are signed with
_ANNOUNCED = "newswire_announced"  # the key of what was announced in the transaction that is open
_LONGEST_PAUSE = 30.0  # seconds between two attempts to reach a server that is away
_CONNECT_SECONDS = 10


def new_sender() -> str:
    """Return a name for one opened ledger, with which its notifications are signed."""
    return secrets.token_hex(4)


def sign_connection(info: dict[object, object], sender: str) -> None:
    """Let the notifications of a connection, whose ``info`` this is, be signed with ``sender``."""
    info[_SENDER] = sender


def announce(connection: sa.Connection, stages: Iterable[Stage]) -> None:
    """Say, when the transaction commits, that something waits for ``stages``."""
    announced = set(stages)
    connection.info.setdefault(_ANNOUNCED, set()).update(announced)
    if announced and connection.dialect.name != "sqlite":
        messages = [f"{stage} {connection.info.get(_SENDER, '')}" for stage in sorted(announced)]
        notify = sa.select(sa.func.pg_notify(_CHANNEL, sa.func.unnest(sa.cast(messages, sa.ARRAY(sa.Text)))))
        connection.execute(notify)


def take_announced(connection: sa.Connection) -> frozenset[Stage]:
    """Return what was announced on a connection, and forget it."""
    announced: set[Stage] = connection.info.pop(_ANNOUNCED, set())
    return frozenset(announced)


class CommitWatch:
    """A connection to a SQLite ledger that tells whether any other connection has committed since it last looked."""

    def __init__(self, engine: sa.Engine) -> None:
        self._connection = engine.raw_connection()
        self._connection.detach()  # from the pool: it is held as long as the program runs
        self._seen = self._data_version()

    def has_changed(self) -> bool:
        """Tell whether another connection has committed since the last call; takes a few microseconds."""
        seen, self._seen = self._seen, self._data_version()
        return seen != self._seen

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _data_version(self) -> int:
        cursor = self._connection.cursor()
        try:
            cursor.execute("PRAGMA data_version")
            row: tuple[int] = cursor.fetchone()  # type: ignore[assignment]  # a pragma has one row
            return row[0]
        finally:
            cursor.close()


class NotificationListener:
    """What listens on a connection of its own for notifications that other programs send.

    Args:
        url: of a PostgreSQL ledger.
        sender: what our own notifications are signed with; they are passed over.
    """

    def __init__(self, url: sa.URL, sender: str) -> None:
        self._address = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._sender = sender

    async def listen(
        self, wake: Callable[[Collection[Stage]], None], sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        """Call ``wake`` with the stages that others announce, until cancelled; reconnect after an outage.

        After each connection all stages are woken: what was announced meanwhile was not heard.
        """
        pause = 1.0
        while True:
            with contextlib.suppress(psycopg.Error, OSError):
                async with await psycopg.AsyncConnection.connect(
                    self._address, autocommit=True, connect_timeout=_CONNECT_SECONDS, keepalives_idle=30
                ) as connection:
                    await connection.execute(f"LISTEN {_CHANNEL}")
                    wake(tuple(Stage))
                    pause = 1.0
                    async for notification in connection.notifies():
                        stage, _, sender = notification.payload.partition(" ")
                        if sender != self._sender and stage in set(Stage):
                            wake((Stage(stage),))
            await sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
