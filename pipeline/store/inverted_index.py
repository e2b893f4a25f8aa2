"""Which remembered things share terms with this one? An inverted index of small blobs, as one batch sees it.

An instance serves one batch: it reads what is stored, overlays what the batch adds, and writes that in ``flush``.
Nothing else may write in between: the caller holds the stage's lock. Days are counted since 1970; how things and
postings lie in the database is ``store.layout``'s part.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import chain

import numpy as np
import sqlalchemy as sa

from pipeline.count_min import CountMinSketch
from pipeline.store import posting_tables
from pipeline.store.posting_tables import IndexedBlob, PostingTables
from pipeline.store.schema.term_frequencies import frequencies
from pipeline.store.statements import upsert

# The whole of Frequencies is 512 kB: it is written anew when as much was counted since (some 600 articles)
_REWRITTEN_AFTER = 1 << 19


class InvertedIndex:
    """The things and postings of one kind, as one batch sees and changes them."""

    def __init__(self, engine: sa.Engine, tables: PostingTables) -> None:
        self._engine = engine
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

    def load_postings(self, terms: Iterable[int], since: int) -> None:
        """Read where ``terms`` lead, as far back as the day ``since``."""
        self._oldest = min(self._oldest, since)
        with self._engine.connect() as connection:
            for term, days in posting_tables.select_postings(connection, self._tables, terms, since):
                self._seqs[term].update(days)

    def load_blobs(self, seqs: Iterable[int]) -> None:
        """Read the things ``seqs`` where that hasn't been done."""
        wanted = set(seqs) - self._data.keys() - self._removed
        if not wanted:
            return
        with self._engine.connect() as connection:
            for seq, day, terms, data in posting_tables.select_blobs(connection, self._tables, wanted):
                self._stored[seq], self._terms[seq], self._data[seq] = day, terms, data

    def get_blob(self, seq: int) -> bytes | None:
        """Return what was read or put under ``seq``."""
        return self._data.get(seq)

    def count_shared(self, terms: Collection[int], since: int) -> Counter[int]:
        """Return how many of ``terms`` lead to each thing, from the day ``since`` on."""
        found = [one for term in terms if (one := self._seqs.get(term))]
        if since <= self._oldest:  # the usual case, and several times as fast
            counted: Counter[int] = Counter()
            for one in found:
                counted.update(one.keys())
            return counted
        return Counter(seq for one in found for seq, day in one.items() if day >= since)

    def find_nearest(self, worth: Mapping[int, float], since: int, most: int) -> list[int]:
        """Return the ``most`` things since that day whose shared terms are worth most together, best first.

        Of those that are worth the same, the latest.
        """
        led: list[Collection[int]] = [self._seqs.get(term, {}) for term in worth]
        if since > self._oldest:  # seldom: most batches are of one day
            led = [[seq for seq, day in self._seqs.get(term, {}).items() if day >= since] for term in worth]
        seqs = np.fromiter(chain.from_iterable(led), dtype=np.int64)
        values = np.repeat(np.array(list(worth.values())), [len(one) for one in led])
        found, places = np.unique(seqs, return_inverse=True)
        total = np.bincount(places, values, len(found))
        if len(found) > most:  # by far: all of them are not brought into order
            kept = np.flatnonzero(total >= np.partition(total, -most)[-most])
            found, total = found[kept], total[kept]
        best: list[int] = found[np.argsort(total, kind="stable")[::-1][:most]].tolist()
        return best

    def list_members(self, term: int, since: int) -> list[tuple[int, int]]:
        """Return (day, seq) of all things to which ``term`` leads, from the day ``since`` on."""
        return [(day, seq) for seq, day in self._seqs[term].items() if day >= since]

    def count_members(self, term: int) -> int:
        """Return to how many things ``term`` leads, of any day that was read: at least as many as ``members``."""
        return len(self._seqs[term])

    def set_blob(self, seq: int, day: int, data: bytes) -> None:
        """Remember ``data`` under ``seq``, which was read before or is new."""
        self._data[seq] = data
        self._terms.setdefault(seq, {})
        self._put[seq] = day

    def add_postings(self, terms: Iterable[int], seq: int, day: int) -> None:
        """Let ``terms`` lead to the thing."""
        own = self._terms_of(seq)
        for term in terms:
            led = self._seqs[term]
            before = led.get(seq)
            if before == day:
                continue
            if before is not None:
                self._dropped.add((term, seq))
            led[seq] = self._added[term, seq] = day
            own[term] = None
        self._oldest = min(self._oldest, day)

    def add_rare_postings(self, terms: Iterable[int], seq: int, day: int, *, most: int, since: int) -> None:
        """Let those of ``terms`` lead to the thing that lead to fewer than ``most`` from the day ``since`` on."""
        each = self._seqs
        free = [
            term for term in terms if len(each[term]) < most or sum(one >= since for one in each[term].values()) < most
        ]
        self.add_postings(free, seq, day)

    def drop_posting(self, term: int, seq: int) -> None:
        """Let ``term`` no longer lead to the thing."""
        self._seqs[term].pop(seq, None)
        self._added.pop((term, seq), None)
        self._dropped.add((term, seq))
        if seq in self._terms:
            self._terms_of(seq).pop(term, None)

    def remove(self, seq: int) -> None:
        """Forget a thing that was read or put."""
        for term in tuple(self._terms_of(seq)) if seq in self._terms else ():
            self.drop_posting(term, seq)
        self._data.pop(seq, None)
        self._terms.pop(seq, None)
        self._put.pop(seq, None)
        self._removed.add(seq)

    def flush(self, connection: sa.Connection) -> None:
        """Write what was put, led, dropped and removed."""
        posting_tables.lock_tables(connection, self._tables)
        posting_tables.delete_postings(connection, self._tables, self._dropped)
        redated = {seq for seq, day in self._put.items() if self._stored.get(seq, day) != day}
        posting_tables.delete_blobs(connection, self._tables, redated | (self._removed - self._put.keys()))
        things = [
            IndexedBlob(seq, day, posting_tables.pack_terms(self._terms_of(seq)), self._data[seq])
            for seq, day in self._put.items()
        ]
        added = [(term, seq, day) for (term, seq), day in self._added.items()]
        posting_tables.write_blobs(connection, self._tables, things, added)

    def _terms_of(self, seq: int) -> dict[int, None]:
        terms = self._terms[seq]
        if isinstance(terms, bytes):  # most of what is read is only compared: its terms are unpacked when they change
            self._terms[seq] = terms = dict.fromkeys(posting_tables.unpack_terms(terms))
        return terms


def load_frequencies(engine: sa.Engine, stage: str) -> CountMinSketch:
    """Return how common terms are, as the stage saved it; new where it did not."""
    c = frequencies.c
    with engine.connect() as connection:
        rows = connection.execute(sa.select(c.part, c.data).where(c.stage == stage).order_by(c.part)).all()
    whole = rows[0].data if rows and rows[0].part == 0 else None
    return CountMinSketch(whole, (row.data for row in rows if row.part > 0))


def save_frequencies(connection: sa.Connection, stage: str, counted: CountMinSketch) -> None:
    """Save how common terms are: what was counted since the last time, and the whole only now and then."""
    c = frequencies.c
    since = sa.select(sa.func.max(c.part), sa.func.sum(sa.func.length(c.data))).where(c.stage == stage, c.part > 0)
    last, size = connection.execute(since).one()
    added = counted.take_increments()
    if not added:
        return
    if (size or 0) + len(added) < _REWRITTEN_AFTER:
        upsert(connection, frequencies, [{"stage": stage, "part": (last or 0) + 1, "data": added}])
        return
    connection.execute(sa.delete(frequencies).where(c.stage == stage))
    upsert(connection, frequencies, [{"stage": stage, "part": 0, "data": bytes(counted)}])


def day_number(at: dt.datetime) -> int:
    """Return the day of ``at``."""
    return int(at.timestamp() // 86_400)


def first_day_of_window(at: dt.datetime, window_days: float) -> int:
    """Return the day on which the window that ends at ``at`` begins."""
    return day_number(at - dt.timedelta(days=window_days))
