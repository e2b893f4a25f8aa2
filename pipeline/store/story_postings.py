"""Keep which stories each term leads to: one packed list a term, in the order of days.

A list is read and written as a whole. As a row for each posting, 24 terms of up to 40 stories each were most of what
cluster read of a large ledger, and each posting that made room for another one changed a page far from all others.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from pipeline.store.engine import ReadOpener
from pipeline.store.schema.stories import story_postings
from pipeline.store.statements import among, upsert_columns

# A posting is one number, so that its order is that of days: the day since 1970, and the story's number,
# which is an article's (a trillion of them)
_SEQ_BITS = 40
_SEQ_MASK = (1 << _SEQ_BITS) - 1
_POSTING = struct.Struct("<q")
_ROWS = 20_000  # lists that are shortened together

Seqs = npt.NDArray[np.int64]


class StoryPostings:
    """Which stories each term leads to, as one batch sees and changes it.

    It reads what is stored, overlays what the batch adds, and writes that in ``flush``. Nothing else may write in
    between: the caller holds cluster's lock.
    """

    def __init__(self, read: ReadOpener) -> None:
        self._read = read
        self._lists: dict[int, bytes] = {}  # term → its postings, packed
        self._changed: set[int] = set()  # terms whose lists aren't those that were read any more

    def load(self, terms: Iterable[int]) -> None:
        """Read the postings of ``terms`` where that hasn't been done."""
        wanted = {term for term in terms if term not in self._lists}
        if not wanted:
            return
        with self._read() as connection:
            self._lists.update(dict.fromkeys(wanted, b""))
            self._lists.update(select_lists(connection, wanted))

    def find_nearest(self, worth: Mapping[int, float], since: int, most: int) -> list[int]:
        """Return the ``most`` stories since that day whose shared terms are worth most together, best first.

        ``worth`` is what each term is worth; what isn't loaded leads nowhere. Of stories that are worth the same, the
        latest comes first.
        """
        lists = [self._lists.get(term, b"") for term in worth]
        postings = np.frombuffer(b"".join(lists), dtype="<i8")
        values = np.repeat(np.array(list(worth.values())), [len(packed) // _POSTING.size for packed in lists])
        is_active = postings >= since << _SEQ_BITS
        if not is_active.all():
            postings, values = postings[is_active], values[is_active]
        candidates, positions = np.unique(postings & _SEQ_MASK, return_inverse=True)
        total = np.bincount(positions, values, len(candidates))
        if len(candidates) > most:  # by far: all of them are not brought into order
            top = np.flatnonzero(total >= np.partition(total, -most)[-most])
            candidates, total = candidates[top], total[top]
        best: list[int] = candidates[np.argsort(total, kind="stable")[::-1][:most]].tolist()
        return best

    def has_changed(self, terms: Collection[int]) -> bool:
        """Tell whether any of ``terms`` leads elsewhere than when postings were read."""
        return not self._changed.isdisjoint(terms)

    def add(self, terms: Collection[int], seq: int, day: int, *, since: int, most: int) -> list[tuple[int, int]]:
        """Let ``terms`` lead to the story ``seq``, of ``day``; return (term, story) of the postings that made room.

        Where a term leads to ``most`` others from the day ``since`` on, the oldest of them makes room.
        """
        self.load(terms)
        displaced = []
        for term in terms:
            packed, other = insert_posting(self._lists[term], seq, day, since=since, most=most)
            if packed != self._lists[term]:
                self._lists[term] = packed
                self._changed.add(term)
            if other is not None:
                displaced.append((term, other))
        return displaced

    def drop(self, terms: Collection[int], seq: int) -> None:
        """Let ``terms`` no longer lead to the story."""
        self.load(terms)
        for term in terms:
            self._lists[term] = drop_posting(self._lists[term], seq)
            self._changed.add(term)

    def flush(self, connection: sa.Connection) -> None:
        """Write the lists that have changed."""
        write_lists(connection, {term: self._lists[term] for term in self._changed})


def pack_postings(postings: Iterable[tuple[int, int]]) -> bytes:
    """Return a term's postings (day, seq) as they are stored; a story stands in them once."""
    return _pack(sorted(day << _SEQ_BITS | seq for day, seq in postings))


def unpack_postings(packed: bytes) -> list[tuple[int, int]]:
    """Return (day, seq) of the postings of a term, in their order."""
    return [(posting >> _SEQ_BITS, posting & _SEQ_MASK) for posting in _unpack(packed)]


def unpack_seqs(packed: bytes) -> Seqs:
    """Return the stories to which the postings of one or more terms lead."""
    return np.frombuffer(packed, dtype="<i8") & _SEQ_MASK


def insert_posting(packed: bytes, seq: int, day: int, *, since: int, most: int) -> tuple[bytes, int | None]:
    """Return the postings of a term that leads to the story ``seq`` too, and the story that made room, if any did.

    Where the term leads to ``most`` others from the day ``since`` on, the oldest of them makes room.
    """
    others, displaced = drop_posting(packed, seq), None
    first = _find_position(others, since << _SEQ_BITS)
    if len(others) - first >= most * _POSTING.size:
        displaced = _POSTING.unpack_from(others, first)[0] & _SEQ_MASK
        others = others[:first] + others[first + _POSTING.size :]
    posting = day << _SEQ_BITS | seq
    at = _find_position(others, posting)
    return others[:at] + _POSTING.pack(posting) + others[at:], displaced


def drop_posting(packed: bytes, seq: int) -> bytes:
    """Return the postings of a term that leads to the story ``seq`` no more."""
    if packed.find(seq.to_bytes(_SEQ_BITS // 8, "little")) < 0:  # by far the most: a new story
        return packed
    return _pack([posting for posting in _unpack(packed) if posting & _SEQ_MASK != seq])


def drop_days_before(packed: bytes, first_day: int) -> bytes:
    """Return the postings of a term that are of ``first_day`` or later."""
    return packed[_find_position(packed, first_day << _SEQ_BITS) :]


def select_lists(connection: sa.Connection, terms: Iterable[int]) -> dict[int, bytes]:
    """Return term → packed postings of those of ``terms`` that lead anywhere."""
    c = story_postings.c
    query = sa.select(c.term, c.postings).where(among(connection, c.term, sorted(terms)))
    return dict(connection.execute(query).all())


def write_lists(connection: sa.Connection, lists: Mapping[int, bytes]) -> None:
    """Write the packed postings of terms; a term without any goes."""
    present = sorted(term for term, packed in lists.items() if packed)  # neighbours lie on one page
    columns: dict[str, Sequence[object]] = {
        "term": present,
        "first_day": [_POSTING.unpack_from(lists[term])[0] >> _SEQ_BITS for term in present],
        "postings": [lists[term] for term in present],
    }
    upsert_columns(connection, story_postings, columns)
    if emptied := [term for term, packed in lists.items() if not packed]:
        connection.execute(sa.delete(story_postings).where(among(connection, story_postings.c.term, emptied)))


def delete_postings_before(connection: sa.Connection, first_day: int) -> None:
    """Delete the postings of days before ``first_day``. The caller holds cluster's lock: a batch writes whole lists."""
    c, last = story_postings.c, -1
    while True:
        old = sa.select(c.term, c.postings).where(c.first_day < first_day, c.term > last).order_by(c.term).limit(_ROWS)
        lists = {term: drop_days_before(packed, first_day) for term, packed in connection.execute(old)}
        if not lists:
            return
        write_lists(connection, lists)
        last = max(lists)


def _find_position(packed: bytes, bound: int) -> int:
    """Return the byte at which the first posting stands that isn't below ``bound``: mostly one of the two ends."""
    if not packed or _POSTING.unpack_from(packed, len(packed) - _POSTING.size)[0] < bound:
        return len(packed)
    if _POSTING.unpack_from(packed)[0] >= bound:
        return 0
    return _POSTING.size * bisect_left(_unpack(packed), bound)


def _pack(postings: Collection[int]) -> bytes:
    return struct.pack(f"<{len(postings)}q", *postings)


def _unpack(packed: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(packed) // _POSTING.size}q", packed)
