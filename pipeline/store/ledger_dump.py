"""Read the ledger's tables for a backup: batches of rows, column by column, in a form that no engine owns.

What belongs to running programs (locks, leases, figures) isn't part of it. A table that SQLite alone has stands in the
one that it waits for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from pipeline.store.posting_tables import COPIES
from pipeline.store.schema import metadata
from pipeline.store.schema.base import Utc
from pipeline.store.schema.bookkeeping import locks, programs

_ROWS = 5000  # of a batch
_OF_RUNNING_PROGRAMS = {locks.name, programs.name}
_LEASES = {"lease_owner", "lease_until"}
_WAITING = {COPIES.postings.name: COPIES.waiting}
_MERGED = {table.name for table in _WAITING.values()}
# what a column holds, by the kind of its type: the first that fits
_KINDS: tuple[tuple[type[sa.types.TypeEngine[Any]], str], ...] = (
    (Utc, "time"),
    (sa.Date, "day"),  # as both databases read it: 2026-11-30
    (sa.Boolean, "bool"),
    (sa.Integer, "int"),
    (sa.Float, "float"),
    (sa.LargeBinary, "bytes"),
    (sa.Text, "text"),
)

# One batch: the values of each column.
Columns = Sequence[Sequence[Any]]


class TableLayout(msgspec.Struct, frozen=True):
    """A table of a dump: its name, and name and kind (time, day, bool, int, float, bytes, text) of each column."""

    table: str
    columns: tuple[tuple[str, str], ...]


def list_tables() -> list[TableLayout]:
    """Return the tables that a dump consists of."""
    return [
        TableLayout(str(table.name), tuple((str(column.name), _kind_of(column)) for column in table.c))
        for table in metadata.sorted_tables
        if table.name not in _OF_RUNNING_PROGRAMS | _MERGED
    ]


def read_table(connection: sa.Connection, name: str) -> Iterator[Columns]:
    """Yield the rows of a table, some at a time; leases are left empty."""
    table = metadata.tables[name]
    yield from _read(connection, sa.select(*(_value_of(column) for column in table.c)))
    waiting = _WAITING.get(name)
    if waiting is None or connection.dialect.name != "sqlite":
        return
    same = sa.and_(*(table.c[column.name] == column for column in waiting.primary_key))
    columns = [waiting.c[column.name] for column in table.c]
    yield from _read(connection, sa.select(*columns).where(~sa.exists().where(same)))


def _read(connection: sa.Connection, query: sa.Select[Any]) -> Iterator[Columns]:
    with connection.execution_options(stream_results=True, yield_per=_ROWS).execute(query) as result:
        for rows in result.partitions():
            yield [list(column) for column in zip(*rows, strict=True)]


def _value_of(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    return sa.null().label(column.name) if column.name in _LEASES else column


def _kind_of(column: sa.Column[Any]) -> str:
    for kind, name in _KINDS:
        if isinstance(column.type, kind):
            return name
    raise TypeError(f"{column}: no backup can hold a {column.type!r} yet")


def sqlite_values(kind: str, values: Sequence[Any]) -> Sequence[Any]:
    """Return a column's values as SQLite's driver takes them, so that they lie there as SQLAlchemy writes them."""
    if kind != "time":
        return values
    return [None if value is None else _naive(value).isoformat(" ", "microseconds") for value in values]


def _naive(at: dt.datetime) -> dt.datetime:
    return at.astimezone(dt.UTC).replace(tzinfo=None)
