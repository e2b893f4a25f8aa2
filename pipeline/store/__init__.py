"""What is known and decided so far? The ledger: the truth from which the index can be rebuilt."""

from __future__ import annotations

import contextlib
import datetime as dt

import sqlalchemy as sa

from pipeline.settings import Cluster, Dedupe
from pipeline.store.copies import StoredCopies
from pipeline.store.engine import Database, upsert
from pipeline.store.entities import Entities
from pipeline.store.feeds import FeedStates
from pipeline.store.gaps import Gaps
from pipeline.store.holds import StoredHolds
from pipeline.store.ledger import Ledger
from pipeline.store.lines import Arrival, Happened, Item, Result
from pipeline.store.locks import held, new_owner, reap
from pipeline.store.names import StoredNames
from pipeline.store.robots import StoredRobots
from pipeline.store.schema import meta
from pipeline.store.stories import StoredStories
from pipeline.store.storybook import Storybook
from pipeline.store.subscriptions import Subscriptions
from pipeline.store.unwanted import Unwanted
from pipeline.store.visits import Visits

__all__ = ["Arrival", "Happened", "Item", "Ledger", "Result", "Store"]


class Store:
    """The ledger at ``url`` (SQLAlchemy address of a SQLite or PostgreSQL database), its schema up to date.

    Raises StoreError where it can't be used, StoreVersionError where a newer newswire wrote it.
    """

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        try:
            self.database.migrate()
        except BaseException:
            self.database.close()
            raise
        self.owner = new_owner()
        self.ledger = Ledger(self.database, self.owner)
        self.feeds = FeedStates(self.database, self.owner)
        self.gaps = Gaps(self.database)
        self.robots = StoredRobots(self.database)
        self.entities = Entities(self.database)
        self.storybook = Storybook(self.database)
        self.holds = StoredHolds(self.database)
        self.visits = Visits(self.database)
        self.subscriptions = Subscriptions(self.database)
        self.unwanted = Unwanted(self.database)
        reap(self.database)

    def close(self) -> None:
        """Give back all connections."""
        self.database.close()

    def write(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """A transaction that writes: committed at the end, rolled back on an error."""
        return self.database.write()

    def lock(self, name: str, now: dt.datetime, seconds: float) -> contextlib.AbstractContextManager[bool]:
        """Hold the lock ``name`` for at most ``seconds``; False where another worker holds it."""
        return held(self.database, name, self.owner, now, seconds)

    def copies(self, settings: Dedupe) -> StoredCopies:
        """What dedupe remembers."""
        return StoredCopies(self.database.engine, settings)

    def stories(self, settings: Cluster) -> StoredStories:
        """What cluster remembers."""
        return StoredStories(self.database.engine, settings)

    def names(self, connection: sa.Connection) -> StoredNames:
        """What enrich remembers, for a transaction that writes."""
        return StoredNames(connection)

    def note(self, connection: sa.Connection, name: str, value: str) -> None:
        """Remember a value under a name."""
        upsert(connection, meta, [{"name": name, "value": value}])

    def noted(self, name: str) -> str | None:
        """Return the value that was remembered under ``name``."""
        with self.database.read() as connection:
            return connection.scalar(sa.select(meta.c.value).where(meta.c.name == name))
