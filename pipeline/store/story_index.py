"""Keep what cluster remembers: stories, found by their strongest terms, and the story of each copy group.

A ``StoryIndex`` serves one batch: it reads ahead, overlays what the batch adds, and writes that in ``flush``.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence

import sqlalchemy as sa

from pipeline.cluster import TermWeights, Voter, VoterWindow
from pipeline.cluster.assignment import decode_story
from pipeline.settings import ClusterSettings
from pipeline.store import posting_tables
from pipeline.store.engine import ReadOpener
from pipeline.store.frequency_memory import FrequencyMemory
from pipeline.store.inverted_index import BlobOverlay, day_number, first_day_of_window
from pipeline.store.schema.stories import stories, story_aliases, story_cards, story_groups
from pipeline.store.statements import among, upsert
from pipeline.store.story_postings import StoryPostings, delete_postings_before
from pipeline.store.voter_memory import VoterMemory, add_articles, delete_voters_before

MOST_POSTINGS = 40  # stories that a term leads to: those with the latest votes
MOST_CANDIDATES = 12  # compared with one article
_STAGE = "cluster"


class StoryIndex:
    """The stories in the ledger, as cluster asks for them in one batch; a cluster.StoryMemory."""

    def __init__(
        self,
        read: ReadOpener,
        frequency_memory: FrequencyMemory,
        voter_memory: VoterMemory,
        settings: ClusterSettings,
    ) -> None:
        self._read = read
        self._stories = BlobOverlay(read, stories)
        self._postings = StoryPostings(read)
        self._window = settings.window_days
        self._groups: dict[str, str | None] = {}
        self._assigned: dict[str, int] = {}
        # what was found when postings were read, by the number of the object that was looked for, which it keeps alive
        self._found: dict[int, tuple[TermWeights, dt.datetime, list[int]]] = {}
        self._frequency_memory = frequency_memory
        self.frequencies = frequency_memory.load(_STAGE)
        self._voter_memory = voter_memory
        self._voters: VoterWindow | None = None  # most batches of a newsroom of one language ask for none
        self._added: list[tuple[Voter, int]] = []
        self._counted: Counter[tuple[int, str]] = Counter()

    def prefetch_groups(self, groups: Collection[str]) -> None:
        """Read which stories the copy groups are in, but for those that this batch has assigned or released."""
        groups = [group for group in groups if group not in self._groups]
        c, alias = story_groups.c, story_aliases.c
        present = sa.func.coalesce(alias.story, c.story)  # of a group that was empty when its story was merged
        query = sa.select(c.copy_group, present).outerjoin(story_aliases, alias.alias == c.story)
        with self._read() as connection:
            rows = connection.execute(query.where(among(connection, c.copy_group, groups)))
            self._groups.update((group, story) for group, story in rows)

    def prefetch(self, wanted: Sequence[tuple[dt.datetime, TermWeights]]) -> None:
        """Read what the articles (first seen, terms looked up) will ask for, all at once."""
        if not wanted:
            return
        self._postings.load({term for _, terms in wanted for term in terms})
        self._found = {id(terms): (terms, at, self._find_nearest(at, terms)) for at, terms in wanted}
        self._stories.load({seq for _, _, nearest in self._found.values() for seq in nearest})

    def story_of(self, group: str) -> str | None:
        """Return the id of the story that the copy group is in."""
        return self._groups.get(group)

    def candidates(self, at: dt.datetime, wanted: TermWeights) -> list[tuple[int, bytes]]:
        """Return the stories active within the window whose terms are worth most, best first."""
        terms, found_at, nearest = self._found.get(id(wanted), (None, at, []))
        if terms is not wanted or found_at != at or self._postings.has_changed(wanted):
            nearest = self._find_nearest(at, wanted)
        self._stories.load(nearest)
        return [(seq, data) for seq in nearest if (data := self._stories.get(seq)) is not None]

    def save_story(
        self, seq: int, at: dt.datetime, terms: Collection[int], dropped: Collection[int], data: bytes
    ) -> None:
        """Remember the story, to be found under ``terms`` too and no more under ``dropped``."""
        day, since = day_number(at), first_day_of_window(at, self._window)
        self._stories.set(seq, day, data)
        self._postings.drop(dropped, seq)
        for term in dropped:
            self._stories.drop_term(seq, term)
        index_terms = sorted(terms)
        for term, other in self._postings.add(index_terms, seq, day, since=since, most=MOST_POSTINGS):
            self._stories.drop_term(other, term)
        self._stories.terms_of(seq).update(dict.fromkeys(index_terms))

    def get_story(self, seq: int) -> bytes | None:
        """Return the story, None where it is forgotten."""
        self._stories.load([seq])
        return self._stories.get(seq)

    def find_story(self, story: str, seq: int) -> tuple[int, bytes] | None:
        """Return number and bytes of a story by its id; it was under ``seq`` once, unless it was rebuilt since."""
        data = self.get_story(seq)
        if data is not None and decode_story(data).id == story:
            return seq, data
        with self._read() as connection:
            present = connection.scalar(sa.select(story_cards.c.seq).where(story_cards.c.id == story))
        data = None if present is None else self.get_story(present)
        return None if present is None or data is None else (present, data)

    def voters(self, at: dt.datetime) -> VoterWindow:  # noqa: ARG002 - times are compared pair by pair
        """Return the voters, those that this batch has added among them."""
        if self._voters is None:
            self._voters = self._voter_memory.load()
            for voter, _ in self._added:
                self._voters.add(voter)
        return self._voters

    def add_voter(self, voter: Voter, at: dt.datetime) -> None:
        """Remember a voter."""
        self._added.append((voter, day_number(at)))
        if self._voters is not None:
            self._voters.add(voter)

    def count_article(self, language: str, at: dt.datetime) -> None:
        """Count an article of a language."""
        self._counted[day_number(at), language] += 1

    def delete_story(self, seq: int) -> None:
        """Forget a story."""
        self._stories.load([seq])
        self._postings.drop(self._stories.remove(seq), seq)

    def assign_group(self, group: str, story: str, at: dt.datetime) -> None:
        """Remember that the copy group is in the story."""
        self._groups[group] = story
        self._assigned[group] = day_number(at)

    def release_group(self, group: str) -> None:
        """Let the copy group be in no story; until it is assigned to one, that isn't written."""
        self._groups[group] = None

    def flush(self, connection: sa.Connection) -> None:
        """Write what the batch changed, in the caller's transaction."""
        posting_tables.lock_tables(connection, (stories,))
        self._stories.flush(connection)
        self._postings.flush(connection)
        rows = [
            {"copy_group": group, "story": self._groups[group], "day": day} for group, day in self._assigned.items()
        ]
        upsert(connection, story_groups, rows)
        self._voter_memory.save(connection, self._added)
        add_articles(connection, self._counted)
        self._frequency_memory.save(connection, _STAGE, self.frequencies)

    def _find_nearest(self, at: dt.datetime, wanted: TermWeights) -> list[int]:
        return self._postings.find_nearest(wanted, first_day_of_window(at, self._window), MOST_CANDIDATES)


def delete_stories_before(connection: sa.Connection, until: dt.datetime) -> int:
    """Forget the stories whose last vote was first seen on a day before that of ``until``; return how many.

    The caller holds cluster's lock.
    """
    first_day = day_number(until)
    # first, as a batch writes in this order too
    forgotten = posting_tables.delete_days_before(connection, stories, (), first_day)
    delete_postings_before(connection, first_day)
    connection.execute(sa.delete(story_groups).where(story_groups.c.day < first_day))
    delete_voters_before(connection, first_day)
    return forgotten
