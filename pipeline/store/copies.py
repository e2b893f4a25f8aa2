"""What does dedupe remember? Sketches of articles, found by the terms that they share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

import sqlalchemy as sa

from pipeline.settings import Dedupe
from pipeline.store import postings
from pipeline.store.postings import Postings, among, day_of, first_day, load_frequencies, save_frequencies
from pipeline.store.schema import copy_sketches, copy_terms

MOST_POSTINGS = 50  # a term that more articles share leads nowhere, or to the group to which the first of them lead
MOST_CANDIDATES = 50  # compared with one article; the mean is 4
_STAGE = "dedupe"


class StoredCopies:
    """The sketches in the ledger, as dedupe asks for them in one batch; a dedupe.CopyMemory."""

    def __init__(self, engine: sa.Engine, settings: Dedupe) -> None:
        self._postings = Postings(engine, copy_sketches, copy_terms)
        self._window = settings.window_days
        self.frequencies = load_frequencies(engine, _STAGE)

    def prefetch(self, wanted: Sequence[tuple[int, dt.datetime, Collection[int]]]) -> None:
        """Read what the articles (seq, first seen, terms) will ask for, all at once."""
        if not wanted:
            return
        since = min(first_day(at, self._window) for _, at, _ in wanted)
        self._postings.load({term for _, _, terms in wanted for term in terms}, since)
        own = {seq for seq, _, _ in wanted}
        self._postings.read(own.union(*(self._nearest(*one) for one in wanted)))

    def candidates(self, seq: int, at: dt.datetime, terms: Collection[int]) -> list[bytes]:
        """Return the sketches of those earlier articles within the window that share most of ``terms``, best first."""
        nearest = self._nearest(seq, at, terms)
        self._postings.read(nearest)
        return [data for one in nearest if (data := self._postings.get(one)) is not None]

    def knows(self, seq: int) -> bool:
        """Whether the article (one that was prefetched) is remembered already."""
        return self._postings.get(seq) is not None

    def add(self, seq: int, at: dt.datetime, terms: Collection[int], data: bytes) -> None:
        """Remember the article's sketch under its terms, instead of what was remembered of it."""
        self._postings.remove(seq)
        day, since = day_of(at), first_day(at, self._window)
        self._postings.put(seq, day, data)
        for term in terms:
            if len(self._postings.members(term, since)) < MOST_POSTINGS:
                self._postings.lead(term, seq, day)

    def forget_one(self, seq: int) -> None:
        """Forget the article."""
        self._postings.remove(seq)

    def flush(self, connection: sa.Connection) -> None:
        """Write what the batch changed, in the caller's transaction."""
        self._postings.flush(connection)
        save_frequencies(connection, _STAGE, self.frequencies)

    def _nearest(self, seq: int, at: dt.datetime, terms: Collection[int]) -> list[int]:
        shared = self._postings.shared(terms, first_day(at, self._window))
        return sorted((one for one in shared if one < seq), key=lambda one: (-shared[one], one))[:MOST_CANDIDATES]


def forget(connection: sa.Connection, before: dt.datetime) -> int:
    """Forget the sketches of articles first seen on a day before that of ``before``; return how many."""
    return postings.forget(connection, copy_sketches, copy_terms, copy_sketches.c.day < day_of(before))


def remove(connection: sa.Connection, seqs: Collection[int]) -> None:
    """Forget the sketches of these articles."""
    postings.forget(connection, copy_sketches, copy_terms, among(connection, copy_sketches.c.seq, seqs))
