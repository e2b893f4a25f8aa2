"""Store the blobs of inverted indices, and the postings that lead to those of dedupe, in the database.

SQLite: the terms of a batch stand far apart in the order of all terms, so writing them where they belong would change a
page of 4 kB for each. They wait in a small table instead, and now and then one slice of the terms moves on, many to a
page (O'Neil and others 1996, The Log-Structured Merge-Tree).

PostgreSQL: these tables are partitioned by day. A partition is made when the first row of its day comes, and dropped as
a whole when the day is forgotten.
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from pipeline.store.schema.copies import copy_sketches, copy_terms, copy_terms_new
from pipeline.store.statements import among, delete_columns, upsert_columns

# A posting waits until so many slices have moved on. More: fewer pages are written when they move, but a larger table
# is looked through. A slice moves on for every so many postings that come, be it in one batch or in a hundred small
# ones (200 articles of 31 terms): some 200,000 wait, on 1,000 pages.
SLICES = 32
_MOVES_AFTER = 6200
_SPREAD = 2_654_435_761  # Knuth's multiplicative hash: successive batches take slices that lie well apart
_BITS = 32
_DAY_ZERO = dt.date(1970, 1, 1)


class PostingTables(NamedTuple):
    """The tables of one kind of blobs."""

    blobs: sa.Table
    postings: sa.Table
    waiting: sa.Table  # postings that wait for their slice, on SQLite


COPIES = PostingTables(copy_sketches, copy_terms, copy_terms_new)


class IndexedBlob(NamedTuple):
    """A blob under an article's number; the ``terms`` that lead to it are packed."""

    seq: int
    day: int
    terms: bytes
    data: bytes


def tables_with_postings(connection: sa.Connection, layout: PostingTables) -> Sequence[sa.Table]:
    """Return the tables in which postings stand."""
    return (layout.postings, layout.waiting) if connection.dialect.name == "sqlite" else (layout.postings,)


def lock_tables(connection: sa.Connection, tables: Sequence[sa.Table], mode: str = "ROW EXCLUSIVE") -> None:
    """Lock ``tables`` on PostgreSQL before anything is changed: all in one order, or two would wait for each other."""
    if connection.dialect.name != "sqlite":
        names = ", ".join(f"ONLY {table.name}" for table in tables)
        connection.exec_driver_sql(f"LOCK TABLE {names} IN {mode} MODE")


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
        query = sa.select(c.term, _mapped(connection, c.seq, c.day)).group_by(c.term)
        for term, days in connection.execute(query.where(c.day >= since, among(connection, c.term, wanted))).all():
            yield term % (1 << _BITS), _decode_days(days)


def select_blobs(connection: sa.Connection, table: sa.Table, seqs: Iterable[int]) -> Iterator[IndexedBlob]:
    """Yield the blobs that are stored under ``seqs``."""
    c = table.c
    rows = connection.execute(sa.select(c.seq, c.day, c.terms, c.data).where(among(connection, c.seq, seqs))).all()
    return map(IndexedBlob._make, rows)


def write_blobs(connection: sa.Connection, table: sa.Table, blobs: Sequence[IndexedBlob]) -> None:
    """Write blobs, none of which may stand there yet under another day."""
    if connection.dialect.name != "sqlite":
        create_partitions(connection, table.name, {blob.day for blob in blobs})
    upsert_columns(connection, table, _columns(IndexedBlob._fields, blobs))


def write_postings(
    connection: sa.Connection, layout: PostingTables, postings: Collection[tuple[int, int, int]]
) -> None:  # fmt: skip
    """Write postings (term, seq, day), none of which may stand there yet under another day."""
    if not postings:
        return
    columns = _sorted(("term", "seq", "day"), postings)
    if connection.dialect.name == "sqlite":
        upsert_columns(connection, layout.waiting, columns)
        batch = max(seq for _, seq, _ in postings)
        # no process counts for how long: by chance, which follows from the batch, it is as often as it shall be
        if zlib.crc32(b"%d %d" % (batch, len(postings))) < (len(postings) << _BITS) // _MOVES_AFTER:
            merge_slice(connection, layout, batch)
    else:
        create_partitions(connection, layout.postings.name, {day for _, _, day in postings})
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


def replace_data(connection: sa.Connection, table: sa.Table, changed: Mapping[int, bytes]) -> None:
    """Replace the data of blobs (seq → data) that are stored; the postings that lead to them stay."""
    if changed:
        replaced = table.update().where(table.c.seq == sa.bindparam("of_seq"))
        rows = [{"of_seq": seq, "new_data": data} for seq, data in changed.items()]
        connection.execute(replaced.values(data=sa.bindparam("new_data")), rows)


def delete_postings(connection: sa.Connection, layout: PostingTables, postings: Collection[tuple[int, int]]) -> None:
    """Delete the postings (term, seq), of whatever day."""
    if not postings:
        return
    columns = _sorted(("term", "seq"), postings)
    for table in tables_with_postings(connection, layout):
        delete_columns(connection, table, columns)


def delete_blobs(connection: sa.Connection, table: sa.Table, seqs: Collection[int]) -> None:
    """Delete blobs, but not the postings that lead to them."""
    if seqs:
        connection.execute(sa.delete(table).where(among(connection, table.c.seq, seqs)))


def delete_with_postings(connection: sa.Connection, layout: PostingTables, seqs: Collection[int]) -> None:
    """Delete blobs and the postings that lead to them."""
    lock_tables(connection, (layout.postings, layout.blobs))
    blobs = list(select_blobs(connection, layout.blobs, seqs))
    delete_postings(connection, layout, [(term, blob.seq) for blob in blobs for term in unpack_terms(blob.terms)])
    delete_blobs(connection, layout.blobs, seqs)


def delete_days_before(
    connection: sa.Connection, blobs: sa.Table, postings: Sequence[sa.Table], first_day: int
) -> int:  # fmt: skip
    """Delete the blobs of days before ``first_day``, and such rows of ``postings``; return how many blobs."""
    old = blobs.c.day < first_day
    if connection.dialect.name == "sqlite":
        for table in postings:
            connection.execute(sa.delete(table).where(table.c.day < first_day))
        return connection.execute(sa.delete(blobs).where(old)).rowcount
    lock_tables(connection, (*postings, blobs), "ACCESS EXCLUSIVE")  # as DROP needs it
    count = connection.scalar(sa.select(sa.func.count()).select_from(blobs).where(old)) or 0
    for table in (blobs, *postings):
        for name in list_partitions(connection, table.name):
            if name < partition_name(table.name, first_day):
                connection.exec_driver_sql(f"DROP TABLE {name}")
    return count


def partition_name(table: str, day: int) -> str:
    """Return the name of the partition of ``day``: copy_terms_20260321."""
    return f"{table}_{_DAY_ZERO + dt.timedelta(days=day):%Y%m%d}"


def list_partitions(connection: sa.Connection, table: str) -> list[str]:
    """Return the names of a table's partitions on PostgreSQL, in the order of their days."""
    query = "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = to_regclass(:name)"
    return sorted(connection.scalars(sa.text(query), {"name": table}))


def create_partitions(connection: sa.Connection, table: str, days: Collection[int]) -> None:
    """Create those partitions of ``days`` on PostgreSQL that aren't there."""
    present = set(list_partitions(connection, table))
    for day in sorted(days):
        if (name := partition_name(table, day)) not in present:
            # attached afterwards: nobody who reads or writes other days has to wait
            connection.exec_driver_sql(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
            bounds = f"FOR VALUES FROM ({day}) TO ({day + 1})"
            connection.exec_driver_sql(f"ALTER TABLE {table} ATTACH PARTITION {name} {bounds}")


def pack_terms(terms: Collection[int]) -> bytes:
    """Return terms (32 bits without sign) in 4 bytes each."""
    return np.array(tuple(terms), dtype="<u4").tobytes()


def unpack_terms(data: bytes) -> list[int]:
    """Return the terms that were packed."""
    unpacked: list[int] = np.frombuffer(data, dtype="<u4").tolist()
    return unpacked


def _columns(names: Iterable[str], rows: Collection[Sequence[object]]) -> dict[str, Sequence[object]]:
    return dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}


def _sorted(names: Iterable[str], rows: Collection[tuple[int, ...]]) -> dict[str, Sequence[object]]:
    """Return columns, the first of which are terms, in the order of the terms: neighbours lie on one page."""
    terms, *others = zip(*rows, strict=True)
    signed = _signed(terms)
    order = np.argsort(signed)
    return dict(
        zip(names, (signed[order].tolist(), *(np.array(column)[order].tolist() for column in others)), strict=True)
    )


def _signed(terms: Iterable[int]) -> npt.NDArray[np.int32]:
    """Return 32-bit numbers as the database keeps them: signed, so that they take 4 bytes."""
    return np.array(tuple(terms), dtype=np.uint32).view(np.int32)


def _mapped(connection: sa.Connection, key: sa.Column[int], value: sa.Column[int]) -> sa.ColumnElement[str]:
    """Return all values of a column in a group, by another column's, as JSON; ``_decode_days`` reads them."""
    if connection.dialect.name == "sqlite":
        return sa.func.json_group_object(sa.cast(key, sa.Text), value)
    return sa.cast(sa.func.json_object_agg(key, value), sa.Text)


_decode_days = msgspec.json.Decoder(dict[int, int]).decode
