"""Keep how common terms are, as dedupe and cluster count them.

What is kept in memory is a copy of what the database holds: before each use it is compared with the newest part there,
so that another process may count too.
"""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

from pipeline.count_min import CountMinSketch
from pipeline.store.engine import ReadOpener
from pipeline.store.schema.term_frequencies import frequencies
from pipeline.store.statements import upsert

# a whole count-min sketch is 512 kB: it is written anew when as much was counted since (some 600 articles)
_REWRITTEN_AFTER = 1 << 19


class _Kept(NamedTuple):
    """The counts of a stage up to the part ``number``, whose data stands here too."""

    number: int
    data: bytes
    size: int  # bytes of the parts since the last whole
    counts: CountMinSketch


class FrequencyMemory:
    """How common terms are, by stage. A stage's counts are saved by whoever holds its lock."""

    def __init__(self, read: ReadOpener) -> None:
        self._read = read
        self._kept: dict[str, _Kept] = {}

    def load(self, stage: str) -> CountMinSketch:
        """Return how common terms are, as the stage saved it; new where it did not. It may be changed."""
        c, kept = frequencies.c, self._kept.get(stage)
        parts = sa.select(c.part, c.data).where(c.stage == stage)
        with self._read() as connection:
            if kept is None:
                rows = connection.execute(parts.order_by(c.part)).all()
            else:
                rows = connection.execute(parts.where(c.part >= kept.number).order_by(c.part)).all()
                # numbers are never used twice, unless a transaction was rolled back
                if rows and (rows[0].part, rows[0].data) == (kept.number, kept.data):
                    return self._catch_up(stage, kept, [(row.part, row.data) for row in rows[1:]])
                rows = connection.execute(parts.order_by(c.part)).all()
        if not rows:
            return CountMinSketch()
        whole = rows[0].data if rows[0].part == 0 else None
        increments = [row.data for row in rows if row.part > 0]
        counts = CountMinSketch(whole, increments)
        self._kept[stage] = _Kept(rows[-1].part, rows[-1].data, sum(map(len, increments)), counts)
        return counts.copy()

    def _catch_up(self, stage: str, kept: _Kept, later: list[tuple[int, bytes]]) -> CountMinSketch:
        counts = kept.counts.copy()
        for _, data in later:
            counts.replay(data)
        if later:
            size = kept.size + sum(len(data) for _, data in later)
            self._kept[stage] = _Kept(*later[-1], size, counts.copy())
        return counts

    def save(self, connection: sa.Connection, stage: str, counted: CountMinSketch) -> None:
        """Save how common terms are: what was counted since the last time, and the whole only now and then."""
        added = counted.take_increments()
        if not added:
            return
        c, kept = frequencies.c, self._kept.pop(stage, None)
        last = connection.scalar(sa.select(sa.func.max(c.part)).where(c.stage == stage)) or 0
        if kept is not None and kept.number == last:
            size = kept.size
        else:
            lengths = sa.select(sa.func.sum(sa.func.length(c.data))).where(c.stage == stage, c.part > 0)
            size = connection.scalar(lengths) or 0
        if size + len(added) < _REWRITTEN_AFTER:
            upsert(connection, frequencies, [{"stage": stage, "part": last + 1, "data": added}])
            self._kept[stage] = _Kept(last + 1, added, size + len(added), counted.copy())
            return
        connection.execute(sa.delete(frequencies).where(c.stage == stage))
        # an empty part holds the number, so that those that follow have higher ones
        wholes = [{"stage": stage, "part": 0, "data": bytes(counted)}, {"stage": stage, "part": last + 1, "data": b""}]
        upsert(connection, frequencies, wholes)
