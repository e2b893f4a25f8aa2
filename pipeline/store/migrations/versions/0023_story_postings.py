"""story_postings: the stories to which a term leads in one row, in place of a row for each posting."""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_SEQ_BITS = 40
_SLICES = 64  # of all terms: one is in memory at a time
_OLD, _WAITING = "story_terms", "story_terms_new"


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "story_postings",
        sa.Column("term", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=False, nullable=False),
        sa.Column("first_day", sa.Integer, nullable=False),
        sa.Column("postings", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("term", name="pk_story_postings"),
    )
    tables = (_OLD,) if _on_postgres() else (_OLD, _WAITING)
    bind = op.get_bind()
    insert = sa.text("INSERT INTO story_postings (term, first_day, postings) VALUES (:term, :day, :postings)")
    for low, high in _term_slices():
        part = " UNION ALL ".join(
            f"SELECT term, day, seq FROM {table} WHERE term >= :low AND term < :high"  # noqa: S608
            for table in tables
        )
        postings = bind.execute(sa.text(f"{part} ORDER BY term, day, seq"), {"low": low, "high": high})
        rows = []
        for term, of_term in groupby(postings, key=lambda row: row.term):
            days = {seq: day for _, day, seq in of_term}  # of a story that stands there twice the later day
            packed = sorted(day << _SEQ_BITS | seq for seq, day in days.items())
            rows.append(
                {
                    "term": term % (1 << 32),
                    "day": packed[0] >> _SEQ_BITS,
                    "postings": struct.pack(f"<{len(packed)}q", *packed),
                }
            )
        if rows:
            bind.execute(insert, rows)
    for table in tables:
        op.drop_table(table)


def downgrade() -> None:
    """Change it back."""
    by_day: dict[str, Any] = {"postgresql_partition_by": "RANGE (day)"} if _on_postgres() else {}
    for table in (_OLD,) if _on_postgres() else (_OLD, _WAITING):
        op.create_table(
            table,
            sa.Column("term", sa.Integer, autoincrement=False, nullable=False),
            sa.Column("day", sa.Integer, autoincrement=False, nullable=False),
            sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
            *([] if _on_postgres() else [sa.PrimaryKeyConstraint("term", "day", "seq", name=op.f(f"pk_{table}"))]),
            sqlite_with_rowid=False,
            **by_day,
        )
    if _on_postgres():
        op.create_index(f"ix_{_OLD}_term", _OLD, ["term"])
    bind = op.get_bind()
    insert = sa.text(f"INSERT INTO {_OLD} (term, day, seq) VALUES (:term, :day, :seq)")  # noqa: S608
    present: set[int] = set()
    for rows in _unpacked():
        if _on_postgres():
            _make_partitions({row["day"] for row in rows} - present)
            present |= {row["day"] for row in rows}
        bind.execute(insert, rows)
    op.drop_table("story_postings")


def _unpacked() -> Iterator[list[dict[str, int]]]:
    """Yield the rows of the postings, those of one slice of the terms at a time."""
    query = sa.text("SELECT term, postings FROM story_postings WHERE term >= :low AND term < :high ORDER BY term")
    for low, high in _term_slices():
        lists = op.get_bind().execute(query, {"low": low + (1 << 31), "high": high + (1 << 31)}).all()
        rows = [
            {"term": (term + (1 << 31)) % (1 << 32) - (1 << 31), "day": day >> _SEQ_BITS, "seq": day % (1 << _SEQ_BITS)}
            for term, packed in lists
            for day in struct.unpack(f"<{len(packed) // 8}q", packed)
        ]
        if rows:
            yield rows


def _make_partitions(days: set[int]) -> None:
    for day in sorted(days):
        date = dt.date(1970, 1, 1) + dt.timedelta(days=day)
        op.execute(f"CREATE TABLE {_OLD}_{date:%Y%m%d} PARTITION OF {_OLD} FOR VALUES FROM ({day}) TO ({day + 1})")


def _term_slices() -> Iterator[tuple[int, int]]:
    """Yield the bounds of slices of all terms, as signed numbers."""
    width = (1 << 32) // _SLICES
    for low in range(-(1 << 31), 1 << 31, width):
        yield low, low + width


def _on_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"
