"""Keep what each host's robots.txt said.

An answer holds for a day, so that not every run asks again.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from pipeline.feed_records import RobotsFile
from pipeline.store.engine import Database
from pipeline.store.schema.hosts import robots
from pipeline.store.statements import upsert

# RFC 9309, section 2.4: a cached version should not be used for more than 24 hours
_MAX_AGE = dt.timedelta(hours=24)


class StoredRobots:
    """robots.txt files, as fetch asks for them (fetch.robots.RobotsCache): each call is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, host: str, now: dt.datetime) -> RobotsFile | None:
        """Return what ``host`` said within the last day."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(robots).where(robots.c.host == host)).first()
        if row is None or row.fetched + _MAX_AGE < now:
            return None
        return RobotsFile(host=row.host, status=row.status, body=row.body, fetched=row.fetched)

    def save(self, file: RobotsFile) -> None:
        """Save what a host said."""
        row = {"host": file.host, "status": file.status, "body": file.body, "fetched": file.fetched}
        with self._database.write() as connection:
            upsert(connection, robots, [row])
