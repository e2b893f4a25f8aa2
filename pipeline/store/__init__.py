"""Keep the ledger: the truth of what is known and decided so far; the index can be rebuilt from it.

Everybody else imports this package alone. ``Store`` opens a ledger; its attributes are repositories, each the only one
that writes its tables (see ``store.schema``). A repository's methods take the connection of a transaction that the
caller has opened by ``Store.read`` or ``Store.write``. The few that take none run transactions of their own, one after
the other: their docstrings say so.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

import sqlalchemy as sa

from pipeline.records import Stage
from pipeline.settings import ClusterSettings, DedupeSettings
from pipeline.store import article_state
from pipeline.store.admin import Admin, Failure, StageCount
from pipeline.store.alerts import Alerts
from pipeline.store.api_keys import ApiKeyRow, ApiKeys, hash_key
from pipeline.store.article_history import ArticleHistory
from pipeline.store.article_state import stage_after
from pipeline.store.audit import (
    LEDGER_CHECKS,
    DocumentStanding,
    LedgerCheck,
    Shown,
    hash_text,
    iter_blobs,
    iter_document_standings,
    list_unwanted_blobs,
)
from pipeline.store.changes import Changes
from pipeline.store.copy_groups import CopyGroups
from pipeline.store.decisions import Decisions, UnreadableDecision
from pipeline.store.deliveries import Deliveries
from pipeline.store.engine import Database
from pipeline.store.entity_catalog import EntityCatalog, EntityRow, SurfaceFormRow
from pipeline.store.entity_memory import EntityMemory
from pipeline.store.feeds import FeedStates
from pipeline.store.file_imports import FileImport, FileImports
from pipeline.store.frequency_memory import FrequencyMemory
from pipeline.store.gaps import FeedGaps
from pipeline.store.hosts import Hosts, WaitingHost
from pipeline.store.inverted_index import first_day_of_window
from pipeline.store.ledger import Ledger, is_held
from pipeline.store.ledger_dump import TableLayout, list_tables, read_table
from pipeline.store.ledger_restore import LedgerRestore
from pipeline.store.locks import (
    delete_locks,
    hold_lock,
    is_dead,
    keep_lock,
    list_holders,
    new_owner,
    release_lock,
    stop_asking,
    take_lock,
)
from pipeline.store.named_values import INDEX_IDENTITY, NamedValues
from pipeline.store.outbox import ArticlesToReassign, ArticleToReassign, GroupsToSettle, PendingRemovals
from pipeline.store.outcome_reader import OutcomeCursor, OutcomeLine, OutcomeReader
from pipeline.store.programs import Programs
from pipeline.store.queues import Queues
from pipeline.store.replays import Replay, ReplayCounts, ReplayedArticle, Replays, ReplayState
from pipeline.store.robots import StoredRobots
from pipeline.store.rows import (
    DROPPED,
    PENDING,
    QUARANTINED,
    REMOVED,
    WITHDRAWN,
    ArticleRow,
    CopyPin,
    EmbargoCount,
    GroupMember,
    NewArticle,
    OutcomeRow,
    StageResult,
)
from pipeline.store.runs import RunArticle, RunHost, Runs
from pipeline.store.samples import Samples
from pipeline.store.saved_searches import SavedSearches
from pipeline.store.schema import SCHEMA
from pipeline.store.selections import Selection
from pipeline.store.site_cache import SiteCache
from pipeline.store.site_profiles import SiteAlarms, SiteProfiles
from pipeline.store.site_readings import SiteReadings, StoredReading
from pipeline.store.sketch_index import SketchIndex
from pipeline.store.source_days import SourceDays
from pipeline.store.story_catalog import StoredStory, StoryCatalog, StoryListing
from pipeline.store.story_index import StoryIndex
from pipeline.store.subscriptions import Push, PushResult, Subscription, Subscriptions
from pipeline.store.visits import PageVisits
from pipeline.store.voter_memory import VoterMemory, count_languages
from pipeline.store.waiting import Arrivals, count_arrivals, find_waiting
from pipeline.store.wakeups import CommitWatch, NotificationListener
from pipeline.store.wire_items import WireItems
from pipeline.store.withdrawal_notices import StoredNotice, WithdrawalNotices
from pipeline.urls import KEY_VERSION

__all__ = [
    "DROPPED",
    "INDEX_IDENTITY",
    "LEDGER_CHECKS",
    "PENDING",
    "QUARANTINED",
    "REMOVED",
    "SCHEMA",
    "WITHDRAWN",
    "ApiKeyRow",
    "Arrivals",
    "ArticleRow",
    "ArticleToReassign",
    "CommitWatch",
    "CopyPin",
    "DocumentStanding",
    "EmbargoCount",
    "EntityRow",
    "Failure",
    "FileImport",
    "GroupMember",
    "Ledger",
    "LedgerCheck",
    "LedgerRestore",
    "NewArticle",
    "NotificationListener",
    "OutcomeCursor",
    "OutcomeLine",
    "OutcomeRow",
    "Push",
    "PushResult",
    "Replay",
    "ReplayCounts",
    "ReplayState",
    "ReplayedArticle",
    "RunArticle",
    "RunHost",
    "Selection",
    "Shown",
    "SiteProfiles",
    "SketchIndex",
    "StageCount",
    "StageResult",
    "Store",
    "StoredNotice",
    "StoredReading",
    "StoredStory",
    "StoryIndex",
    "StoryListing",
    "Subscription",
    "SurfaceFormRow",
    "TableLayout",
    "UnreadableDecision",
    "WaitingHost",
    "hash_key",
    "hash_text",
    "is_held",
    "iter_blobs",
    "iter_document_standings",
    "list_tables",
    "list_unwanted_blobs",
    "read_table",
    "stage_after",
]

_KEY_VERSION_NAME = "address keys"  # under which the ledger notes by which form of keys it knows all articles


class Store:
    """The ledger at ``url`` (SQLAlchemy address of a SQLite or PostgreSQL database), its schema up to date.

    With ``read_only`` it is left as it is: no migration, and leases of dead processes stay.

    Raises:
        StoreError: It can't be used.
        StoreVersionError: A newer newswire wrote it.
    """

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        self._database = Database(url, read_only=read_only)
        try:
            if read_only:
                self._database.assert_current()
            else:
                self._database.migrate()
        except BaseException:
            self._database.close()
            raise
        self.owner = new_owner()
        self._frequency_memory = FrequencyMemory(self._database.read)
        self._voter_memory = VoterMemory(self._database.read)
        self.values = NamedValues()
        self.pending_removals = PendingRemovals(self._database)
        self.groups_to_settle = GroupsToSettle()
        self.articles_to_reassign = ArticlesToReassign()
        self.ledger = Ledger(self.owner, self.pending_removals, self.groups_to_settle)
        self.article_history = ArticleHistory()
        self.visits = PageVisits(self._database)
        self.wire_items = WireItems()
        self.withdrawal_notices = WithdrawalNotices()
        self.copy_groups = CopyGroups()
        self.story_catalog = StoryCatalog()
        self.entities = EntityCatalog()
        self.decisions = Decisions()
        self.site_alarms = SiteAlarms()
        self.site_readings = SiteReadings()
        self._site_cache = SiteCache()
        self.feeds = FeedStates(self._database, self.owner)
        self.gaps = FeedGaps()
        self.source_days = SourceDays()
        self.subscriptions = Subscriptions(self._database)
        self.robots = StoredRobots(self._database)
        self.hosts = Hosts(self._database, self.owner)
        self.programs = Programs(self._database)
        self.runs = Runs()
        self.samples = Samples()
        self.outcome_reader = OutcomeReader()
        self.imports = FileImports()
        self.queues = Queues()
        self.replays = Replays()
        self.alerts = Alerts()
        self.deliveries = Deliveries()
        self.changes = Changes(self._database)
        self.api_keys = ApiKeys()
        self.saved_searches = SavedSearches()
        self.admin = Admin(self._database, self.pending_removals)
        if not read_only:
            self.release_dead_owners()
            self._add_new_keys()

    def _add_new_keys(self) -> None:
        """Bring the keys of addresses up to date, once after an update of the program."""
        version = str(KEY_VERSION)
        with self.read() as connection:
            if self.values.get(connection, _KEY_VERSION_NAME) == version:
                return
        with self.write() as connection:
            self.feeds.rename_seen(connection, self.ledger.add_new_keys(connection))
            self.values.save(connection, _KEY_VERSION_NAME, version)

    @property
    def commits(self) -> int:
        """Return how many transactions of this program have been committed."""
        return self._database.commits

    @property
    def address(self) -> str:
        """Return where the ledger is, without its password."""
        return self._database.address

    def size_bytes(self) -> int:
        """Return how much room the ledger takes; reads in a transaction of its own."""
        return self._database.size_bytes()

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

    def snapshot(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """Open a transaction that only reads, and sees one state of the ledger until it ends."""
        return self._database.snapshot()

    def write(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """Open a transaction that writes: committed at the end, rolled back on an error."""
        return self._database.write()

    def lock(
        self, name: str, now: dt.datetime, seconds: float, *, asks: bool = False
    ) -> contextlib.AbstractContextManager[bool]:
        """Hold the lock ``name`` for at most ``seconds``; False where another worker holds it.

        Who ``asks`` gets it next, unless he calls ``stop_asking``; nobody else takes it meanwhile.
        """
        return hold_lock(self._database, name, self.owner, now, seconds, asks=asks)

    def stop_asking(self, name: str) -> None:
        """Take back that this process asks for the lock ``name``."""
        with self.write() as connection:
            stop_asking(connection, name, self.owner)

    def take_lock(self, connection: sa.Connection, name: str, now: dt.datetime, seconds: float) -> bool:
        """Take the lock ``name`` with what else a transaction does; False where another worker has it or asks for it.

        It lasts until ``release_lock`` gives it back, at most ``seconds``.
        """
        return take_lock(connection, name, self.owner, now, seconds)

    def release_lock(self, connection: sa.Connection, name: str) -> bool:
        """Give the lock ``name`` back with what else a transaction does; return whether this process still held it."""
        return release_lock(connection, name, self.owner)

    def keep_lock(self, name: str, now: dt.datetime, seconds: float) -> str | None:
        """Take the lock ``name``, or keep it, for ``seconds`` from now; return its owner where that is another one.

        Runs a transaction of its own.
        """
        with self.write() as connection:
            return keep_lock(connection, name, self.owner, now, seconds)

    @property
    def takes_one_follower(self) -> bool:
        """Tell whether one program at a time may follow it: SQLite has one writer, and no way to wake another one."""
        return self._database.is_sqlite

    @contextlib.contextmanager
    def hearing(self, hear: Callable[[frozenset[Stage]], None]) -> Iterator[None]:
        """Call ``hear`` during the block with the stages for which something waits since a transaction of ours.

        It is called on the thread that committed.
        """
        before, self._database.hear = self._database.hear, hear
        try:
            yield
        finally:
            self._database.hear = before

    def watch_commits(self) -> CommitWatch:
        """Return what tells whether another connection has committed; of a ledger that takes one follower."""
        return self._database.watch_commits()

    def listener(self) -> NotificationListener:
        """Return what hears the notifications of other programs; of a ledger that takes several followers."""
        return self._database.listener()

    def sketch_index(self, settings: DedupeSettings) -> SketchIndex:
        """Return what dedupe remembers, for one batch."""
        return SketchIndex(self._database.read, self._frequency_memory, settings)

    def story_index(self, settings: ClusterSettings) -> StoryIndex:
        """Return what cluster remembers, for one batch."""
        return StoryIndex(self._database.read, self._frequency_memory, self._voter_memory, settings)

    def count_languages(self, connection: sa.Connection, at: dt.datetime, settings: ClusterSettings) -> Counter[str]:
        """Return how many articles of each language cluster has placed within the window that ends at ``at``."""
        return count_languages(connection, first_day_of_window(at, settings.window_days))

    def entity_memory(self, connection: sa.Connection) -> EntityMemory:
        """Return what enrich remembers, for a transaction that writes."""
        return EntityMemory(connection)

    def site_profiles(self, connection: sa.Connection, names: Iterable[str], now: dt.datetime) -> SiteProfiles:
        """Return what extract remembers of the sites ``names``, for a transaction that writes."""
        return SiteProfiles(connection, names, now, self._site_cache)

    def find_waiting(self, stages: Collection[Stage], now: dt.datetime, sources: Sequence[str] = ()) -> set[Stage]:
        """Return those of ``stages`` for which something waits at ``now``; reads in a transaction of its own."""
        with self.read() as connection:
            return find_waiting(connection, self.ledger, stages, now, sources)

    def count_arrivals(self, now: dt.datetime) -> Arrivals:
        """Return what waits at ``now`` for a run that nobody has at hand; reads in a transaction of its own."""
        with self.read() as connection:
            return count_arrivals(connection, self.hosts, now)

    def settle_clock(self, now: dt.datetime, before: dt.datetime) -> None:
        """Let nothing wait for hours that a clock took back: it stands at ``now``, and stood at ``before``."""
        with self.write() as connection:
            article_state.settle_clock(connection, now, before)
            self.feeds.settle_clock(connection, now, before)

    def release_dead_owners(self) -> bool:
        """End the leases and locks of processes of this host that were killed, so that nobody waits for them.

        Return whether there were any. Reads in one transaction, and ends leases in another one where any are to end.
        """
        with self.read() as connection:
            owners = article_state.list_lease_owners(connection) | self.feeds.list_lease_owners(connection)
            owners |= self.hosts.list_lease_owners(connection) | list_holders(connection)
        dead = [owner for owner in owners if is_dead(owner)]
        if dead:
            with self.write() as connection:
                article_state.release_owners(connection, dead)
                self.feeds.release_owners(connection, dead)
                self.hosts.release_owners(connection, dead)
                delete_locks(connection, dead)
        return bool(dead)
