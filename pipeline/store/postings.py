"""Which remembered things share terms with this one? An inverted index of small blobs in two tables.

One table holds the things (seq, day, terms, data), the other (term, seq, day) leads to them. An instance serves one
batch: it reads what is stored, overlays what the batch adds, and writes that in ``flush``. Nothing else may write in
between: the caller holds the stage's lock. Days are counted since 1970.
"""

from __future__ import annotations

import datetime as dt
import heapq
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence

import msgspec
import numpy as np
import sqlalchemy as sa

from pipeline.frequency import Frequencies
from pipeline.store.engine import delete_columns, upsert, upsert_columns
from pipeline.store.schema import frequencies

_FORGOTTEN_AT_ONCE = 1000  # bounds the memory that expiry takes
# The whole of Frequencies is 512 kB: it is written anew when as much was counted since (some 600 articles)
_REWRITTEN_AFTER = 1 << 19


class Postings:
    """The tables ``things`` and ``postings``, as one batch sees and changes them."""

    def __init__(self, engine: sa.Engine, things: sa.Table, postings: sa.Table) -> None:
        self._engine = engine
        self._things = things
        self._postings = postings
        self._seqs: dict[int, dict[int, int]] = defaultdict(dict)  # term → seq → day
        self._data: dict[int, bytes] = {}
        self._terms: dict[int, dict[int, None] | bytes] = {}  # seq → its terms, in order; as stored until they change
        self._put: dict[int, int] = {}  # seq → day
        self._removed: set[int] = set()
        self._oldest = sys.maxsize  # no posting that was read or added is of a day before this one
        self._added: dict[tuple[int, int], int] = {}  # (term, seq) → day
        self._dropped: set[tuple[int, int]] = set()

    def load(self, terms: Iterable[int], since: int) -> None:
        """Read where ``terms`` lead, as far back as the day ``since``."""
        c = self._postings.c
        self._oldest = min(self._oldest, since)
        with self._engine.connect() as connection:
            # a row for each term: half the time of a row for each posting
            query = sa.select(c.term, _listed(connection, c.seq), _listed(connection, c.day)).group_by(c.term)
            for term, seqs, days in connection.execute(query.where(c.day >= since, among(connection, c.term, terms))):
                self._seqs[term].update(zip(_numbers(seqs), _numbers(days), strict=True))

    def read(self, seqs: Iterable[int]) -> None:
        """Read the things ``seqs`` where that hasn't been done."""
        wanted = set(seqs) - self._data.keys() - self._removed
        if not wanted:
            return
        c = self._things.c
        with self._engine.connect() as connection:
            statement = sa.select(c.seq, c.terms, c.data).where(among(connection, c.seq, wanted))
            for seq, terms, data in connection.execute(statement):
                self._terms[seq], self._data[seq] = terms, data

    def get(self, seq: int) -> bytes | None:
        """Return what was read or put under ``seq``."""
        return self._data.get(seq)

    def shared(self, terms: Collection[int], since: int) -> Counter[int]:
        """Return how many of ``terms`` lead to each thing, from the day ``since`` on."""
        found = [one for term in terms if (one := self._seqs.get(term))]
        if since <= self._oldest:  # the usual case, and several times as fast
            counted: Counter[int] = Counter()
            for one in found:
                counted.update(one.keys())
            return counted
        return Counter(seq for one in found for seq, day in one.items() if day >= since)

    def nearest(self, terms: Collection[int], since: int, most: int) -> list[tuple[int, int]]:
        """Return (how many of ``terms`` it shares, seq) of the ``most`` things since that day that share most of them.

        Of those that share as many, the latest. By far the most share one term: sorting all would take longer than
        comparing those that are returned.
        """
        shared = self.shared(terms, since)
        several = [(count, seq) for seq, count in shared.items() if count > 1]
        found = several if len(several) >= most else [(count, seq) for seq, count in shared.items()]
        return heapq.nlargest(most, found)

    def members(self, term: int, since: int) -> list[tuple[int, int]]:
        """Return (day, seq) of all things to which ``term`` leads, from the day ``since`` on."""
        return [(day, seq) for seq, day in self._seqs[term].items() if day >= since]

    def count(self, term: int) -> int:
        """Return to how many things ``term`` leads, of any day that was read: at least as many as ``members``."""
        return len(self._seqs[term])

    def put(self, seq: int, day: int, data: bytes) -> None:
        """Remember ``data`` under ``seq``."""
        self._data[seq] = data
        self._terms.setdefault(seq, {})
        self._put[seq] = day

    def lead(self, term: int, seq: int, day: int) -> None:
        """Let ``term`` lead to the thing."""
        led = self._seqs[term]
        if led.get(seq) == day:
            return
        led[seq] = self._added[term, seq] = day
        self._oldest = min(self._oldest, day)
        self._dropped.discard((term, seq))
        self._terms_of(seq)[term] = None

    def lead_all(self, terms: Iterable[int], seq: int, day: int, *, most: int, since: int) -> None:
        """Let those of ``terms`` lead to the thing that lead to fewer than ``most`` from the day ``since`` on."""
        for term in terms:
            led = self._seqs[term]
            if len(led) < most or sum(one >= since for one in led.values()) < most:
                self.lead(term, seq, day)

    def drop(self, term: int, seq: int) -> None:
        """Let ``term`` no longer lead to the thing."""
        self._seqs[term].pop(seq, None)
        self._added.pop((term, seq), None)
        self._dropped.add((term, seq))
        if seq in self._terms:
            self._terms_of(seq).pop(term, None)

    def remove(self, seq: int) -> None:
        """Forget a thing that was read or put."""
        for term in tuple(self._terms_of(seq)) if seq in self._terms else ():
            self.drop(term, seq)
        self._data.pop(seq, None)
        self._terms.pop(seq, None)
        self._put.pop(seq, None)
        self._removed.add(seq)

    def flush(self, connection: sa.Connection) -> None:
        """Write what was put, led, dropped and removed."""
        _delete_postings(connection, self._postings, self._dropped)
        if gone := self._removed - self._put.keys():
            connection.execute(sa.delete(self._things).where(among(connection, self._things.c.seq, gone)))
        put = list(self._put)
        things: dict[str, Sequence[object]] = {
            "seq": put,
            "day": list(self._put.values()),
            "terms": [_pack(self._terms_of(seq)) for seq in put],
            "data": [self._data[seq] for seq in put],
        }
        upsert_columns(connection, self._things, things)
        # sorted: neighbours lie on one page
        added = sorted(self._added)
        days = [self._added[one] for one in added]
        terms, seqs = zip(*added, strict=True) if added else ((), ())
        upsert_columns(connection, self._postings, {"term": terms, "seq": seqs, "day": days})

    def _terms_of(self, seq: int) -> dict[int, None]:
        terms = self._terms[seq]
        if isinstance(terms, bytes):  # most of what is read is only compared: its terms are unpacked when they change
            self._terms[seq] = terms = dict.fromkeys(_unpack(terms))
        return terms


def among(
    connection: sa.Connection, column: sa.Column[int] | sa.Column[str], values: Iterable[int] | Iterable[str]
) -> sa.ColumnElement[bool]:
    """Return the condition that the column is one of ``values``, however many, in one parameter."""
    if connection.dialect.name == "sqlite":
        each = sa.func.json_each(json.dumps(list(values))).table_valued("value")
        return column.in_(sa.select(each.c.value))
    return column == sa.any_(sa.cast(list(values), sa.ARRAY(column.type)))


def _listed(connection: sa.Connection, column: sa.Column[int]) -> sa.ColumnElement[str]:
    """Return all values of a column in a group, as JSON; ``_numbers`` reads them."""
    if connection.dialect.name == "sqlite":
        return sa.func.json_group_array(column)
    return sa.cast(sa.func.json_agg(column), sa.Text)


_numbers = msgspec.json.Decoder(list[int]).decode


def forget(connection: sa.Connection, things: sa.Table, postings: sa.Table, which: sa.ColumnElement[bool]) -> int:
    """Forget the things for which ``which`` holds, with their postings; return how many."""
    chosen = sa.select(things.c.seq, things.c.terms).where(which).limit(_FORGOTTEN_AT_ONCE)
    forgotten = 0
    while rows := connection.execute(chosen).all():
        _delete_postings(connection, postings, [(term, seq) for seq, terms in rows for term in _unpack(terms)])
        connection.execute(sa.delete(things).where(among(connection, things.c.seq, [seq for seq, _ in rows])))
        forgotten += len(rows)
    return forgotten


def load_frequencies(engine: sa.Engine, stage: str) -> Frequencies:
    """Return how common terms are, as the stage saved it; new where it did not."""
    c = frequencies.c
    with engine.connect() as connection:
        rows = connection.execute(sa.select(c.part, c.data).where(c.stage == stage).order_by(c.part)).all()
    whole = rows[0].data if rows and rows[0].part == 0 else None
    return Frequencies(whole, (row.data for row in rows if row.part > 0))


def save_frequencies(connection: sa.Connection, stage: str, counted: Frequencies) -> None:
    """Save how common terms are: what was counted since the last time, and the whole only now and then."""
    c = frequencies.c
    since = sa.select(sa.func.max(c.part), sa.func.sum(sa.func.length(c.data))).where(c.stage == stage, c.part > 0)
    last, size = connection.execute(since).one()
    added = counted.take_added()
    if not added:
        return
    if (size or 0) + len(added) < _REWRITTEN_AFTER:
        upsert(connection, frequencies, [{"stage": stage, "part": (last or 0) + 1, "data": added}])
        return
    connection.execute(sa.delete(frequencies).where(c.stage == stage))
    upsert(connection, frequencies, [{"stage": stage, "part": 0, "data": bytes(counted)}])


def day_of(at: dt.datetime) -> int:
    """Return the day of ``at``."""
    return int(at.timestamp() // 86_400)


def first_day(at: dt.datetime, window_days: float) -> int:
    """Return the day on which the window that ends at ``at`` begins."""
    return day_of(at - dt.timedelta(days=window_days))


def _delete_postings(connection: sa.Connection, table: sa.Table, gone: Collection[tuple[int, int]]) -> None:
    terms, seqs = zip(*sorted(gone), strict=True) if gone else ((), ())
    delete_columns(connection, table, {"term": terms, "seq": seqs})


def _pack(terms: Collection[int]) -> bytes:
    return np.array(tuple(terms), dtype="<u4").tobytes()


def _unpack(data: bytes) -> tuple[int, ...]:
    return tuple(np.frombuffer(data, dtype="<u4").tolist())
