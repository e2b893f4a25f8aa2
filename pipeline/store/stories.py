"""What does cluster remember? Stories, found by their strongest terms, and which copy group is in which."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

import sqlalchemy as sa

from pipeline.cluster import Wanted
from pipeline.settings import Cluster
from pipeline.store import layout
from pipeline.store.engine import among, upsert
from pipeline.store.postings import Postings, day_of, first_day, load_frequencies, save_frequencies
from pipeline.store.schema import story_aliases, story_groups

MOST_POSTINGS = 40  # stories that a term leads to: those with the latest votes
MOST_CANDIDATES = 12  # compared with one article
_STAGE = "cluster"


class StoredStories:
    """The stories in the ledger, as cluster asks for them in one batch; a cluster.StoryMemory."""

    def __init__(self, engine: sa.Engine, settings: Cluster) -> None:
        self._engine = engine
        self._postings = Postings(engine, layout.STORIES)
        self._window = settings.window_days
        self._groups: dict[str, str | None] = {}
        self._assigned: dict[str, int] = {}
        self.frequencies = load_frequencies(engine, _STAGE)

    def prefetch_groups(self, groups: Collection[str]) -> None:
        """Read which stories the copy groups are in, but for those of which something else was said since."""
        groups = [group for group in groups if group not in self._groups]
        c, alias = story_groups.c, story_aliases.c
        present = sa.func.coalesce(alias.story, c.story)  # of a group that was empty when its story was merged
        query = sa.select(c.copy_group, present).outerjoin(story_aliases, alias.alias == c.story)
        with self._engine.connect() as connection:
            rows = connection.execute(query.where(among(connection, c.copy_group, groups)))
            self._groups.update((group, story) for group, story in rows)

    def prefetch(self, wanted: Sequence[tuple[dt.datetime, Wanted]]) -> None:
        """Read what the articles (first seen, terms looked up) will ask for, all at once."""
        if not wanted:
            return
        since = min(first_day(at, self._window) for at, _ in wanted)
        self._postings.load({term for _, terms in wanted for term in terms}, since)
        self._postings.read({seq for at, terms in wanted for seq in self._nearest(at, terms)})

    def story_of(self, group: str) -> str | None:
        """Return the id of the story that the copy group is in."""
        return self._groups.get(group)

    def candidates(self, at: dt.datetime, wanted: Wanted) -> list[tuple[int, bytes]]:
        """Return the stories active within the window whose terms are worth most, best first."""
        nearest = self._nearest(at, wanted)
        self._postings.read(nearest)
        return [(seq, data) for seq in nearest if (data := self._postings.get(seq)) is not None]

    def put(self, seq: int, at: dt.datetime, terms: Collection[int], dropped: Collection[int], data: bytes) -> None:
        """Remember the story, to be found under ``terms`` too and no more under ``dropped``."""
        day, since = day_of(at), first_day(at, self._window)
        self._postings.put(seq, day, data)
        for term in dropped:
            self._postings.drop(term, seq)
        found_under = sorted(terms)
        for term in found_under:
            if self._postings.count(term) >= MOST_POSTINGS:
                others = [one for one in self._postings.members(term, since) if one[1] != seq]
                if len(others) >= MOST_POSTINGS:
                    self._postings.drop(term, min(others)[1])
        self._postings.lead(found_under, seq, day)

    def get(self, seq: int) -> bytes | None:
        """Return the story, None where it is forgotten."""
        self._postings.read([seq])
        return self._postings.get(seq)

    def forget_one(self, seq: int) -> None:
        """Forget a story."""
        self._postings.read([seq])
        self._postings.remove(seq)

    def assign(self, group: str, story: str, at: dt.datetime) -> None:
        """Remember that the copy group is in the story."""
        self._groups[group] = story
        self._assigned[group] = day_of(at)

    def release(self, group: str) -> None:
        """Let the copy group be in no story; until it is assigned to one, that isn't written."""
        self._groups[group] = None

    def flush(self, connection: sa.Connection) -> None:
        """Write what the batch changed, in the caller's transaction."""
        self._postings.flush(connection)
        rows = [
            {"copy_group": group, "story": self._groups[group], "day": day} for group, day in self._assigned.items()
        ]
        upsert(connection, story_groups, rows)
        save_frequencies(connection, _STAGE, self.frequencies)

    def _nearest(self, at: dt.datetime, wanted: Wanted) -> list[int]:
        return self._postings.nearest(wanted, first_day(at, self._window), MOST_CANDIDATES)


def forget(connection: sa.Connection, before: dt.datetime) -> int:
    """Forget the stories whose last vote was first seen on a day before that of ``before``; return how many."""
    forgotten = layout.forget(connection, layout.STORIES, day_of(before))  # first, as a batch writes in this order too
    connection.execute(sa.delete(story_groups).where(story_groups.c.day < day_of(before)))
    return forgotten
