"""What does dedupe remember? Sketches of articles, found by the terms that they share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import sqlalchemy as sa

from pipeline.settings import DedupeSettings
from pipeline.store import posting_tables
from pipeline.store.engine import among, upsert
from pipeline.store.inverted_index import (
    InvertedIndex,
    day_number,
    first_day_of_window,
    load_frequencies,
    save_frequencies,
)
from pipeline.store.rows import CopyPin, GroupMember
from pipeline.store.schema.articles import items
from pipeline.store.schema.copies import copy_pins, copy_sketches

MOST_POSTINGS = 50  # a term that more articles share leads nowhere, or to the group to which the first of them lead
MOST_CANDIDATES = 50  # compared with one article; the mean is 4
_STAGE = "dedupe"


class SketchIndex:
    """The sketches in the ledger, as dedupe asks for them in one batch; a dedupe.CopyMemory."""

    def __init__(self, engine: sa.Engine, settings: DedupeSettings) -> None:
        self._engine = engine
        self._postings = InvertedIndex(engine, posting_tables.COPIES)
        self._window = settings.window_days
        self._pins: dict[int, str] = {}
        self.frequencies = load_frequencies(engine, _STAGE)

    def prefetch(self, wanted: Sequence[tuple[int, dt.datetime, Collection[int]]]) -> None:
        """Read what the articles (seq, first seen, terms) will ask for, all at once."""
        if not wanted:
            return
        since = min(first_day_of_window(at, self._window) for _, at, _ in wanted)
        self._postings.load_postings({term for _, _, terms in wanted for term in terms}, since)
        own = {seq for seq, _, _ in wanted}
        self._postings.load_blobs(own.union(*(self._nearest(*one) for one in wanted)))
        c = copy_pins.c
        with self._engine.connect() as connection:
            statement = sa.select(c.seq, c.copy_group).where(among(connection, c.seq, own))
            self._pins.update((seq, group) for seq, group in connection.execute(statement))

    def candidates(self, seq: int, at: dt.datetime, terms: Collection[int]) -> list[bytes]:
        """Return the sketches of those other articles within the window that share most of ``terms``, best first."""
        nearest = self._nearest(seq, at, terms)
        self._postings.load_blobs(nearest)
        return [data for one in nearest if (data := self._postings.get_blob(one)) is not None]

    def recall(self, seq: int) -> bytes | None:
        """Return what is remembered of the article (one that was prefetched)."""
        return self._postings.get_blob(seq)

    def pinned_group(self, seq: int) -> str | None:
        """Return the group that an editor put the article (one that was prefetched) in."""
        return self._pins.get(seq)

    def add(self, seq: int, at: dt.datetime, terms: Collection[int], data: bytes) -> None:
        """Remember the article's sketch under its terms, instead of what was remembered of it."""
        self._postings.remove(seq)
        day, since = day_number(at), first_day_of_window(at, self._window)
        self._postings.set_blob(seq, day, data)
        self._postings.add_rare_postings(terms, seq, day, most=MOST_POSTINGS, since=since)

    def flush(self, connection: sa.Connection) -> None:
        """Write what the batch changed, in the caller's transaction."""
        self._postings.flush(connection)
        save_frequencies(connection, _STAGE, self.frequencies)

    def _nearest(self, seq: int, at: dt.datetime, terms: Collection[int]) -> list[int]:
        shared = self._postings.count_shared(terms, first_day_of_window(at, self._window))
        return sorted((one for one in shared if one != seq), key=lambda one: (-shared[one], one))[:MOST_CANDIDATES]


def list_members(connection: sa.Connection, groups: Iterable[str]) -> dict[str, list[GroupMember]]:
    """Return the articles of each of these copy groups, in order of arrival."""
    columns = [items.c[name] for name in GroupMember.__struct_fields__]
    found: dict[str, list[GroupMember]] = {}
    statement = sa.select(*columns).where(among(connection, items.c.copy_group, groups)).order_by(items.c.seq)
    for row in connection.execute(statement):
        found.setdefault(row.copy_group, []).append(GroupMember(**row._mapping))  # noqa: SLF001
    return found


def pin_to_groups(
    connection: sa.Connection,
    groups: Mapping[int, str],
    change: Callable[[bytes, str], bytes],
    decision: Mapping[str, object],
) -> None:
    """Put articles (seq → group) into groups for good, by an editor's ``decision``; ``change`` moves a sketch."""
    upsert(connection, copy_pins, [{"seq": seq, "copy_group": group, **decision} for seq, group in groups.items()])
    c = copy_sketches.c
    sketches = connection.execute(sa.select(c.seq, c.data).where(among(connection, c.seq, groups))).all()
    for seq, data in sketches:
        changed = copy_sketches.update().where(c.seq == seq)
        connection.execute(changed.values(data=change(data, groups[seq])))
    for seq, group in groups.items():
        connection.execute(items.update().where(items.c.seq == seq).values(copy_group=group))


def list_pins(connection: sa.Connection, seqs: Collection[int]) -> list[CopyPin]:
    """Return what editors decided on these articles, in order."""
    c = copy_pins.c
    query = sa.select(items.c.id, c.copy_group, c.at, c.made_by, c.reason).join(items, items.c.seq == c.seq)
    rows = connection.execute(query.where(among(connection, c.seq, seqs)).order_by(c.at, c.seq))
    return [CopyPin(**row._mapping) for row in rows]  # noqa: SLF001


def find_sketched(connection: sa.Connection, seqs: Collection[int]) -> set[int]:
    """Return those of these articles whose sketches are remembered."""
    c = copy_sketches.c
    return set(connection.scalars(sa.select(c.seq).where(among(connection, c.seq, seqs))))


def delete_sketches_before(connection: sa.Connection, before: dt.datetime) -> int:
    """Forget the sketches of articles first seen on a day before that of ``before``; return how many."""
    return posting_tables.delete_days_before(connection, posting_tables.COPIES, day_number(before))


def delete_sketches(connection: sa.Connection, seqs: Collection[int]) -> None:
    """Forget the sketches of these articles."""
    posting_tables.delete_with_postings(connection, posting_tables.COPIES, seqs)
