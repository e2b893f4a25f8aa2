"""Update the stories that articles have left, because they are copies of articles in another story now.

An editor who merges copy groups, or a page with another text, brings an article into another copy group, and so into
that group's story. The story that it leaves is rebuilt from the articles that it still has. A story without any article
becomes part of the one where its articles went, so that its id leads there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa

from pipeline.cluster import StoryMemory
from pipeline.context import Context
from pipeline.decisions import DecisionKind, DecisionMove, StoryDecision
from pipeline.reconcile.story_summaries import rebuild_stored_story
from pipeline.records import Placement, Stage
from pipeline.store import ArticleRow, StoredStory

_NOTE = "all its articles are copies of articles there"


class Departures(msgspec.Struct, frozen=True, kw_only=True):
    """Stories that articles have left: those that still have some, and those that have none."""

    remade: dict[str, StoredStory]
    emptied: dict[str, str]  # story → the story that it becomes part of
    moved: dict[str, list[int]]  # emptied story → seq of the articles that left it now

    def save(self, connection: sa.Connection, context: Context) -> None:
        """Write the stories, and the mergers of those that are empty."""
        catalog = context.store.story_catalog
        catalog.save_stories(connection, self.remade)
        for story, target in self.emptied.items():
            catalog.delete_story(connection, story)
            catalog.redirect(connection, story, target)
            merger = StoryDecision(
                kind=DecisionKind.MERGE,
                at=context.clock(),
                by=Stage.CLUSTER,
                note=_NOTE,
                stands=False,
                story=target,
                counterpart=story,
            )
            moves = [DecisionMove(seq=seq, target=target, origin=story) for seq in self.moved[story]]
            context.store.decisions.add_decision(connection, merger, moves)


def find_departures(
    context: Context, memory: StoryMemory, claimed: Sequence[ArticleRow], placements: Mapping[str, Placement]
) -> Departures:
    """Return what becomes of the stories that ``claimed`` articles were in and aren't any more.

    ``placements`` has the new story of each of ``claimed`` by article id. ``memory`` learns the rebuilt stories.
    """
    targets = {article.story: placements[article.id].story for article in claimed if article.story}
    targets = {story: target for story, target in targets.items() if story != target}
    departures = Departures(remade={}, emptied={}, moved={})
    if not targets:
        return departures
    with context.store.read() as connection:
        stored = context.store.story_catalog.load_stories(connection, targets)
    for story, target in targets.items():
        with context.store.read() as connection:
            members = context.store.ledger.list_story_articles(connection, story)
        candidates = {article.id: article for article in (*members, *claimed)}.values()
        remaining = [
            article for article in candidates if article.id not in placements or placements[article.id].story == story
        ]
        remaining.sort(key=lambda article: article.seq)
        if rebuilt := rebuild_stored_story(context, memory, story, remaining, stored.get(story)):
            departures.remade[story] = rebuilt
        else:
            departures.emptied[story] = target
            departures.moved[story] = [article.seq for article in claimed if article.story == story]
    return departures
