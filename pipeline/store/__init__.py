"""What is known and decided so far? The ledger: the truth from which the index can be rebuilt."""

from __future__ import annotations

import contextlib
import datetime as dt

import sqlalchemy as sa

from pipeline.settings import ClusterSettings, DedupeSettings
from pipeline.store.engine import Database, upsert
from pipeline.store.entity_catalog import EntityCatalog
from pipeline.store.entity_memory import EntityMemory
from pipeline.store.feeds import FeedStates
from pipeline.store.gaps import FeedGaps
from pipeline.store.holds import HostHolds
from pipeline.store.ledger import Ledger
from pipeline.store.locks import hold_lock, new_owner, release_dead
from pipeline.store.robots import StoredRobots
from pipeline.store.rows import ArticleRow, NewArticle, OutcomeRow, StageResult
from pipeline.store.schema.bookkeeping import meta
from pipeline.store.sketch_index import SketchIndex
from pipeline.store.story_catalog import StoryCatalog
from pipeline.store.story_index import StoryIndex
from pipeline.store.subscriptions import Subscriptions
from pipeline.store.unwanted import PendingRemovals
from pipeline.store.visits import PageVisits

__all__ = ["ArticleRow", "Ledger", "NewArticle", "OutcomeRow", "StageResult", "Store"]


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
        self.gaps = FeedGaps(self.database)
        self.robots = StoredRobots(self.database)
        self.entities = EntityCatalog(self.database)
        self.story_catalog = StoryCatalog(self.database)
        self.holds = HostHolds(self.database)
        self.visits = PageVisits(self.database)
        self.subscriptions = Subscriptions(self.database)
        self.pending_removals = PendingRemovals(self.database)
        release_dead(self.database)

    def close(self) -> None:
        """Give back all connections."""
        self.database.close()

    def write(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """A transaction that writes: committed at the end, rolled back on an error."""
        return self.database.write()

    def lock(self, name: str, now: dt.datetime, seconds: float) -> contextlib.AbstractContextManager[bool]:
        """Hold the lock ``name`` for at most ``seconds``; False where another worker holds it."""
        return hold_lock(self.database, name, self.owner, now, seconds)

    def sketch_index(self, settings: DedupeSettings) -> SketchIndex:
        """What dedupe remembers."""
        return SketchIndex(self.database.engine, settings)

    def story_index(self, settings: ClusterSettings) -> StoryIndex:
        """What cluster remembers."""
        return StoryIndex(self.database.engine, settings)

    def entity_memory(self, connection: sa.Connection) -> EntityMemory:
        """What enrich remembers, for a transaction that writes."""
        return EntityMemory(connection)

    def save_value(self, connection: sa.Connection, name: str, value: str) -> None:
        """Remember a value under a name."""
        upsert(connection, meta, [{"name": name, "value": value}])

    def load_value(self, name: str) -> str | None:
        """Return the value that was remembered under ``name``."""
        with self.database.read() as connection:
            return connection.scalar(sa.select(meta.c.value).where(meta.c.name == name))
