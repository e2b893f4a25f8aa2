"""Keep stories as wholes, for good: their summaries, and the ids that lead to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import sqlalchemy as sa

from pipeline.cluster import ArticleToAssign, NameRarities, StoryFacts, StorySummary, summarise_batch
from pipeline.count_min import CountMinSketch
from pipeline.records import Placement
from pipeline.store.schema.articles import items
from pipeline.store.schema.stories import story_aliases, story_cards
from pipeline.store.statements import among, upsert

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(StorySummary).decode


class StoredStory(msgspec.Struct, frozen=True, kw_only=True):
    """A story as it stands: ``seq`` is where cluster remembers it, ``given`` the title that an editor gave it."""

    seq: int
    summary: StorySummary
    given: str | None = None


class StoryListing(msgspec.Struct, frozen=True, kw_only=True):
    """A story in a list."""

    facts: StoryFacts
    size: int  # articles
    groups: int  # of them independent of each other: one for each copy group


class StoryCatalog:
    """The stories of a database as wholes."""

    def load_stories(self, connection: sa.Connection, ids: Iterable[str]) -> dict[str, StoredStory]:
        """Return id → story of those that are known under their present id."""
        c = story_cards.c
        rows = connection.execute(sa.select(c.id, c.seq, c.given, c.data).where(among(connection, c.id, set(ids))))
        return {row.id: StoredStory(seq=row.seq, summary=_decode(row.data), given=row.given) for row in rows}

    def apply_votes(
        self,
        connection: sa.Connection,
        newcomers: Sequence[ArticleToAssign],
        placements: Sequence[Placement],
        frequencies: CountMinSketch,
        rarities: Mapping[int, NameRarities] | None = None,
    ) -> set[str]:
        """Let the articles of a batch vote on the titles and names of their stories; see ``summarise_batch``.

        Return the stories of which something is known now that wasn't before.
        """
        stories = self.load_stories(connection, {placement.story for placement in placements})
        before = {ident: _facts(ident, story, ()) for ident, story in stories.items()}
        present = {ident: story.summary for ident, story in stories.items()}
        seqs: dict[str, int] = {}  # of the first of each story: where the story is new, that one opened it
        for newcomer, placement in zip(newcomers, placements, strict=True):
            seqs.setdefault(placement.story, newcomer.seq)
        for ident, summary in summarise_batch(present, newcomers, placements, frequencies, rarities).items():
            story = stories.get(ident) or StoredStory(seq=seqs[ident], summary=summary)
            stories[ident] = msgspec.structs.replace(story, summary=summary)
        self.save_stories(connection, stories)
        return {ident for ident, story in stories.items() if before.get(ident) != _facts(ident, story, ())}

    def save_stories(self, connection: sa.Connection, stories: Mapping[str, StoredStory]) -> None:
        """Save stories by their ids."""
        rows = [
            {
                "id": ident,
                "seq": story.seq,
                "last": story.summary.last,
                "given": story.given,
                "data": _encode(story.summary),
            }
            for ident, story in stories.items()
        ]
        upsert(connection, story_cards, rows)

    def delete_story(self, connection: sa.Connection, story: str) -> None:
        """Forget the summary of a story that is part of another one now."""
        connection.execute(story_cards.delete().where(story_cards.c.id == story))

    def redirect(self, connection: sa.Connection, alias: str, story: str) -> None:
        """Let an id, and all that led to it, lead to another story."""
        c = story_aliases.c
        story = connection.scalar(sa.select(c.story).where(c.alias == story)) or story
        connection.execute(story_aliases.update().where(c.story == alias).values(story=story))
        upsert(connection, story_aliases, [{"alias": alias, "story": story}])

    def remove_redirect(self, connection: sa.Connection, story: str) -> None:
        """Let an id be that of a story of its own."""
        connection.execute(story_aliases.delete().where(story_aliases.c.alias == story))

    def resolve(self, connection: sa.Connection, story: str) -> str | None:
        """Return the present id of the story that ``story``, an id of now or before, leads to."""
        alias = sa.select(story_aliases.c.story).where(story_aliases.c.alias == story)
        present = sa.select(story_cards.c.id).where(story_cards.c.id == story)
        return connection.scalar(present) or connection.scalar(alias)

    def load_facts(self, connection: sa.Connection, stories: Iterable[str]) -> dict[str, StoryFacts]:
        """Return id → what is known of each story."""
        wanted = set(stories)
        stored = self.load_stories(connection, wanted)
        c = story_aliases.c
        leading = connection.execute(
            sa.select(c.story, c.alias).where(among(connection, c.story, wanted)).order_by(c.alias)
        )
        aliases: dict[str, list[str]] = {}
        for story, alias in leading:
            aliases.setdefault(story, []).append(alias)
        return {ident: _facts(ident, stored.get(ident), aliases.get(ident, ())) for ident in wanted}

    def list_active(self, connection: sa.Connection, since: dt.datetime) -> list[tuple[str, int]]:
        """Return id and number of the stories whose last article is of ``since`` or later, the latest first."""
        c = story_cards.c
        rows = connection.execute(sa.select(c.id, c.seq).where(c.last >= since).order_by(c.last.desc(), c.id))
        return [(row.id, row.seq) for row in rows]

    def list_stories(
        self, connection: sa.Connection, *, limit: int, since: dt.datetime | None = None, largest: bool = False
    ) -> list[StoryListing]:
        """Return stories, the latest (or ``largest``) first."""
        size = sa.func.count().label("size")
        groups = sa.func.count(items.c.copy_group.distinct()).label("groups")
        c = story_cards.c
        chosen = sa.select(c.id, c.last).where(*([c.last >= since] if since else []))
        if not largest:  # of these alone the articles are counted: there may be millions
            chosen = chosen.order_by(c.last.desc(), c.id).limit(limit)
        of = chosen.subquery().c
        query = (
            sa.select(of.id, size, groups)
            .join(items, items.c.story == of.id)
            .group_by(of.id, of.last)
            .order_by((size if largest else of.last).desc(), of.id)
            .limit(limit)
        )
        rows = connection.execute(query).all()
        facts = self.load_facts(connection, [row.id for row in rows])
        return [StoryListing(facts=facts[row.id], size=row.size, groups=row.groups) for row in rows]


def _facts(ident: str, story: StoredStory | None, aliases: Sequence[str]) -> StoryFacts:
    if story is None:
        return StoryFacts(id=ident, aliases=tuple(aliases))
    return StoryFacts(
        id=ident,
        title=story.given or story.summary.title,
        names=story.summary.key_names(),
        first=story.summary.first,
        last=story.summary.last,
        aliases=tuple(aliases),
        languages=story.summary.ranked_languages(),
        titles=() if story.given else story.summary.titles_by_language(),
    )
