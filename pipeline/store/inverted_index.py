"""Keep an inverted index of small blobs, as one batch sees it: which blobs share terms with this one.

An instance serves one batch: it reads what is stored, overlays what the batch adds, and writes that in ``flush``.
Nothing else may write in between: the caller holds the stage's lock. Days are counted since 1970.
``store.posting_tables`` decides how blobs and postings lie in the database.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

import sqlalchemy as sa

from pipeline.store import posting_tables
from pipeline.store.engine import ReadOpener
from pipeline.store.posting_tables import IndexedBlob, PostingTables


class BlobOverlay:
    """The blobs of one table as one batch sees and changes them, and for each the terms that lead to it."""

    def __init__(self, read: ReadOpener, table: sa.Table) -> None:
        self._read = read
        self._table = table
        self._data: dict[int, bytes] = {}
        self._terms: dict[int, dict[int, None] | bytes] = {}  # seq → its terms, in order; as stored until they change
        self._stored: dict[int, int] = {}  # seq → the day under which it was read
        self._put: dict[int, int] = {}  # seq → day
        self._removed: set[int] = set()

    def load(self, seqs: Iterable[int]) -> None:
        """Read the blobs ``seqs`` where that hasn't been done."""
        wanted = {seq for seq in seqs if seq not in self._data} - self._removed
        if not wanted:
            return
        with self._read() as connection:
            for seq, day, terms, data in posting_tables.select_blobs(connection, self._table, wanted):
                self._stored[seq], self._terms[seq], self._data[seq] = day, terms, data

    def get(self, seq: int) -> bytes | None:
        """Return the blob that was read or set under ``seq``."""
        return self._data.get(seq)

    def set(self, seq: int, day: int, data: bytes) -> None:
        """Remember ``data`` under ``seq``, which was read before or is new."""
        self._data[seq] = data
        self._terms.setdefault(seq, {})
        self._put[seq] = day

    def remove(self, seq: int) -> tuple[int, ...]:
        """Forget a blob that was read or set; return the terms that led to it."""
        terms = tuple(self.terms_of(seq)) if seq in self._terms else ()
        self._data.pop(seq, None)
        self._terms.pop(seq, None)
        self._put.pop(seq, None)
        self._removed.add(seq)
        return terms

    def terms_of(self, seq: int) -> dict[int, None]:
        """Return the terms that lead to a blob that was read or set; they may be changed."""
        terms = self._terms[seq]
        if isinstance(terms, bytes):  # most of what is read is only compared: its terms are unpacked when they change
            self._terms[seq] = terms = dict.fromkeys(posting_tables.unpack_terms(terms))
        return terms

    def drop_term(self, seq: int, term: int) -> None:
        """Note that ``term`` leads to the blob no more, where the blob was read or set."""
        if seq in self._terms:
            self.terms_of(seq).pop(term, None)

    def flush(self, connection: sa.Connection) -> None:
        """Write the blobs that were set and removed."""
        redated = {seq for seq, day in self._put.items() if self._stored.get(seq, day) != day}
        posting_tables.delete_blobs(connection, self._table, redated | (self._removed - self._put.keys()))
        blobs = [
            IndexedBlob(seq, day, posting_tables.pack_terms(self.terms_of(seq)), self._data[seq])
            for seq, day in self._put.items()
        ]
        posting_tables.write_blobs(connection, self._table, blobs)


class InvertedIndex:
    """The blobs and postings of one kind, as one batch sees and changes them."""

    def __init__(self, read: ReadOpener, tables: PostingTables) -> None:
        self._read = read
        self._tables = tables
        self._blobs = BlobOverlay(read, tables.blobs)
        self._seqs: dict[int, dict[int, int]] = defaultdict(dict)  # term → seq → day
        self._oldest = sys.maxsize  # no posting that was read or added is of a day before this one
        self._added: dict[tuple[int, int], int] = {}  # (term, seq) → day
        self._dropped: set[tuple[int, int]] = set()

    def load_postings(self, terms: Iterable[int], since: int) -> None:
        """Read the postings of ``terms``, as far back as the day ``since``."""
        self._oldest = min(self._oldest, since)
        with self._read() as connection:
            for term, days in posting_tables.select_postings(connection, self._tables, terms, since):
                self._seqs[term].update(days)

    def load_blobs(self, seqs: Iterable[int]) -> None:
        """Read the blobs ``seqs`` where that hasn't been done."""
        self._blobs.load(seqs)

    def get_blob(self, seq: int) -> bytes | None:
        """Return the blob that was read or set under ``seq``."""
        return self._blobs.get(seq)

    def count_shared(self, terms: Collection[int], since: int) -> Counter[int]:
        """Return how many of ``terms`` lead to each blob, from the day ``since`` on."""
        postings = [days for term in terms if (days := self._seqs.get(term))]
        if since <= self._oldest:  # the usual case, and several times as fast
            counts: Counter[int] = Counter()
            for days in postings:
                counts.update(days.keys())
            return counts
        return Counter(seq for days in postings for seq, day in days.items() if day >= since)

    def set_blob(self, seq: int, day: int, data: bytes) -> None:
        """Remember ``data`` under ``seq``, which was read before or is new."""
        self._blobs.set(seq, day, data)

    def add_postings(self, terms: Iterable[int], seq: int, day: int) -> None:
        """Let ``terms`` lead to the blob."""
        blob_terms = self._blobs.terms_of(seq)
        for term in terms:
            days = self._seqs[term]
            present_day = days.get(seq)
            if present_day == day:
                continue
            if present_day is not None:
                self._dropped.add((term, seq))
            days[seq] = self._added[term, seq] = day
            blob_terms[term] = None
        self._oldest = min(self._oldest, day)

    def add_rare_postings(self, terms: Iterable[int], seq: int, day: int, *, most: int, since: int) -> None:
        """Let those of ``terms`` lead to the blob that lead to fewer than ``most`` from the day ``since`` on."""
        by_term = self._seqs
        rare = [
            term
            for term in terms
            if len(by_term[term]) < most or sum(posted >= since for posted in by_term[term].values()) < most
        ]
        self.add_postings(rare, seq, day)

    def drop_posting(self, term: int, seq: int) -> None:
        """Let ``term`` no longer lead to the blob."""
        self._seqs[term].pop(seq, None)
        self._added.pop((term, seq), None)
        self._dropped.add((term, seq))
        self._blobs.drop_term(seq, term)

    def remove(self, seq: int) -> None:
        """Forget a blob that was read or set, and its postings."""
        for term in self._blobs.remove(seq):
            self.drop_posting(term, seq)

    def flush(self, connection: sa.Connection) -> None:
        """Write the blobs and postings that were set, added, dropped and removed."""
        posting_tables.lock_tables(connection, (self._tables.postings, self._tables.blobs))
        posting_tables.delete_postings(connection, self._tables, self._dropped)
        self._blobs.flush(connection)
        added = [(term, seq, day) for (term, seq), day in self._added.items()]
        posting_tables.write_postings(connection, self._tables, added)


def day_number(at: dt.datetime) -> int:
    """Return the day of ``at``, counted since 1970."""
    return int(at.timestamp() // 86_400)


def first_day_of_window(at: dt.datetime, window_days: float) -> int:
    """Return the day on which the window that ends at ``at`` begins."""
    return day_number(at - dt.timedelta(days=window_days))
