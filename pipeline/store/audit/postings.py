"""Look at inverted indices: each posting leads to a blob, and each blob's terms lead there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from pipeline.faults import Fault
from pipeline.store.audit.reading import stream
from pipeline.store.schema.articles import items

_BYTES_PER_TERM = 4
_AT_ONCE = 1_000_000  # postings that are counted together


def check_postings(
    connection: sa.Connection, blobs: sa.Table, postings: Iterable[npt.NDArray[np.int64]], *, exact: bool
) -> Iterator[Fault]:  # fmt: skip
    """Yield blobs to which more postings lead than they have terms, or fewer (``exact``); and postings to no blob.

    ``postings`` are the numbers of the blobs to which they lead, many at a time. Some 8 bytes an article are held.
    """
    most, name = connection.scalar(sa.select(sa.func.max(items.c.seq))) or 0, blobs.name
    counts, strangers = _count_postings(postings, most)
    size = sa.func.length(blobs.c.terms)
    for row in stream(connection, sa.select(blobs.c.seq, size.label("size"))):
        if not 0 <= row.seq <= most:
            continue  # a row of no article, which is told elsewhere
        terms, count = row.size // _BYTES_PER_TERM, int(counts[row.seq])
        if count > terms or (exact and count < terms):
            what = f"{name}: number {row.seq} has {terms} terms, and {count} postings lead to it"
            yield Fault(key=f"{name} {row.seq}", what=what)
        counts[row.seq] = 0
    strangers.update(np.flatnonzero(counts).tolist())
    for seq in sorted(strangers):
        yield Fault(key=f"{name} {seq}", what=f"{name}: postings lead to number {seq}, under which nothing is")


def stream_postings(connection: sa.Connection, tables: Sequence[sa.Table]) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the numbers to which the postings of ``tables``, a row each, lead; many at a time."""
    for table in tables:
        rows = stream(connection, sa.select(table.c.seq))
        while part := [row.seq for row in islice(rows, _AT_ONCE)]:
            yield np.array(part, dtype=np.int64)


def _count_postings(
    postings: Iterable[npt.NDArray[np.int64]], most: int
) -> tuple[npt.NDArray[np.int64], set[int]]:  # fmt: skip
    """Return how many postings lead to each number up to ``most``, and the numbers of others that any leads to."""
    counts, strangers = np.zeros(most + 1, dtype=np.int64), set[int]()
    for seqs in postings:
        is_known = (seqs >= 0) & (seqs <= most)
        strangers.update(seqs[~is_known].tolist())
        counts += np.bincount(seqs[is_known], minlength=most + 1)
    return counts, strangers
