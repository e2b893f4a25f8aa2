"""How do remembered things, and the postings that lead to them, lie in the database?

SQLite: the terms of a batch stand far apart in the order of all terms, so writing them where they belong would change a
page of 4 kB for each. They wait in a small table instead, and with each batch one slice of the terms moves on, many to
a page (O'Neil and others 1996, The Log-Structured Merge-Tree).

PostgreSQL: both tables are partitioned by day. A partition is made when the first row of its day comes, and dropped as
a whole when the day is forgotten.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from pipeline.store.schema.copies import copy_sketches, copy_terms, copy_terms_new
from pipeline.store.schema.stories import stories, story_terms, story_terms_new
from pipeline.store.statements import among, delete_columns, upsert_columns

# A posting waits for so many batches. More: fewer pages are written when they move, but a larger table is looked
# through. With batches of 200 articles of 31 terms, some 200,000 wait, on 1,000 pages.
SLICES = 32
_SPREAD = 2_654_435_761  # Knuth's multiplicative hash: successive batches take slices that lie well apart
_BITS = 32
_DAY_ZERO = dt.date(1970, 1, 1)


class PostingTables(NamedTuple):
    """The tables of one kind of things."""

    things: sa.Table
    postings: sa.Table
    waiting: sa.Table  # postings that have no place yet, on SQLite


COPIES = PostingTables(copy_sketches, copy_terms, copy_terms_new)
STORIES = PostingTables(stories, story_terms, story_terms_new)


class IndexedBlob(NamedTuple):
    """What is remembered under a number: the ``terms`` that lead to it are packed."""

    seq: int
    day: int
    terms: bytes
    data: bytes


def tables_with_postings(connection: sa.Connection, layout: PostingTables) -> Sequence[sa.Table]:
    """Return the tables in which postings stand."""
    return (layout.postings, layout.waiting) if connection.dialect.name == "sqlite" else (layout.postings,)


def lock_tables(connection: sa.Connection, layout: PostingTables, mode: str = "ROW EXCLUSIVE") -> None:
    """Lock the tables on PostgreSQL before anything is changed: all in one order, or two would wait for each other."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"LOCK TABLE ONLY {layout.postings.name}, ONLY {layout.things.name} IN {mode} MODE")


def select_postings(
    connection: sa.Connection, layout: PostingTables, terms: Iterable[int], since: int
) -> Iterator[tuple[int, dict[int, int]]]:
    """Yield term and {seq: day} of the postings of ``terms`` that are of the day ``since`` or later.

    A term may come twice.
    """
    wanted: list[int] = np.sort(_signed(terms)).tolist()
    if connection.dialect.name != "sqlite":
        # statistics of the day that is being filled are always behind, and would have all of it read
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    for table in tables_with_postings(connection, layout):
        c = table.c
        # a row for each term: half the time of a row for each posting
        query = sa.select(c.term, _listed(connection, c.seq), _listed(connection, c.day)).group_by(c.term)
        rows = connection.execute(query.where(c.day >= since, among(connection, c.term, wanted))).all()
        for term, seqs, days in rows:
            yield term % (1 << _BITS), dict(zip(_numbers(seqs), _numbers(days), strict=True))


def select_blobs(connection: sa.Connection, layout: PostingTables, seqs: Iterable[int]) -> Iterator[IndexedBlob]:
    """Yield the things that are remembered under ``seqs``."""
    c = layout.things.c
    rows = connection.execute(sa.select(c.seq, c.day, c.terms, c.data).where(among(connection, c.seq, seqs)))
    return (IndexedBlob(*row) for row in rows)


def write_blobs(
    connection: sa.Connection,
    layout: PostingTables,
    things: Sequence[IndexedBlob],
    postings: Collection[tuple[int, int, int]],
) -> None:
    """Write things, and postings (term, seq, day), none of which may stand there yet under another day."""
    if connection.dialect.name != "sqlite":
        _make_room(connection, layout, {*(one.day for one in things), *(day for _, _, day in postings)})
    upsert_columns(connection, layout.things, _columns(IndexedBlob._fields, things))
    if not postings:
        return
    columns = _sorted(("term", "seq", "day"), postings)
    if connection.dialect.name == "sqlite":
        upsert_columns(connection, layout.waiting, columns)
        merge_slice(connection, layout, max(seq for _, seq, _ in postings))
    else:
        upsert_columns(connection, layout.postings, columns)


def merge_slice(connection: sa.Connection, layout: PostingTables, batch: int) -> None:
    """Move the waiting postings of one slice of all terms to where they stay; ``batch`` says which slice."""
    width = (1 << _BITS) // SLICES
    low = (batch * _SPREAD % (1 << _BITS)) // width * width - (1 << _BITS - 1)
    slice_ = f"FROM {layout.waiting.name} WHERE term >= {low} AND term < {low + width}"
    columns = ", ".join(layout.postings.c.keys())
    connection.exec_driver_sql(
        f"INSERT INTO {layout.postings.name} ({columns}) SELECT {columns} {slice_} ON CONFLICT DO NOTHING"
    )
    connection.exec_driver_sql(f"DELETE {slice_}")


def replace_data(connection: sa.Connection, layout: PostingTables, changed: Mapping[int, bytes]) -> None:
    """Replace the data of blobs (seq → data) that are stored; the postings that lead to them stay."""
    for seq, data in changed.items():
        connection.execute(layout.things.update().where(layout.things.c.seq == seq).values(data=data))


def delete_postings(connection: sa.Connection, layout: PostingTables, gone: Collection[tuple[int, int]]) -> None:
    """Delete the postings (term, seq), of whatever day."""
    if not gone:
        return
    columns = _sorted(("term", "seq"), gone)
    for table in tables_with_postings(connection, layout):
        delete_columns(connection, table, columns)


def delete_blobs(connection: sa.Connection, layout: PostingTables, seqs: Collection[int]) -> None:
    """Delete things, but not the postings that lead to them."""
    if seqs:
        connection.execute(sa.delete(layout.things).where(among(connection, layout.things.c.seq, seqs)))


def delete_with_postings(connection: sa.Connection, layout: PostingTables, seqs: Collection[int]) -> None:
    """Delete things and the postings that lead to them."""
    lock_tables(connection, layout)
    found = list(select_blobs(connection, layout, seqs))
    delete_postings(connection, layout, [(term, one.seq) for one in found for term in unpack_terms(one.terms)])
    delete_blobs(connection, layout, seqs)


def delete_days_before(connection: sa.Connection, layout: PostingTables, before: int) -> int:
    """Delete the things and postings of days before ``before``; return how many things."""
    old = layout.things.c.day < before
    if connection.dialect.name == "sqlite":
        for table in (layout.postings, layout.waiting):
            connection.execute(sa.delete(table).where(table.c.day < before))
        return connection.execute(sa.delete(layout.things).where(old)).rowcount
    lock_tables(connection, layout, "ACCESS EXCLUSIVE")  # as DROP needs it
    count = connection.scalar(sa.select(sa.func.count()).select_from(layout.things).where(old)) or 0
    for table in (layout.things, layout.postings):
        for name in list_partitions(connection, table):
            if name < partition_name(table, before):
                connection.exec_driver_sql(f"DROP TABLE {name}")
    return count


def partition_name(table: sa.Table, day: int) -> str:
    """Return the name of the partition of ``day``: copy_terms_20260321."""
    return f"{table.name}_{_DAY_ZERO + dt.timedelta(days=day):%Y%m%d}"


def list_partitions(connection: sa.Connection, table: sa.Table) -> list[str]:
    """Return the names of a table's partitions on PostgreSQL, in the order of their days."""
    query = "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = to_regclass(:name)"
    return sorted(connection.scalars(sa.text(query), {"name": table.name}))


def pack_terms(terms: Collection[int]) -> bytes:
    """Return terms in 4 bytes each."""
    return np.array(tuple(terms), dtype="<u4").tobytes()


def unpack_terms(data: bytes) -> list[int]:
    """Return what was packed."""
    unpacked: list[int] = np.frombuffer(data, dtype="<u4").tolist()
    return unpacked


def _make_room(connection: sa.Connection, layout: PostingTables, days: Collection[int]) -> None:
    """Make the partitions of ``days`` on PostgreSQL."""
    for table in (layout.things, layout.postings):
        present = set(list_partitions(connection, table))
        for day in sorted(days):
            if (name := partition_name(table, day)) not in present:
                # attached afterwards: nobody who reads or writes other days has to wait
                connection.exec_driver_sql(f"CREATE TABLE {name} (LIKE {table.name} INCLUDING ALL)")
                bounds = f"FOR VALUES FROM ({day}) TO ({day + 1})"
                connection.exec_driver_sql(f"ALTER TABLE {table.name} ATTACH PARTITION {name} {bounds}")


def _columns(names: Iterable[str], rows: Collection[Sequence[object]]) -> dict[str, Sequence[object]]:
    return dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}


def _sorted(names: Iterable[str], rows: Collection[tuple[int, ...]]) -> dict[str, Sequence[object]]:
    """Return columns, the first of which are terms, in the order of the terms: neighbours lie on one page."""
    terms, *others = zip(*rows, strict=True)
    signed = _signed(terms)
    order = np.argsort(signed)
    return dict(zip(names, (signed[order].tolist(), *(np.array(one)[order].tolist() for one in others)), strict=True))


def _signed(terms: Iterable[int]) -> npt.NDArray[np.int32]:
    """Return 32-bit numbers as the database keeps them: signed, so that they take 4 bytes."""
    return np.array(tuple(terms), dtype=np.uint32).view(np.int32)


def _listed(connection: sa.Connection, column: sa.Column[int]) -> sa.ColumnElement[str]:
    """Return all values of a column in a group, as JSON; ``_numbers`` reads them."""
    if connection.dialect.name == "sqlite":
        return sa.func.json_group_array(column)
    return sa.cast(sa.func.json_agg(column), sa.Text)


_numbers = msgspec.json.Decoder(list[int]).decode
