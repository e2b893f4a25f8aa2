"""Move articles to the right story after an editor merged or split their copy groups.

Groups that were merged are in one story. A group that was split off, and came into its story by its copy group alone,
is assigned as if it had just arrived. That holds whatever the articles wait for, and whoever works on them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import msgspec

from pipeline.cluster import ArticleToAssign, decide, rebuild_story
from pipeline.context import Context
from pipeline.reconcile.story_departures import Departures, find_departures
from pipeline.reconcile.story_summaries import choose_story_id, iter_cluster_inputs, rebuild_stored_story
from pipeline.records import Placed, Placement, Stage
from pipeline.store import ArticleRow, ArticleToReassign, StoredStory, StoryIndex

_OWN_REASONS = {Placed.OPENED, Placed.JOINED, Placed.RETOLD}  # why an article is in its story by itself


def reassign_regrouped(context: Context) -> None:
    """Assign the articles that wait for it in the outbox, and delete them there; the caller holds cluster's lock."""
    with context.store.read() as connection:
        pending = context.store.articles_to_reassign.list_pending(connection)
    latest = {
        entry.id: entry.may_leave_story for entry in pending
    }  # of several decisions on an article the last one counts
    for may_leave_story, reassign in ((False, _follow_groups), (True, _assign_anew)):
        entries = [entry for entry in pending if latest[entry.id] is may_leave_story]
        if not entries:
            continue
        with context.store.read() as connection:
            articles = context.store.ledger.get_articles(connection, {entry.id for entry in entries}).values()
        # an article without a story is assigned when it comes to cluster
        reassign(
            context,
            sorted((article for article in articles if article.story), key=lambda article: article.seq),
            entries,
        )


def _follow_groups(context: Context, articles: Sequence[ArticleRow], regrouped: Sequence[ArticleToReassign]) -> None:
    """Bring the members of merged groups into the story of their group."""
    memory = context.store.story_index(context.settings.cluster)
    newcomers = list(iter_cluster_inputs(context, articles))
    memory.prefetch_groups({newcomer.copy.group for newcomer in newcomers})
    for newcomer in newcomers:
        # the story of a group expires with time: then it is that of its first article
        if newcomer.story and not memory.story_of(newcomer.copy.group):
            memory.assign_group(newcomer.copy.group, newcomer.story, newcomer.first_seen)
    placements = {placement.id: placement for placement in decide(newcomers, memory, context.settings.cluster)}
    moved = [newcomer for newcomer in newcomers if placements[newcomer.article.id].story != newcomer.story]
    departures = find_departures(
        context, memory, [article for article in articles if article.id in placements], placements
    )
    _save(context, memory, moved, placements, departures, regrouped)


def _assign_anew(context: Context, articles: Sequence[ArticleRow], regrouped: Sequence[ArticleToReassign]) -> None:
    """Assign what was split off, and is in its story by its copy group alone, as if it had just arrived."""
    memory = context.store.story_index(context.settings.cluster)
    groups: dict[str, list[ArticleToAssign]] = defaultdict(list)
    for newcomer in iter_cluster_inputs(context, articles):
        groups[newcomer.copy.group].append(newcomer)
    leaving = {group: members for group, members in groups.items() if _came_by_group(context, members)}
    remade = _rebuild_without(context, memory, leaving.values())
    leaving = {group: members for group, members in leaving.items() if members[0].story in remade}
    newcomers = [msgspec.structs.replace(member, story=None) for members in leaving.values() for member in members]
    for group in leaving:
        memory.release_group(group)
    for group in groups.keys() - leaving.keys():
        memory.assign_group(group, groups[group][0].story or "", groups[group][-1].first_seen)
    placements = {placement.id: placement for placement in decide(newcomers, memory, context.settings.cluster)}
    _give_free_ids(context, memory, newcomers, placements)
    _save(context, memory, newcomers, placements, Departures(remade=remade, emptied={}, moved={}), regrouped)


def _came_by_group(context: Context, members: Sequence[ArticleToAssign]) -> bool:
    """Tell whether no member of a group opened its story, resembled it, or was put there by an editor."""
    ids = [member.article.id for member in members]
    story, catalog = members[0].story, context.store.story_catalog
    with context.store.read() as connection:
        pinned = context.store.decisions.find_pinned_stories(connection, ids).values()
        if story in {f"s{article_id}" for article_id in ids} | {catalog.resolve(connection, pin) for pin in pinned}:
            return False
        placements = context.store.ledger.latest(connection, ids, Placement).values()
        if any(p.how in _OWN_REASONS and catalog.resolve(connection, p.story) == story for p in placements):
            return False
    return any(placement.how is Placed.COPY for placement in placements)


def _rebuild_without(
    context: Context, memory: StoryIndex, leaving: Collection[Sequence[ArticleToAssign]]
) -> dict[str, StoredStory]:
    """Rebuild the stories of groups without the groups' members; leave out stories that would have no other article."""
    leaving_ids = {member.article.id for members in leaving for member in members}
    remade: dict[str, StoredStory] = {}
    for story in {members[0].story for members in leaving}:
        with context.store.read() as connection:
            articles = context.store.ledger.list_story_articles(connection, story or "")
        remaining = [article for article in articles if article.id not in leaving_ids]
        if not story or not remaining:
            continue
        with context.store.read() as connection:
            stored = context.store.story_catalog.load_stories(connection, [story]).get(story)
        if rebuilt := rebuild_stored_story(context, memory, story, remaining, stored):
            remade[story] = rebuilt
    return remade


def _give_free_ids(
    context: Context, memory: StoryIndex, newcomers: Sequence[ArticleToAssign], placements: dict[str, Placement]
) -> None:
    """Give another id to stories that were opened now, where the id that they got is another story's."""
    for opening in newcomers:
        if placements[opening.article.id].how is not Placed.OPENED:
            continue
        story = choose_story_id(context, [opening.article.id])
        if story == placements[opening.article.id].story:
            continue
        members = [newcomer for newcomer in newcomers if newcomer.copy.group == opening.copy.group]
        memory.delete_story(opening.seq)
        rebuild_story(story, members, memory)
        memory.assign_group(opening.copy.group, story, opening.first_seen)
        for member in members:
            placements[member.article.id] = msgspec.structs.replace(placements[member.article.id], story=story)


def _save(
    context: Context,
    memory: StoryIndex,
    moved: Sequence[ArticleToAssign],
    placements: Mapping[str, Placement],
    departures: Departures,
    regrouped: Sequence[ArticleToReassign],
) -> None:
    """Write where the articles ``moved`` are now, and what becomes of the stories that they left."""
    store, moved_placements = context.store, [placements[newcomer.article.id] for newcomer in moved]
    stories: dict[str, list[str]] = defaultdict(list)
    for placement in moved_placements:
        stories[placement.story].append(placement.id)
    with store.write() as connection:
        store.ledger.assert_lock(connection, Stage.CLUSTER)
        memory.flush(connection)
        departures.save(connection, context)
        for placement in moved_placements:
            if placement.how is Placed.OPENED:
                store.story_catalog.remove_redirect(connection, placement.story)
        store.story_catalog.apply_votes(connection, moved, moved_placements, memory.frequencies)
        for story, ids in stories.items():
            store.ledger.assign_story(connection, story, ids)
        records = {placement.id: placement for placement in moved_placements}
        store.ledger.replace_latest(connection, Placement, records, context.clock())
        store.ledger.bump_revision(connection, stories={*stories, *departures.remade})
        store.articles_to_reassign.delete(connection, regrouped)
