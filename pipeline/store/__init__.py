"""Keep the ledger: the truth of what is known and decided so far; the index can be rebuilt from it.

Everybody else imports this package alone. ``Store`` opens a ledger; its attributes are repositories, each the only one
that writes its tables (see ``store.schema``). A repository's methods take the connection of a transaction that the
caller has opened by ``Store.read`` or ``Store.write``. The few that take none run transactions of their own, one after
the other: their docstrings say so.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterable

import sqlalchemy as sa

from pipeline.settings import ClusterSettings, DedupeSettings
from pipeline.store import article_state
from pipeline.store.admin import Admin, Failure, Selection, StageCount
from pipeline.store.article_history import ArticleHistory
from pipeline.store.copy_groups import CopyGroups
from pipeline.store.decisions import Decisions, UnreadableDecision
from pipeline.store.engine import Database
from pipeline.store.entity_catalog import EntityCatalog, EntityRow, SurfaceFormRow
from pipeline.store.entity_memory import EntityMemory
from pipeline.store.feeds import FeedStates
from pipeline.store.gaps import FeedGaps
from pipeline.store.holds import HostHolds
from pipeline.store.ledger import Ledger
from pipeline.store.locks import delete_locks, hold_lock, is_dead, list_holders, new_owner
from pipeline.store.named_values import NamedValues
from pipeline.store.outbox import ArticlesToReassign, ArticleToReassign, GroupsToSettle, PendingRemovals
from pipeline.store.robots import StoredRobots
from pipeline.store.rows import (
    DROPPED,
    PENDING,
    QUARANTINED,
    REMOVED,
    ArticleRow,
    CopyPin,
    GroupMember,
    NewArticle,
    OutcomeRow,
    StageResult,
)
from pipeline.store.site_profiles import SiteAlarms, SiteProfiles
from pipeline.store.sketch_index import SketchIndex
from pipeline.store.story_catalog import StoredStory, StoryCatalog, StoryListing
from pipeline.store.story_index import StoryIndex
from pipeline.store.subscriptions import Push, Subscription, Subscriptions
from pipeline.store.visits import PageVisits

__all__ = [
    "DROPPED",
    "PENDING",
    "QUARANTINED",
    "REMOVED",
    "ArticleRow",
    "ArticleToReassign",
    "CopyPin",
    "EntityRow",
    "Failure",
    "GroupMember",
    "Ledger",
    "NewArticle",
    "OutcomeRow",
    "Push",
    "Selection",
    "SiteProfiles",
    "SketchIndex",
    "StageCount",
    "StageResult",
    "Store",
    "StoredStory",
    "StoryIndex",
    "StoryListing",
    "Subscription",
    "SurfaceFormRow",
    "UnreadableDecision",
]


class Store:
    """The ledger at ``url`` (SQLAlchemy address of a SQLite or PostgreSQL database), its schema up to date.

    Raises:
        StoreError: It can't be used.
        StoreVersionError: A newer newswire wrote it.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        try:
            self._database.migrate()
        except BaseException:
            self._database.close()
            raise
        self.owner = new_owner()
        self.values = NamedValues()
        self.pending_removals = PendingRemovals(self._database)
        self.groups_to_settle = GroupsToSettle()
        self.articles_to_reassign = ArticlesToReassign()
        self.ledger = Ledger(self.owner, self.pending_removals, self.groups_to_settle)
        self.article_history = ArticleHistory()
        self.visits = PageVisits(self._database)
        self.copy_groups = CopyGroups()
        self.story_catalog = StoryCatalog()
        self.entities = EntityCatalog()
        self.decisions = Decisions()
        self.site_alarms = SiteAlarms()
        self.feeds = FeedStates(self._database, self.owner)
        self.gaps = FeedGaps()
        self.subscriptions = Subscriptions(self._database)
        self.robots = StoredRobots(self._database)
        self.holds = HostHolds(self._database)
        self.admin = Admin(self._database, self.pending_removals)
        self._release_dead_owners()

    @property
    def address(self) -> str:
        """Return where the ledger is, without its password."""
        return self._database.address

    @property
    def engine(self) -> sa.Engine:
        """Return what opens connections, for the memories of a batch."""
        return self._database.engine

    def close(self) -> None:
        """Give back all connections."""
        self._database.close()

    def read(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """Open a transaction that only reads."""
        return self._database.read()

    def write(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """Open a transaction that writes: committed at the end, rolled back on an error."""
        return self._database.write()

    def lock(self, name: str, now: dt.datetime, seconds: float) -> contextlib.AbstractContextManager[bool]:
        """Hold the lock ``name`` for at most ``seconds``; False where another worker holds it."""
        return hold_lock(self._database, name, self.owner, now, seconds)

    def sketch_index(self, settings: DedupeSettings) -> SketchIndex:
        """Return what dedupe remembers, for one batch."""
        return SketchIndex(self._database.engine, settings)

    def story_index(self, settings: ClusterSettings) -> StoryIndex:
        """Return what cluster remembers, for one batch."""
        return StoryIndex(self._database.engine, settings)

    def entity_memory(self, connection: sa.Connection) -> EntityMemory:
        """Return what enrich remembers, for a transaction that writes."""
        return EntityMemory(connection)

    def site_profiles(self, connection: sa.Connection, names: Iterable[str], now: dt.datetime) -> SiteProfiles:
        """Return what extract remembers of the sites ``names``, for a transaction that writes."""
        return SiteProfiles(connection, names, now)

    def _release_dead_owners(self) -> None:
        """End the leases and locks of processes of this host that were killed, so that nobody waits for them."""
        with self.read() as connection:
            owners = article_state.list_lease_owners(connection) | self.feeds.list_lease_owners(connection)
            owners |= list_holders(connection)
        dead = [owner for owner in owners if is_dead(owner)]
        if dead:
            with self.write() as connection:
                article_state.release_owners(connection, dead)
                self.feeds.release_owners(connection, dead)
                delete_locks(connection, dead)
