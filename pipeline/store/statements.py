"""Build statements that SQLite and PostgreSQL spell differently, and turn rows into structs.

Many values always travel in one parameter or one statement: both databases limit the number of parameters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

S = TypeVar("S", bound=msgspec.Struct)

_VALUE: sa.ColumnElement[Any] = sa.literal_column("value")  # of SQLite's json_each


def columns_of(table: sa.Table, kind: type[msgspec.Struct]) -> list[sa.Column[Any]]:
    """Return the columns of ``table`` that have the names of a struct's fields, in the order of the fields."""
    return [table.c[name] for name in kind.__struct_fields__]


def rows_as(kind: type[S], result: sa.Result[Any]) -> list[S]:
    """Return each row of a query as a ``kind``; the query's columns are just the struct's fields."""
    names = list(result.keys())
    return [kind(**dict(zip(names, row, strict=True))) for row in result]


def among(
    connection: sa.Connection, column: sa.Column[int] | sa.Column[str], values: Iterable[int] | Iterable[str]
) -> sa.ColumnElement[bool]:
    """Return the condition that the column is one of ``values``, however many, in one parameter."""
    if connection.dialect.name == "sqlite":
        # as plain as it can be said: SQLAlchemy takes longer to build a statement than SQLite to answer it
        return column.in_(sa.select(_VALUE).select_from(sa.func.json_each(json.dumps(list(values)))))
    return column == sa.any_(sa.cast(list(values), sa.ARRAY(column.type)))


def upsert(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert ``rows``; where a row of the same primary key stands, it is replaced."""
    if not rows:
        return
    statement = _insert(connection, table)
    keys = [column.name for column in table.primary_key]
    others = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=others), list(rows))


def upsert_columns(connection: sa.Connection, table: sa.Table, columns: Mapping[str, Sequence[object]]) -> None:
    """Insert many rows, given column by column, in one statement; a row of the same primary key is replaced.

    The driver gets plain values: with SQLAlchemy's own handling of each row's parameters it takes three times as long
    on SQLite, and on PostgreSQL each row would be a message of its own.
    """
    if not any(columns.values()):
        return
    keys = [column.name for column in table.primary_key]
    others = [f"{name} = excluded.{name}" for name in columns if name not in keys]
    into = f"INSERT INTO {table.name} ({', '.join(columns)})"
    replaced = f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {', '.join(others)}"
    conflict = replaced if others else "ON CONFLICT DO NOTHING"
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"{into} VALUES ({marks}) {conflict}", list(zip(*columns.values(), strict=True)))
        return
    statement = f"{into} SELECT * FROM {_unnested(connection, table, columns)} {conflict}"  # noqa: S608
    connection.exec_driver_sql(statement, {name: list(values) for name, values in columns.items()})


def delete_columns(connection: sa.Connection, table: sa.Table, columns: Mapping[str, Sequence[object]]) -> None:
    """Delete the rows whose columns have these values, given column by column, in one statement."""
    if not any(columns.values()):
        return
    delete = f"DELETE FROM {table.name}"  # noqa: S608 - names of ours
    if connection.dialect.name == "sqlite":
        where = " AND ".join(f"{name} = ?" for name in columns)
        connection.exec_driver_sql(f"{delete} WHERE {where}", list(zip(*columns.values(), strict=True)))
        return
    same = " AND ".join(f"{table.name}.{name} = old.{name}" for name in columns)
    old = f"{_unnested(connection, table, columns)} AS old ({', '.join(columns)})"
    connection.exec_driver_sql(
        f"{delete} USING {old} WHERE {same}", {name: list(values) for name, values in columns.items()}
    )


def _unnested(connection: sa.Connection, table: sa.Table, columns: Mapping[str, Sequence[object]]) -> str:
    """Return the call that makes rows of one array parameter per column on PostgreSQL."""
    kinds = {name: table.c[name].type.compile(dialect=connection.dialect) for name in columns}
    return f"unnest({', '.join(f'%({name})s::{kind}[]' for name, kind in kinds.items())})"


def insert_new(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> set[Any]:
    """Insert those ``rows`` whose keys are new, many in one statement; return the keys. The others stay as they are.

    A key is the value of the first column of the primary key.
    """
    if not rows:
        return set()
    # what is returned counts, because PostgreSQL's driver gives no row count here
    statement = _insert(connection, table).on_conflict_do_nothing().returning(*table.primary_key)
    return {row[0] for row in connection.execute(statement, list(rows))}


def _insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
