"""Define what all table modules share: the one MetaData, the column type for times, and shapes that recur.

Every table stands in this ``metadata``; a table changes only together with a migration.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa


class Utc(sa.TypeDecorator[dt.datetime]):
    """An aware UTC time; SQLite keeps it as text without a zone, PostgreSQL as timestamptz."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """Turn a time into UTC.

        Raises:
            ValueError: The time has no zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value}")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:  # noqa: ARG002
        """Return the time with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)
# SQLite only numbers rows by itself in an INTEGER primary key
BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")

SQLITE_ALONE = {"dialect": "sqlite"}  # of tables that PostgreSQL has no use for
_BY_DAY: dict[str, Any] = {"postgresql_partition_by": "RANGE (day)"}


def blob_table(name: str) -> sa.Table:
    """Return a table of blobs that an inverted index finds; see ``store.posting_tables``."""
    table = sa.Table(
        name,
        metadata,
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),  # the article's, see items
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),  # since 1970
        sa.Column("terms", sa.LargeBinary, nullable=False),  # those of its postings, 4 bytes each
        sa.Column("data", sa.LargeBinary, nullable=False),
        **_BY_DAY,
    )
    sa.Index(f"ix_{name}_day", table.c.day)
    return table


def postings_table(name: str, **options: Any) -> sa.Table:
    """Return a table that leads from terms to blobs; PostgreSQL has an index on the terms and no key."""
    table = sa.Table(
        name,
        metadata,
        sa.Column("term", sa.Integer, primary_key=True, autoincrement=False),  # 32 bits, read as signed
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),  # of the blob, when the term led to it
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
        **_BY_DAY,
        **options,
    )
    if not options:
        sa.Index(f"ix_{name}_term", table.c.term).ddl_if(dialect="postgresql")
    return table
