"""Keep the hosts that want to be left alone, and until when.

Kept in the ledger, so that the next run leaves them alone too.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from pipeline.store.engine import Database
from pipeline.store.schema.hosts import holds
from pipeline.store.statements import upsert


class HostHolds:
    """The holds of a database, as fetch asks for them (fetch.pacing.Holds): each call is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def active_holds(self, now: dt.datetime) -> dict[str, dt.datetime]:
        """Return host → until when it is to be left alone, of those that are."""
        with self._database.read() as connection:
            return {row.host: row.until for row in connection.execute(sa.select(holds).where(holds.c.until > now))}

    def save_hold(self, host: str, until: dt.datetime) -> None:
        """Save until when ``host`` is to be left alone, in place of an earlier hold."""
        with self._database.write() as connection:
            upsert(connection, holds, [{"host": host, "until": until}])
