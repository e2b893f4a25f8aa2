"""New ledgers of tests: copies of one that was migrated, once a process, as that takes longer than most tests."""

from __future__ import annotations

import atexit
import functools
import tempfile
from collections.abc import Callable
from pathlib import Path

from pipeline.store.engine import Database
from tests.helpers.support import drop_postgres, make_postgres

Migrate = Callable[..., None]


def copy_or_migrate(migrate: Migrate) -> Migrate:
    """Return what takes the place of ``Database.migrate``: where there is no ledger yet, it copies one first."""

    def migrate_copy(database: Database, schema: str = "head") -> None:
        path = Path(database.url.database or "")
        if schema == "head" and database.is_sqlite and path.parent.is_dir() and not path.exists():
            path.write_bytes(_sqlite_ledger(migrate))
        migrate(database, schema)

    return migrate_copy


@functools.cache
def _sqlite_ledger(migrate: Migrate) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        _migrate(f"sqlite:///{path}", migrate)
        return path.read_bytes()


@functools.cache
def postgres_template() -> str:
    """Return the name of a database that holds a new ledger."""
    url = make_postgres()
    _migrate(url, Database.migrate)
    atexit.register(drop_postgres, url)
    return url.rpartition("/")[2]


def _migrate(url: str, migrate: Migrate) -> None:
    database = Database(url)
    migrate(database)
    database.close()
