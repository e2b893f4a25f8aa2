"""Fill an empty ledger from a dump, batch by batch: whoever is killed goes on with the batch that he was at.

The ledger is made by the schema of the dump, and brought up to date when all of it is there. Until then its schema
bears a name that no version of newswire knows, so that no program works with half of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from pipeline.errors import RestoreRefusedError, StoreError
from pipeline.store.changes import CHANGE_FEED
from pipeline.store.engine import RESTORING, Database
from pipeline.store.ledger_dump import Columns, TableLayout, sqlite_values
from pipeline.store.named_values import NamedValues
from pipeline.store.posting_tables import COPIES, create_partitions
from pipeline.store.schema import metadata
from pipeline.store.schema.bookkeeping import locks, meta, programs
from pipeline.store.schema.stories import stories

# which part was filled how far; beside the ledger's own tables while they are filled
_progress = sa.Table(
    "restoring",
    sa.MetaData(),
    sa.Column("part", sa.Text, primary_key=True),
    sa.Column("done", sa.Integer, nullable=False),  # batches
)
_MAY_HOLD_ROWS = {locks.name, meta.name, programs.name}  # of a ledger that counts as empty
_POSTINGS = {COPIES.postings.name, "story_terms"}  # the second until schema 0022
_BY_DAY = {COPIES.blobs.name, stories.name, *_POSTINGS}


class LedgerRestore:
    """The ledger at ``url``, while it is filled.

    Raises:
        StoreError: It can't be used; all methods raise it.
        StoreVersionError: A newer newswire wrote it.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url)

    @property
    def address(self) -> str:
        """Return where the ledger is, without its password."""
        return self._database.address

    def close(self) -> None:
        """Give back all connections."""
        self._database.close()

    def assert_known_schema(self, schema: str) -> None:
        """Make sure that this newswire knows a schema.

        Raises:
            StoreVersionError: It is a newer newswire's.
        """
        self._database.assert_known_schema(schema)

    def backup_under_way(self) -> str | None:
        """Return the name of the backup from which the ledger is being filled, None where that isn't so."""
        with self._database.read() as connection:
            if not sa.inspect(connection).has_table(_progress.name):
                return None
            parts = connection.scalars(sa.select(_progress.c.part)).all()
        return next((part.removeprefix("from ") for part in parts if part.startswith("from ")), None)

    def assert_empty(self) -> None:
        """Make sure that nothing is in the ledger.

        Raises:
            RestoreRefusedError: Something is.
        """
        if self._database.is_sqlite and not Path(self._database.url.database or "").is_file():
            return
        with self._database.read() as connection:
            present = set(sa.inspect(connection).get_table_names()) - _MAY_HOLD_ROWS
            for table in metadata.sorted_tables:
                if table.name in present and connection.scalar(sa.select(sa.literal(1)).select_from(table).limit(1)):
                    raise RestoreRefusedError(
                        f"ledger {self.address}: it isn't empty (there are {table.name}), and a backup is restored "
                        "into an empty one: name another in NEWSWIRE_STORE_URL, or remove this one"
                    )

    def begin(self, backup: str, schema: str) -> None:
        """Make the tables as they were in ``schema``, in place of empty ones, and note what is being restored."""
        self._database.assert_known_schema()
        with self._database.write() as connection:
            metadata.drop_all(connection)
            connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
        self._database.migrate(schema)
        with self._database.write() as connection:
            NamedValues().clear(connection)  # what a migration noted; the backup has it
            _progress.create(connection)
            connection.execute(_progress.insert(), [{"part": f"from {backup}", "done": 0}])
            connection.execute(sa.text("UPDATE alembic_version SET version_num = :mark"), {"mark": RESTORING})

    def batches_done(self, table: str) -> int:
        """Return how many batches of a table are there."""
        with self._database.read() as connection:
            return connection.scalar(sa.select(_progress.c.done).where(_progress.c.part == table)) or 0

    def add_batch(self, layout: TableLayout, number: int, columns: Columns) -> None:
        """Add the batch ``number`` (from 0) of a table, which is there whole or not at all.

        Raises:
            StoreError: Another program added it meanwhile, or the database takes no such row.
        """
        with self._database.write() as connection:
            if number == 0:
                connection.execute(_progress.insert(), [{"part": layout.table, "done": 1}])
            else:
                expected = sa.and_(_progress.c.part == layout.table, _progress.c.done == number)
                if connection.execute(_progress.update().where(expected).values(done=number + 1)).rowcount != 1:
                    raise StoreError(f"ledger {self.address}: another program restores it at this moment")
            _create_days(connection, layout, columns)
            if connection.dialect.name == "sqlite":
                _insert(connection, layout, columns)
            else:
                _copy(connection, layout, columns)

    def finish(self, schema: str) -> None:
        """Let programs use the ledger, which is of ``schema`` and whole, and bring it up to date."""
        with self._database.write() as connection:
            if connection.dialect.name != "sqlite":
                present = set(sa.inspect(connection).get_table_names())  # of an older schema some aren't there yet
                for table, column in _numbered_columns():
                    if table.name not in present:
                        continue
                    top = sa.select(sa.func.max(column)).scalar_subquery()
                    sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
                    connection.execute(sa.select(sa.func.setval(sequence, top)))
            NamedValues().delete(connection, CHANGE_FEED)  # cursors of the ledger that was saved may be ahead of it
            _progress.drop(connection)
            connection.execute(sa.text("UPDATE alembic_version SET version_num = :schema"), {"schema": schema})
        self._database.migrate()


def _numbered_columns() -> Iterator[tuple[sa.Table, sa.Column[Any]]]:
    """Yield the columns that number rows by themselves."""
    for table in metadata.sorted_tables:
        if (column := table.autoincrement_column) is not None:
            yield table, column


def _create_days(connection: sa.Connection, layout: TableLayout, columns: Columns) -> None:
    """Create the partitions of a batch's days on PostgreSQL."""
    if layout.table in _BY_DAY and connection.dialect.name != "sqlite":
        days = [name for name, _ in layout.columns].index("day")
        create_partitions(connection, layout.table, set(columns[days]))


def _insert(connection: sa.Connection, layout: TableLayout, columns: Columns) -> None:
    # PostgreSQL has no key on postings, and may have one twice
    verb = "INSERT OR IGNORE" if layout.table in _POSTINGS else "INSERT"
    names = ", ".join(name for name, _ in layout.columns)
    marks = ", ".join("?" * len(layout.columns))
    values = [sqlite_values(kind, column) for (_, kind), column in zip(layout.columns, columns, strict=True)]
    statement = f"{verb} INTO {layout.table} ({names}) VALUES ({marks})"  # names of ours
    connection.exec_driver_sql(statement, list(zip(*values, strict=True)))


def _copy(connection: sa.Connection, layout: TableLayout, columns: Columns) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    names = ", ".join(name for name, _ in layout.columns)
    try:
        with driver.cursor() as cursor, cursor.copy(f"COPY {layout.table} ({names}) FROM STDIN") as copy:
            for row in zip(*columns, strict=True):
                copy.write_row(row)
    except psycopg.Error as error:
        raise StoreError(f"ledger: {layout.table} can't be restored: {str(error).strip()}") from error
