"""Keep an inverted index of small blobs, as one batch sees it: which blobs share terms with this one.

An instance serves one batch: it reads what is stored, overlays what the batch adds, and writes that in ``flush``.
Nothing else may write in between: the caller holds the stage's lock. Days are counted since 1970.
``store.posting_tables`` decides how blobs and postings lie in the database.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import chain

import numpy as np
import sqlalchemy as sa

from pipeline.store import posting_tables
from pipeline.store.engine import ReadOpener
from pipeline.store.posting_tables import IndexedBlob, PostingTables


class InvertedIndex:
    """The blobs and postings of one kind, as one batch sees and changes them."""

    def __init__(self, read: ReadOpener, tables: PostingTables) -> None:
        self._read = read
        self._tables = tables
        self._seqs: dict[int, dict[int, int]] = defaultdict(dict)  # term → seq → day
        self._data: dict[int, bytes] = {}
        self._terms: dict[int, dict[int, None] | bytes] = {}  # seq → its terms, in order; as stored until they change
        self._stored: dict[int, int] = {}  # seq → the day under which it was read
        self._put: dict[int, int] = {}  # seq → day
        self._removed: set[int] = set()
        self._oldest = sys.maxsize  # no posting that was read or added is of a day before this one
        self._added: dict[tuple[int, int], int] = {}  # (term, seq) → day
        self._dropped: set[tuple[int, int]] = set()
        self._changed: set[int] = set()  # terms whose postings aren't those that were read any more

    def load_postings(self, terms: Iterable[int], since: int) -> None:
        """Read the postings of ``terms``, as far back as the day ``since``."""
        self._oldest = min(self._oldest, since)
        with self._read() as connection:
            for term, days in posting_tables.select_postings(connection, self._tables, terms, since):
                self._seqs[term].update(days)

    def load_blobs(self, seqs: Iterable[int]) -> None:
        """Read the blobs ``seqs`` where that hasn't been done."""
        wanted = set(seqs) - self._data.keys() - self._removed
        if not wanted:
            return
        with self._read() as connection:
            for seq, day, terms, data in posting_tables.select_blobs(connection, self._tables, wanted):
                self._stored[seq], self._terms[seq], self._data[seq] = day, terms, data

    def get_blob(self, seq: int) -> bytes | None:
        """Return the blob that was read or set under ``seq``."""
        return self._data.get(seq)

    def count_shared(self, terms: Collection[int], since: int) -> Counter[int]:
        """Return how many of ``terms`` lead to each blob, from the day ``since`` on."""
        postings = [days for term in terms if (days := self._seqs.get(term))]
        if since <= self._oldest:  # the usual case, and several times as fast
            counts: Counter[int] = Counter()
            for days in postings:
                counts.update(days.keys())
            return counts
        return Counter(seq for days in postings for seq, day in days.items() if day >= since)

    def find_nearest(self, worth: Mapping[int, float], since: int, most: int) -> list[int]:
        """Return the ``most`` blobs since that day whose shared terms are worth most together, best first.

        ``worth`` is what each term is worth. Of blobs that are worth the same, the latest comes first.
        """
        postings: list[Collection[int]] = [self._seqs.get(term, {}) for term in worth]
        if since > self._oldest:  # seldom: most batches are of one day
            postings = [[seq for seq, day in self._seqs.get(term, {}).items() if day >= since] for term in worth]
        posting_seqs = np.fromiter(chain.from_iterable(postings), dtype=np.int64)
        values = np.repeat(np.array(list(worth.values())), [len(seqs) for seqs in postings])
        candidates, positions = np.unique(posting_seqs, return_inverse=True)
        total = np.bincount(positions, values, len(candidates))
        if len(candidates) > most:  # by far: all of them are not brought into order
            top = np.flatnonzero(total >= np.partition(total, -most)[-most])
            candidates, total = candidates[top], total[top]
        best: list[int] = candidates[np.argsort(total, kind="stable")[::-1][:most]].tolist()
        return best

    def has_changed(self, terms: Collection[int]) -> bool:
        """Tell whether any of ``terms`` leads elsewhere than when postings were read."""
        return not self._changed.isdisjoint(terms)

    def list_members(self, term: int, since: int) -> list[tuple[int, int]]:
        """Return (day, seq) of all blobs to which ``term`` leads, from the day ``since`` on."""
        return [(day, seq) for seq, day in self._seqs[term].items() if day >= since]

    def count_members(self, term: int) -> int:
        """Return to how many blobs ``term`` leads, of any day that was read: at least as many as ``list_members``."""
        return len(self._seqs[term])

    def set_blob(self, seq: int, day: int, data: bytes) -> None:
        """Remember ``data`` under ``seq``, which was read before or is new."""
        self._data[seq] = data
        self._terms.setdefault(seq, {})
        self._put[seq] = day

    def add_postings(self, terms: Iterable[int], seq: int, day: int) -> None:
        """Let ``terms`` lead to the blob."""
        blob_terms = self._terms_of(seq)
        for term in terms:
            days = self._seqs[term]
            present_day = days.get(seq)
            if present_day == day:
                continue
            if present_day is not None:
                self._dropped.add((term, seq))
            days[seq] = self._added[term, seq] = day
            self._changed.add(term)
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
        self._changed.add(term)
        self._added.pop((term, seq), None)
        self._dropped.add((term, seq))
        if seq in self._terms:
            self._terms_of(seq).pop(term, None)

    def remove(self, seq: int) -> None:
        """Forget a blob that was read or set, and its postings."""
        for term in tuple(self._terms_of(seq)) if seq in self._terms else ():
            self.drop_posting(term, seq)
        self._data.pop(seq, None)
        self._terms.pop(seq, None)
        self._put.pop(seq, None)
        self._removed.add(seq)

    def flush(self, connection: sa.Connection) -> None:
        """Write the blobs and postings that were set, added, dropped and removed."""
        posting_tables.lock_tables(connection, self._tables)
        posting_tables.delete_postings(connection, self._tables, self._dropped)
        redated = {seq for seq, day in self._put.items() if self._stored.get(seq, day) != day}
        posting_tables.delete_blobs(connection, self._tables, redated | (self._removed - self._put.keys()))
        blobs = [
            IndexedBlob(seq, day, posting_tables.pack_terms(self._terms_of(seq)), self._data[seq])
            for seq, day in self._put.items()
        ]
        added = [(term, seq, day) for (term, seq), day in self._added.items()]
        posting_tables.write_blobs(connection, self._tables, blobs, added)

    def _terms_of(self, seq: int) -> dict[int, None]:
        terms = self._terms[seq]
        if isinstance(terms, bytes):  # most of what is read is only compared: its terms are unpacked when they change
            self._terms[seq] = terms = dict.fromkeys(posting_tables.unpack_terms(terms))
        return terms


def day_number(at: dt.datetime) -> int:
    """Return the day of ``at``, counted since 1970."""
    return int(at.timestamp() // 86_400)


def first_day_of_window(at: dt.datetime, window_days: float) -> int:
    """Return the day on which the window that ends at ``at`` begins."""
    return day_number(at - dt.timedelta(days=window_days))
