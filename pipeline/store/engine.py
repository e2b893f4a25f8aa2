"""Open the ledger's database, bring it up to date, and read and write it through transactions.

Every transaction that writes goes through ``Database.write``: on SQLite it takes the write lock when it begins, since a
transaction that turns from reading to writing fails at once where another writer is at work.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipeline.errors import StoreError, StoreVersionError
from pipeline.store.locks import AdvisoryLock, take_advisory_lock
from pipeline.store.schema import SCHEMA

# How long a writer waits for another one before it gives up; batches hold the write lock for well under a second.
_BUSY_SECONDS = 60


class Database:
    """The SQLite or PostgreSQL database at ``url`` (an address as SQLAlchemy takes it).

    Raises:
        StoreError: The address names no such database, or its folder can't be made.
    """

    def __init__(self, url: str) -> None:
        try:
            self.url = sa.make_url(url)
            if self.url.drivername == "postgresql":
                self.url = self.url.set(drivername="postgresql+psycopg")
            if self.url.get_backend_name() not in {"sqlite", "postgresql"}:
                raise StoreError(
                    f"NEWSWIRE_STORE_URL: {self.address}: newswire keeps its ledger in sqlite or postgresql"
                )
            self.engine = _sqlite_engine(self.url) if self.is_sqlite else _postgres_engine(self.url)
        except sa.exc.ArgumentError as error:
            raise StoreError(f"NEWSWIRE_STORE_URL: not a database address: {error}") from error
        except (sa.exc.NoSuchModuleError, ImportError) as error:
            raise StoreError(f"NEWSWIRE_STORE_URL: {self.address}: no driver: {error}") from error

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

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a transaction that only reads.

        Raises:
            StoreError: The database can't be used.
        """
        with self._wrapped(), self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Open a transaction that writes: committed at the end, rolled back on an error.

        Raises:
            StoreError: The database can't be used.
        """
        with self._wrapped(), self.engine.connect() as connection:
            connection = connection.execution_options(newswire_write=True)  # noqa: PLW2901
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def _wrapped(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.IntegrityError:
            raise  # a fault of ours: shown whole
        except sa.exc.DBAPIError as error:
            raise StoreError(f"ledger {self.address}: {str(error.orig).strip()}") from error

    def migrate(self) -> None:
        """Bring the schema up to date.

        Raises:
            StoreVersionError: A newer newswire wrote the ledger.
        """
        with self.read() as connection:
            current = _version(connection)
        if current == SCHEMA:
            return
        # imported here alone: it takes half a second, and there is seldom anything to do
        import alembic.command  # noqa: PLC0415
        import alembic.config  # noqa: PLC0415
        import alembic.script  # noqa: PLC0415

        config = alembic.config.Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        script = alembic.script.ScriptDirectory.from_config(config)
        if current is not None and current not in {step.revision for step in script.walk_revisions()}:
            raise StoreVersionError(
                f"ledger {self.address}: its schema {current!r} is of a newer newswire than this one ({SCHEMA!r}); "
                "update newswire, or name another ledger in NEWSWIRE_STORE_URL"
            )
        with self.write() as connection:
            take_advisory_lock(connection, AdvisoryLock.MIGRATION)
            config.attributes["connection"] = connection
            alembic.command.upgrade(config, "head")


def _version(connection: sa.Connection) -> str | None:
    """Return the version that alembic noted, None for an empty database."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return version


def _postgres_engine(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(url, pool_pre_ping=True)

    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        # it compiles each look-up of many values anew: three quarters of the time that dedupe took
        connection.execute("SET jit = off")
        connection.commit()

    return engine


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    if url.database and url.database != ":memory:":
        folder = Path(url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"ledger {url.database}: its folder can't be made: {error.strerror}") from error
    engine = sa.create_engine(url, connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False})

    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see _on_begin
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")  # safe with WAL against a killed process
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA cache_size=-32768")  # 32 MiB; with SQLite's 2 dedupe takes a tenth longer

    @sa.event.listens_for(engine, "begin")
    def _on_begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("newswire_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
