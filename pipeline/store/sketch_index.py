"""Keep what dedupe remembers: the sketches of articles, found by the terms that they share.

A ``SketchIndex`` serves one batch: it reads ahead, overlays what the batch adds, and writes that in ``flush``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence

import sqlalchemy as sa

from pipeline.settings import DedupeSettings
from pipeline.store import posting_tables
from pipeline.store.decisions import find_pinned_groups
from pipeline.store.engine import ReadOpener
from pipeline.store.frequency_memory import FrequencyMemory
from pipeline.store.inverted_index import (
    InvertedIndex,
    day_number,
    first_day_of_window,
)
from pipeline.store.schema.copies import copy_sketches
from pipeline.store.statements import among

MOST_POSTINGS = 50  # a term that more articles share leads nowhere, or to the group to which the first of them lead
MOST_CANDIDATES = 50  # compared with one article; the mean is 4
_STAGE = "dedupe"


class SketchIndex:
    """The sketches in the ledger, as dedupe asks for them in one batch; a dedupe.CopyMemory."""

    def __init__(self, read: ReadOpener, frequency_memory: FrequencyMemory, settings: DedupeSettings) -> None:
        self._read = read
        self._index = InvertedIndex(read, posting_tables.COPIES)
        self._window = settings.window_days
        self._pins: dict[int, str] = {}
        self._frequency_memory = frequency_memory
        self.frequencies = frequency_memory.load(_STAGE)

    def prefetch(self, wanted: Sequence[tuple[int, dt.datetime, Collection[int]]]) -> None:
        """Read what the articles (seq, first seen, terms) will ask for, all at once."""
        if not wanted:
            return
        since = min(first_day_of_window(at, self._window) for _, at, _ in wanted)
        self._index.load_postings({term for _, _, terms in wanted for term in terms}, since)
        seqs = {seq for seq, _, _ in wanted}
        self._index.load_blobs(seqs.union(*(self._find_nearest(*article) for article in wanted)))
        with self._read() as connection:
            self._pins.update(find_pinned_groups(connection, seqs))

    def candidates(self, seq: int, at: dt.datetime, terms: Collection[int]) -> list[bytes]:
        """Return the sketches of those other articles within the window that share most of ``terms``, best first."""
        nearest = self._find_nearest(seq, at, terms)
        self._index.load_blobs(nearest)
        return [data for candidate in nearest if (data := self._index.get_blob(candidate)) is not None]

    def recall(self, seq: int) -> bytes | None:
        """Return the sketch of the article (one that was prefetched)."""
        return self._index.get_blob(seq)

    def pinned_group(self, seq: int) -> str | None:
        """Return the group that an editor put the article (one that was prefetched) in."""
        return self._pins.get(seq)

    def add(self, seq: int, at: dt.datetime, terms: Collection[int], data: bytes) -> None:
        """Remember the article's sketch under its terms, in place of its present one."""
        self._index.remove(seq)
        day, since = day_number(at), first_day_of_window(at, self._window)
        self._index.set_blob(seq, day, data)
        self._index.add_rare_postings(terms, seq, day, most=MOST_POSTINGS, since=since)

    def flush(self, connection: sa.Connection) -> None:
        """Write what the batch changed, in the caller's transaction."""
        self._index.flush(connection)
        self._frequency_memory.save(connection, _STAGE, self.frequencies)

    def _find_nearest(self, seq: int, at: dt.datetime, terms: Collection[int]) -> list[int]:
        shared = self._index.count_shared(terms, first_day_of_window(at, self._window))
        shared.pop(seq, None)
        return sorted(shared, key=lambda candidate: (-shared[candidate], candidate))[:MOST_CANDIDATES]


def find_sketched(connection: sa.Connection, seqs: Collection[int]) -> set[int]:
    """Return those of these articles whose sketches are remembered."""
    c = copy_sketches.c
    return set(connection.scalars(sa.select(c.seq).where(among(connection, c.seq, seqs))))


def change_sketches(
    connection: sa.Connection, groups: Mapping[int, str], change: Callable[[bytes, str], bytes]
) -> None:
    """Move the sketches of articles (seq → group) into groups; ``change`` returns a sketch with another group."""
    c = copy_sketches.c
    sketches = connection.execute(sa.select(c.seq, c.data).where(among(connection, c.seq, groups))).all()
    posting_tables.replace_data(connection, copy_sketches, {seq: change(data, groups[seq]) for seq, data in sketches})


def delete_sketches_before(connection: sa.Connection, until: dt.datetime) -> int:
    """Forget the sketches of articles first seen on a day before that of ``until``; return how many."""
    postings = posting_tables.tables_with_postings(connection, posting_tables.COPIES)
    return posting_tables.delete_days_before(connection, copy_sketches, postings, day_number(until))


def delete_sketches(connection: sa.Connection, seqs: Collection[int]) -> None:
    """Forget the sketches of these articles."""
    posting_tables.delete_with_postings(connection, posting_tables.COPIES, seqs)
