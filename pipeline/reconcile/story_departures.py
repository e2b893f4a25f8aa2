"""What becomes of a story that articles have left, because they are copies of what is in another one now?

An editor who merges copy groups, or a page that says something else when it is read again, brings an article into
another copy group, and so into that group's story. The story that it leaves is made anew of what it still has; one that
has nothing any more becomes part of where its articles went, so that its id leads there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa

from pipeline.cluster import StoryMemory
from pipeline.context import Context
from pipeline.decisions import DecisionKind, DecisionMove, StoryDecision
from pipeline.reconcile.story_cards import rebuild_stored_story
from pipeline.records import Placement, Stage
from pipeline.store import ArticleRow, StoredStory

_WHY = "all its articles are copies of articles there"


class Departures(msgspec.Struct, frozen=True, kw_only=True):
    """Stories that articles have left: those that still have some, and where those lead that don't."""

    remade: dict[str, StoredStory]
    emptied: dict[str, str]
    moved: dict[str, list[int]]  # story → seq of the articles that left it now

    def save(self, connection: sa.Connection, context: Context) -> None:
        """Write them."""
        context.store.story_catalog.save_stories(connection, self.remade)
        for story, target in self.emptied.items():
            context.store.story_catalog.delete_story(connection, story)
            context.store.story_catalog.redirect(connection, story, target)
            merged = StoryDecision(
                kind=DecisionKind.MERGE,
                at=context.clock(),
                by=Stage.CLUSTER,
                note=_WHY,
                stands=False,
                story=target,
                other=story,
            )
            moves = [DecisionMove(seq=seq, target=target, origin=story) for seq in self.moved[story]]
            context.store.decisions.add_decision(connection, merged, moves)


def find_departures(
    context: Context, memory: StoryMemory, claimed: Sequence[ArticleRow], placed: Mapping[str, Placement]
) -> Departures:  # fmt: skip
    """Return what becomes of the stories that ``claimed`` articles were in and aren't any more."""
    went = {item.story: placed[item.id].story for item in claimed if item.story}
    went = {story: target for story, target in went.items() if story != target}
    found = Departures(remade={}, emptied={}, moved={})
    if not went:
        return found
    with context.store.read() as connection:
        told = context.store.story_catalog.load_stories(connection, went)
    for story, target in went.items():
        with context.store.read() as connection:
            present = context.store.ledger.list_story_articles(connection, story)
        remaining = {item.id: item for item in (*present, *claimed)}
        items = [item for item in remaining.values() if item.id not in placed or placed[item.id].story == story]
        items.sort(key=lambda item: item.seq)
        if new := rebuild_stored_story(context, memory, story, items, told.get(story)):
            found.remade[story] = new
        else:
            found.emptied[story] = target
            found.moved[story] = [item.seq for item in claimed if item.story == story]
    return found
