"""Where do articles belong whose copy groups an editor changed? Whatever they wait for, and whoever works on them.

Groups that are one now are in one story. What was split off, and came into its story by its copy group alone, is placed
as if it had just arrived.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from pipeline.cluster import ArticleToAssign, decide, rebuild_story
from pipeline.context import Context
from pipeline.reconcile.story_cards import choose_story_id, iter_cluster_inputs, rebuild_stored_story
from pipeline.reconcile.story_departures import Departures, find_departures
from pipeline.records import Placed, Placement, Stage
from pipeline.store import ArticleRow, ArticleToReassign, StoredStory, StoryIndex

_OWN = {Placed.OPENED, Placed.JOINED}  # why an article is in its story by itself


def reassign_regrouped(context: Context) -> None:
    """Place the articles that are noted, for who has cluster's lock; that is settled then."""
    with context.store.read() as connection:
        noted = context.store.articles_to_reassign.list_pending(connection)
    latest = {one.id: one.anew for one in noted}
    for anew, place in ((False, _follow), (True, _part)):
        which = [one for one in noted if latest[one.id] is anew]
        if not which:
            continue
        with context.store.read() as connection:
            items = context.store.ledger.get_articles(connection, {one.id for one in which}).values()
        # what has no story yet is placed when it comes to cluster
        place(context, sorted((item for item in items if item.story), key=lambda item: item.seq), which)


def _follow(context: Context, items: Sequence[ArticleRow], noted: Sequence[ArticleToReassign]) -> None:
    """Bring the members of merged groups into the story of their group."""
    memory = context.store.story_index(context.settings.cluster)
    arrivals = list(iter_cluster_inputs(context, items))
    memory.prefetch_groups({one.copy.group for one in arrivals})
    for one in arrivals:
        if one.story and not memory.story_of(one.copy.group):  # forgotten with time: that of the first one
            memory.assign_group(one.copy.group, one.story, one.first_seen)
    made = {one.id: one for one in decide(arrivals, memory, context.settings.cluster)}
    moved = [one for one in arrivals if made[one.article.id].story != one.story]
    gone = find_departures(context, memory, [item for item in items if item.id in made], made)
    _save(context, memory, moved, made, gone, noted)


def _part(context: Context, items: Sequence[ArticleRow], noted: Sequence[ArticleToReassign]) -> None:
    """Place what was split off and is in its story by its copy group alone, as if it had just arrived."""
    memory = context.store.story_index(context.settings.cluster)
    groups: dict[str, list[ArticleToAssign]] = defaultdict(list)
    for one in iter_cluster_inputs(context, items):
        groups[one.copy.group].append(one)
    going = {group: its for group, its in groups.items() if _came_by_group(context, its)}
    remade = _without(context, memory, {one.article.id for its in going.values() for one in its}, going)
    going = {group: its for group, its in going.items() if its[0].story in remade}
    arrivals = [msgspec.structs.replace(one, story=None) for its in going.values() for one in its]
    for group in going:
        memory.release_group(group)
    for group in groups.keys() - going.keys():
        memory.assign_group(group, groups[group][0].story or "", groups[group][-1].first_seen)
    made = {one.id: one for one in decide(arrivals, memory, context.settings.cluster)}
    _name(context, memory, arrivals, made)
    _save(context, memory, arrivals, made, Departures(remade=remade, emptied={}, moved={}), noted)


def _came_by_group(context: Context, its: Sequence[ArticleToAssign]) -> bool:
    """Whether no member of a group opened its story, is like it, or was put there by an editor."""
    ids = [one.article.id for one in its]
    story, story_catalog = its[0].story, context.store.story_catalog
    with context.store.read() as connection:
        decided = context.store.decisions.find_pinned_stories(connection, ids).values()
        if story in {f"s{one}" for one in ids} | {story_catalog.resolve(connection, pinned) for pinned in decided}:
            return False
        placed = context.store.ledger.latest(connection, ids, Placement).values()
        if any(one.how in _OWN and story_catalog.resolve(connection, one.story) == story for one in placed):
            return False
    return any(one.how is Placed.COPY for one in placed)


def _without(
    context: Context, memory: StoryIndex, gone: set[str], going: Mapping[str, Sequence[ArticleToAssign]]
) -> dict[str, StoredStory]:
    """Make the stories anew without the articles ``gone``; those that would have no other one are left out."""
    remade: dict[str, StoredStory] = {}
    for story in {its[0].story for its in going.values()}:
        with context.store.read() as connection:
            members = context.store.ledger.list_story_articles(connection, story or "")
        stay = [item for item in members if item.id not in gone]
        if not story or not stay:
            continue
        with context.store.read() as connection:
            told = context.store.story_catalog.load_stories(connection, [story]).get(story)
        if new := rebuild_stored_story(context, memory, story, stay, told):
            remade[story] = new
    return remade


def _name(
    context: Context, memory: StoryIndex, arrivals: Sequence[ArticleToAssign], made: dict[str, Placement]
) -> None:  # fmt: skip
    """Give another id to stories that were opened now, where the one that they would have is another story's."""
    for opening in arrivals:
        if made[opening.article.id].how is not Placed.OPENED:
            continue
        name = choose_story_id(context, [opening.article.id])
        if name == made[opening.article.id].story:
            continue
        group = [one for one in arrivals if one.copy.group == opening.copy.group]
        memory.delete_story(opening.seq)
        rebuild_story(name, group, memory)
        memory.assign_group(opening.copy.group, name, opening.first_seen)
        for one in group:
            made[one.article.id] = msgspec.structs.replace(made[one.article.id], story=name)


def _save(
    context: Context,
    memory: StoryIndex,
    moved: Sequence[ArticleToAssign],
    made: Mapping[str, Placement],
    gone: Departures,
    noted: Sequence[ArticleToReassign],
) -> None:
    """Write where the articles ``moved`` are now, and what becomes of the stories that they left."""
    store, placements = context.store, [made[one.article.id] for one in moved]
    parts: dict[str, list[str]] = defaultdict(list)
    for one in placements:
        parts[one.story].append(one.id)
    with store.write() as connection:
        store.ledger.assert_lock(connection, Stage.CLUSTER)
        memory.flush(connection)
        gone.save(connection, context)
        for one in placements:
            if one.how is Placed.OPENED:
                store.story_catalog.remove_redirect(connection, one.story)
        store.story_catalog.apply_votes(connection, moved, placements, memory.frequencies)
        for story, ids in parts.items():
            store.ledger.assign_story(connection, story, ids)
        store.ledger.replace_latest(connection, Placement, {one.id: one for one in placements}, context.clock())
        store.ledger.bump_revision(connection, stories={*parts, *gone.remade})
        store.articles_to_reassign.delete(connection, noted)
