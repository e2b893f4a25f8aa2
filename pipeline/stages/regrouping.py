"""Where do articles belong whose copy groups an editor changed? Whatever they wait for, and whoever works on them.

Groups that are one now are in one story. What was split off, and came into its story by its copy group alone, is placed
as if it had just arrived.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from pipeline.cluster import ToPlace, decide, rebuild
from pipeline.records import Placed, Placement, Stage
from pipeline.stages.context import Context
from pipeline.stages.leaving import Left, left
from pipeline.stages.stories import free_id, made_anew, members
from pipeline.store import Item, regrouped, storybook
from pipeline.store.regrouped import Regrouped
from pipeline.store.stories import StoredStories
from pipeline.store.storybook import Told

_OWN = {Placed.OPENED, Placed.JOINED}  # why an article is in its story by itself


def place_again(context: Context) -> None:
    """Place the articles that are noted, for who has cluster's lock; that is settled then."""
    noted = regrouped.known(context.store.database)
    latest = {one.id: one.anew for one in noted}
    for anew, place in ((False, _follow), (True, _part)):
        which = [one for one in noted if latest[one.id] is anew]
        if not which:
            continue
        with context.store.database.read() as connection:
            items = context.store.ledger.get(connection, {one.id for one in which}).values()
        # what has no story yet is placed when it comes to cluster
        place(context, sorted((item for item in items if item.story), key=lambda item: item.seq), which)


def _follow(context: Context, items: Sequence[Item], noted: Sequence[Regrouped]) -> None:
    """Bring the members of merged groups into the story of their group."""
    memory = context.store.stories(context.settings.cluster)
    arrivals = list(members(context, items))
    memory.prefetch_groups({one.copy.group for one in arrivals})
    for one in arrivals:
        if one.story and not memory.story_of(one.copy.group):  # forgotten with time: that of the first one
            memory.assign(one.copy.group, one.story, one.at)
    made = {one.id: one for one in decide(arrivals, memory, context.settings.cluster)}
    moved = [one for one in arrivals if made[one.article.id].story != one.story]
    gone = left(context, memory, [item for item in items if item.id in made], made)
    _save(context, memory, moved, made, gone, noted)


def _part(context: Context, items: Sequence[Item], noted: Sequence[Regrouped]) -> None:
    """Place what was split off and is in its story by its copy group alone, as if it had just arrived."""
    memory = context.store.stories(context.settings.cluster)
    groups: dict[str, list[ToPlace]] = defaultdict(list)
    for one in members(context, items):
        groups[one.copy.group].append(one)
    going = {group: its for group, its in groups.items() if _came_by_group(context, its)}
    remade = _without(context, memory, {one.article.id for its in going.values() for one in its}, going)
    going = {group: its for group, its in going.items() if its[0].story in remade}
    arrivals = [msgspec.structs.replace(one, story=None) for its in going.values() for one in its]
    for group in going:
        memory.release(group)
    for group in groups.keys() - going.keys():
        memory.assign(group, groups[group][0].story or "", groups[group][-1].at)
    made = {one.id: one for one in decide(arrivals, memory, context.settings.cluster)}
    _name(context, memory, arrivals, made)
    _save(context, memory, arrivals, made, Left(remade=remade, emptied={}, moved={}), noted)


def _came_by_group(context: Context, its: Sequence[ToPlace]) -> bool:
    """Whether no member of a group opened its story, is like it, or was put there by an editor."""
    ids = [one.article.id for one in its]
    story, resolve = its[0].story, context.store.storybook.resolve
    with context.store.database.read() as connection:
        decided = storybook.pins(connection, ids)
    if story in {f"s{one}" for one in ids} | set(map(resolve, decided.values())):
        return False
    placed = context.store.ledger.of(ids, Stage.CLUSTER, Placement).values()
    if any(one.how in _OWN and resolve(one.story) == story for one in placed):
        return False
    return any(one.how is Placed.COPY for one in placed)


def _without(
    context: Context, memory: StoredStories, gone: set[str], going: Mapping[str, Sequence[ToPlace]]
) -> dict[str, Told]:
    """Make the stories anew without the articles ``gone``; those that would have no other one are left out."""
    remade: dict[str, Told] = {}
    for story in {its[0].story for its in going.values()}:
        stay = [item for item in context.store.ledger.of_story(story or "") if item.id not in gone]
        if not story or not stay:
            continue
        with context.store.database.read() as connection:
            told = storybook.cards(connection, [story]).get(story)
        if new := made_anew(context, memory, story, stay, told):
            remade[story] = new
    return remade


def _name(
    context: Context, memory: StoredStories, arrivals: Sequence[ToPlace], made: dict[str, Placement]
) -> None:  # fmt: skip
    """Give another id to stories that were opened now, where the one that they would have is another story's."""
    for opening in arrivals:
        if made[opening.article.id].how is not Placed.OPENED:
            continue
        name = free_id(context, [opening.article.id])
        if name == made[opening.article.id].story:
            continue
        group = [one for one in arrivals if one.copy.group == opening.copy.group]
        memory.forget_one(opening.seq)
        rebuild(name, group, memory)
        memory.assign(opening.copy.group, name, opening.at)
        for one in group:
            made[one.article.id] = msgspec.structs.replace(made[one.article.id], story=name)


def _save(
    context: Context,
    memory: StoredStories,
    moved: Sequence[ToPlace],
    made: Mapping[str, Placement],
    gone: Left,
    noted: Sequence[Regrouped],
) -> None:
    """Write where the articles ``moved`` are now, and what becomes of the stories that they left."""
    store, placements = context.store, [made[one.article.id] for one in moved]
    parts: dict[str, list[str]] = defaultdict(list)
    for one in placements:
        parts[one.story].append(one.id)
    with store.write() as connection:
        store.ledger.holds(connection, Stage.CLUSTER)
        memory.flush(connection)
        gone.save(connection, context)
        for one in placements:
            if one.how is Placed.OPENED:
                storybook.stand_alone(connection, one.story)
        storybook.tell_all(connection, moved, placements, memory.frequencies)
        for story, ids in parts.items():
            store.ledger.put_into(connection, story, ids)
        store.ledger.rewrite(connection, Stage.CLUSTER, {one.id: one for one in placements}, context.clock())
        store.ledger.touch(connection, stories={*parts, *gone.remade})
        regrouped.settled(connection, noted)
