"""How does an editor put right what dedupe decided? Groups of copies are merged and split, for good."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from pipeline.context import Context
from pipeline.count_min import CountMinSketch
from pipeline.dedupe import move_sketch
from pipeline.errors import UsageError
from pipeline.reconcile.copy_groups import GroupDecision, canonical_credit, dated_arrivals, reconcile_groups
from pipeline.records import Copy, Stage
from pipeline.stage_lock import exclusive
from pipeline.store import ArticleRow, GroupMember


def merge_groups(context: Context, items: Sequence[ArticleRow], by: str, note: str | None = None) -> str:
    """Make one group of the groups that ``items`` are in; return its id, that of the one that began first.

    ``by`` decides so, because of ``note``.
    """
    with exclusive(context, Stage.DEDUPE):
        members = _members(context, items)
        if len(members) < 2:  # noqa: PLR2004 - one group is none to merge
            raise UsageError("these articles are in one group already")
        target = min(members, key=lambda group: min(one.seq for one in members[group]))
        _move_articles(context, {one.id: target for group in members.values() for one in group}, by, note, anew=False)
        return target


def split_group(context: Context, items: Sequence[ArticleRow], by: str, note: str | None = None) -> tuple[str, str]:
    """Take ``items`` out of the one group that they are in; return the ids of the group that is left and of theirs.

    ``by`` decides so, because of ``note``.
    """
    with exclusive(context, Stage.DEDUPE):
        members = _members(context, items)
        if len(members) > 1:
            raise UsageError("these articles are in several groups; split one at a time")
        (group, all_of_it), named = next(iter(members.items())), {item.id for item in items}
        halves = [one for one in all_of_it if one.id not in named], [one for one in all_of_it if one.id in named]
        if not halves[0]:
            raise UsageError(f"that is all of group {group}; name only those that don't belong to the others")
        # the article that the group is called by keeps its name
        left, taken = (group if any(one.id == group for one in half) else half[0].id for half in halves)
        into = {one.id: name for name, half in zip((left, taken), halves, strict=True) for one in half}
        _move_articles(context, into, by, note, anew=True)
        return left, taken


def repair_groups(context: Context, groups: Collection[str]) -> None:
    """Let what is left of ``groups`` have a primary, and copy nothing that is no more."""
    with exclusive(context, Stage.DEDUPE):
        changes = reconcile_groups(context, _frequencies(context), [], groups)
        with context.store.write() as connection:
            changes.save(connection, context)


def _members(context: Context, items: Sequence[ArticleRow]) -> dict[str, list[GroupMember]]:
    """Return the groups that ``items`` are in now, which may be others than when they were looked up."""
    with context.store.read() as connection:
        now = context.store.ledger.get_articles(connection, [item.id for item in items])
        for item in items:
            if now[item.id].copy_group is None:
                raise UsageError(f"{item.url or item.id}: dedupe has not decided on it yet; run newswire run first")
        groups = {item.copy_group for item in now.values() if item.copy_group}
        return context.store.copy_groups.list_members(connection, groups)


def _move_articles(context: Context, groups: Mapping[str, str], by: str, note: str | None, *, anew: bool) -> None:
    """Put articles (id → group) into groups; ``anew`` says whether they may leave their story."""
    store, now = context.store, context.clock()
    with store.read() as connection:
        items = list(store.ledger.get_articles(connection, groups).values())
        made = store.ledger.latest(connection, [item.id for item in items], Copy)
    arrivals = {arrival.article.id: arrival for arrival in dated_arrivals(context, items)}
    decided = [
        GroupDecision(
            item=item,
            arrival=arrivals[item.id],
            copy=msgspec.structs.replace(made[item.id], group=groups[item.id]),
            credit=canonical_credit(context, arrivals[item.id].article),
        )
        for item in items
    ]
    changes = reconcile_groups(context, _frequencies(context), decided)
    records = {one.item.id: one.copy for one in decided} | changes.copies
    with store.write() as connection:
        decision = {"at": now, "made_by": by, "reason": note}
        by_seq = {item.seq: groups[item.id] for item in items}
        store.copy_groups.pin_to_groups(connection, by_seq, move_sketch, decision)
        store.ledger.replace_latest(connection, Copy, records, now)
        store.ledger.bump_revision(connection, ids=groups)
        store.articles_to_reassign.add(connection, groups, anew=anew)


def _frequencies(context: Context) -> CountMinSketch:
    """Return how common dedupe found word triples to be."""
    return context.store.sketch_index(context.settings.dedupe).frequencies
