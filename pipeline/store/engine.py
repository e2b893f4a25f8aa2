"""Open the ledger's database, bring it up to date, and read and write it through transactions.

Every transaction that writes goes through ``Database.write``: on SQLite it takes the write lock when it begins, since a
transaction that turns from reading to writing fails at once where another writer is at work. The threads of a process
take turns at it, and write through one connection, whose page cache so stays valid: each commit through another one
empties it. Readers have connections of their own, and wait for nobody.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipeline.errors import StoreError, StoreVersionError
from pipeline.records import Stage
from pipeline.store.fair_lock import FairLock
from pipeline.store.locks import AdvisoryLock, take_advisory_lock
from pipeline.store.schema import SCHEMA
from pipeline.store.wakeups import CommitWatch, NotificationListener, new_sender, sign_connection, take_announced

if TYPE_CHECKING:
    import alembic.config

# How long a writer waits for another one before it gives up; batches hold the write lock for well under a second.
_BUSY_SECONDS = 60
_TELL_SECONDS = 5  # after which a writer that waits for another program says so
# SQLite moves what was written from its log into the database whenever 4 MB are there, but begins the log anew only
# when nobody reads from it: under readers that come and go it would grow without end. Beyond this size the writer waits
# for those who read now, and for a second at most.
_LOG_BYTES = 64 << 20
_LOG_SECONDS = 1.0
_WRITER_CACHE, _READER_CACHE = 32_768, 16_384  # KiB; with SQLite's own 2,000 dedupe takes a tenth longer

# The schema of a ledger that is being filled from a backup: no version of newswire takes it for one that it knows.
RESTORING = "being restored"

# Opens a transaction that only reads: ``Database.read``.
ReadOpener = Callable[[], contextlib.AbstractContextManager[sa.Connection]]

_log = logging.getLogger(__name__)


class Database:
    """The SQLite or PostgreSQL database at ``url`` (an address as SQLAlchemy takes it).

    Args:
        url: SQLAlchemy's address of it.
        read_only: whether every transaction is refused that would change anything.

    Raises:
        StoreError: The address names no such database, or its folder can't be made.
    """

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        # takes the stages for which something waits, when the transaction that announced it has committed
        self.hear: Callable[[frozenset[Stage]], None] = lambda _: None
        try:
            self.url = sa.make_url(url)
            if self.url.drivername == "postgresql":
                self.url = self.url.set(drivername="postgresql+psycopg")
            if self.url.get_backend_name() not in {"sqlite", "postgresql"}:
                raise StoreError(
                    f"NEWSWIRE_STORE_URL: {self.address}: newswire keeps its ledger in sqlite or postgresql"
                )
            self._sender = new_sender()
            if self.is_sqlite:
                self.engine = _sqlite_engine(self.url, read_only=read_only)
            else:
                self.engine = _postgres_engine(self.url, self._sender, read_only=read_only)
            writes_apart = self._has_file and not read_only
            self._writer = _sqlite_engine(self.url, writes=True) if writes_apart else self.engine
        except sa.exc.ArgumentError as error:
            raise StoreError(f"NEWSWIRE_STORE_URL: not a database address: {error}") from error
        except (sa.exc.NoSuchModuleError, ImportError) as error:
            raise StoreError(f"NEWSWIRE_STORE_URL: {self.address}: no driver: {error}") from error
        self._turn = FairLock()
        self.commits = 0  # transactions of this program that were committed
        self._longest_log = _LOG_BYTES

    @property
    def _has_file(self) -> bool:
        return self.is_sqlite and self.url.database not in {None, "", ":memory:"}

    @property
    def is_sqlite(self) -> bool:
        """Tell whether this is the embedded ledger."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def address(self) -> str:
        """Return the database's address, without its password."""
        return self.url.render_as_string(hide_password=True)

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()
        self._writer.dispose()

    def size_bytes(self) -> int:
        """Return how much room the database takes, its log included.

        Raises:
            StoreError: The database can't be used.
        """
        if self.is_sqlite:
            files = (Path(f"{self.url.database}{end}") for end in ("", "-wal"))
            return sum(file.stat().st_size for file in files if file.is_file())
        with self.read() as connection:
            return connection.scalar(sa.text("SELECT pg_database_size(current_database())")) or 0

    def watch_commits(self) -> CommitWatch:
        """Return what tells whether another connection has committed; of a SQLite ledger.

        Raises:
            StoreError: The database can't be used.
        """
        with self._wrapped():
            return CommitWatch(self.engine)

    def listener(self) -> NotificationListener:
        """Return what hears the notifications of other programs; of a PostgreSQL ledger."""
        return NotificationListener(self.url, self._sender)

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a transaction that only reads.

        Raises:
            StoreError: The database can't be used.
        """
        with self._wrapped(), self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """Open a transaction that only reads, and sees one state of the ledger until it ends.

        Raises:
            StoreError: The database can't be used.
        """
        with self._wrapped(), self.engine.connect() as connection:
            if not self.is_sqlite:  # whose transactions see one state anyhow
                connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Open a transaction that writes: committed at the end, rolled back on an error.

        Raises:
            StoreError: The database can't be used.
        """
        with self._wrapped(), self._writing_alone(), self._writer.connect() as connection:
            connection = connection.execution_options(newswire_write=True)  # noqa: PLW2901
            take_announced(connection)  # of a transaction before that was rolled back
            with connection.begin():
                yield connection
            self.commits += 1
            announced = take_announced(connection)
            if self._has_file:
                self._shorten_log(connection)
        if announced:
            self.hear(announced)

    @contextlib.contextmanager
    def _writing_alone(self) -> Iterator[None]:
        """Wait for the other threads that write; on PostgreSQL they needn't be waited for.

        Threads that wait in SQLite itself look again every tenth of a second, in no order.
        """
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(_BUSY_SECONDS):
            raise StoreError(f"ledger {self.address}: another thread has been writing for {_BUSY_SECONDS} s")
        try:
            yield
        finally:
            self._turn.release()

    def _shorten_log(self, connection: sa.Connection) -> None:
        """Have SQLite begin its log anew where that has grown long because somebody was always reading from it."""
        log = Path(f"{self.url.database}-wal")
        size = log.stat().st_size if log.exists() else 0
        if size <= self._longest_log:
            return
        driver = connection.connection.driver_connection
        if driver is None:
            return
        try:
            driver.execute(f"PRAGMA busy_timeout = {round(1000 * _LOG_SECONDS)}")
            is_busy = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            driver.execute(f"PRAGMA busy_timeout = {1000 * _TELL_SECONDS}")
        except sqlite3.Error as error:  # the disk is full, say: what was to be written is in the log and stays there
            _log.info("ledger %s: its log of %d MB can't be shortened: %s", self.address, size >> 20, error)
            is_busy = True
        # somebody who reads for long isn't waited for again and again
        self._longest_log = 2 * size if is_busy else _LOG_BYTES

    @contextlib.contextmanager
    def _wrapped(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.IntegrityError:
            raise  # a fault of ours: shown whole
        except sa.exc.DBAPIError as error:
            raise StoreError(f"ledger {self.address}: {str(error.orig).strip()}") from error

    def assert_current(self) -> None:
        """Make sure that the ledger is there, and that its schema is this version's.

        Raises:
            StoreError: It isn't.
        """
        if self.is_sqlite and not Path(self.url.database or "").is_file():
            raise StoreError(f"ledger {self.address}: there is none yet; newswire run makes it")
        with self.read() as connection:
            current = _version(connection)
        self._refuse_unfinished(current)
        if current != SCHEMA:
            raise StoreError(
                f"ledger {self.address}: its schema is {current!r}, that of this newswire {SCHEMA!r}; "
                "newswire status brings an older one up to date"
            )

    def migrate(self, schema: str = "head") -> None:
        """Bring the schema up to date, or to an older one that ``schema`` names.

        Raises:
            StoreError: The ledger is being restored.
            StoreVersionError: A newer newswire wrote the ledger.
        """
        with self.read() as connection:
            current = _version(connection)
        if current == (SCHEMA if schema == "head" else schema):
            return
        # imported here alone: it takes half a second, and there is seldom anything to do
        import alembic.command  # noqa: PLC0415

        self._refuse_unfinished(current)
        config = self._migrations()
        self._refuse_unknown(current, config)
        with self.write() as connection:
            take_advisory_lock(connection, AdvisoryLock.MIGRATION)
            config.attributes["connection"] = connection
            alembic.command.upgrade(config, schema)

    def assert_known_schema(self, schema: str | None = None) -> None:
        """Make sure that this newswire knows the schema of the ledger, or the one that ``schema`` names.

        Raises:
            StoreVersionError: It is a newer newswire's.
        """
        if schema is None:
            with self.read() as connection:
                schema = _version(connection)
        self._refuse_unknown(schema, self._migrations())

    def _migrations(self) -> alembic.config.Config:
        import alembic.config  # noqa: PLC0415

        config = alembic.config.Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        return config

    def _refuse_unfinished(self, current: str | None) -> None:
        if current == RESTORING:
            raise StoreError(f"ledger {self.address}: it is being restored from a backup; newswire restore finishes it")

    def _refuse_unknown(self, current: str | None, config: alembic.config.Config) -> None:
        import alembic.script  # noqa: PLC0415

        script = alembic.script.ScriptDirectory.from_config(config)
        if current is not None and current not in {step.revision for step in script.walk_revisions()}:
            raise StoreVersionError(
                f"ledger {self.address}: its schema {current!r} is of a newer newswire than this one ({SCHEMA!r}); "
                "update newswire, or name another ledger in NEWSWIRE_STORE_URL"
            )


def _version(connection: sa.Connection) -> str | None:
    """Return the version that alembic noted, None for an empty database."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return version


def _postgres_engine(url: sa.URL, sender: str, *, read_only: bool) -> sa.Engine:
    engine = sa.create_engine(url, pool_pre_ping=True)

    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: Any, record: Any) -> None:
        sign_connection(record.info, sender)
        # it compiles each look-up of many values anew: three quarters of the time that dedupe took
        connection.execute("SET jit = off")
        if read_only:
            connection.execute("SET default_transaction_read_only = on")
        connection.commit()

    return engine


def _sqlite_engine(url: sa.URL, *, read_only: bool = False, writes: bool = False) -> sa.Engine:
    if url.database and url.database != ":memory:" and not read_only:
        folder = Path(url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"ledger {url.database}: its folder can't be made: {error.strerror}") from error
    # the connection that was used last is taken first: its page cache is the warmest
    pool: dict[str, Any] = (
        {"pool_size": 1, "max_overflow": 0} if writes else {"pool_use_lifo": True, "max_overflow": 64}
    )
    if url.database in {None, "", ":memory:"}:
        pool = {}
    cache = _WRITER_CACHE if writes else _READER_CACHE
    timeout = min(_TELL_SECONDS, _BUSY_SECONDS) if writes else _BUSY_SECONDS
    engine = sa.create_engine(url, connect_args={"timeout": timeout, "check_same_thread": False}, **pool)

    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see _on_begin
        if read_only:
            connection.execute("PRAGMA query_only=ON")
            return
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")  # safe with WAL against a killed process
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA cache_size=-{cache}")

    @sa.event.listens_for(engine, "begin")
    def _on_begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("newswire_write"):
            _begin_writing(connection)
        else:
            connection.exec_driver_sql("BEGIN")

    return engine


def _begin_writing(connection: sa.Connection) -> None:
    """Take the write lock; where another program has it for long, say so once, and go on waiting.

    Raises:
        OperationalError: It has it for very long.
    """
    until, is_told = time.monotonic() + _BUSY_SECONDS, False
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except sa.exc.OperationalError as error:
            is_busy = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY  # of an extended code
            if not is_busy or time.monotonic() >= until:
                raise
        else:
            return
        if not is_told:
            path = connection.engine.url.database
            _log.warning("ledger %s: another program keeps it locked; it is waited for up to %d s", path, _BUSY_SECONDS)
            is_told = True
