"""Merge and split copy groups, take that back, and show a group: who is primary, and what each member took.

What an editor decides stands: dedupe keeps an article in the group that the latest standing decision put it in. Whoever
moves articles between groups holds dedupe's lock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

import msgspec
import sqlalchemy as sa

from pipeline.context import Context
from pipeline.count_min import CountMinSketch
from pipeline.decisions import CopyDecision, DecisionAuthor, DecisionKind, DecisionMove
from pipeline.dedupe import GroupSummary, move_sketch
from pipeline.documents import publication_time
from pipeline.editorial.decisions import mark_undone, record_decision
from pipeline.errors import UsageError
from pipeline.reconcile.copy_groups import (
    GroupDecision,
    canonical_credit,
    date_articles,
    reconcile_groups,
    summarise_groups,
)
from pipeline.records import Article, Copy, Entry, Precision, Stage
from pipeline.stage_lock import exclusive
from pipeline.store import ArticleRow, CopyPin, GroupMember, Selection

T = TypeVar("T")

_DAY = 24 * 60  # minutes


class CopyGroupMember(msgspec.Struct, frozen=True, kw_only=True):
    """An article of a copy group."""

    id: str
    source: str
    url: str | None
    title: str | None
    published: dt.datetime | None  # as its page or its feed states it
    published_local: str | None  # where that is a day, or a time of no known zone
    precision: Precision | None
    first_seen: dt.datetime


class CopyGroupView(msgspec.Struct, frozen=True, kw_only=True):
    """A copy group; without ``group`` and ``summary`` where dedupe has not decided yet."""

    group: str | None
    summary: GroupSummary | None = msgspec.field(default=None, name="lead")
    members: tuple[CopyGroupMember, ...] = ()  # in order of arrival
    copies: tuple[Copy, ...] = ()  # what dedupe says of each, in the same order
    decisions: tuple[CopyPin, ...] = ()  # what editors decided on them, in order


def load_copy_group(context: Context, group: str | None) -> CopyGroupView:
    """Return what is known of the copy group with this id, which is None for an article that has none yet."""
    if group is None:
        return CopyGroupView(group=None)
    with context.store.read() as connection:
        rows = context.store.copy_groups.list_members(connection, [group]).get(group, [])
        pins = context.store.decisions.list_copy_pins(connection, [row.seq for row in rows])
        ids = [row.id for row in rows]
        copies = context.store.ledger.latest(connection, ids, Copy)
        articles = context.store.ledger.latest(connection, ids, Article)
        entries = context.store.ledger.latest(connection, ids, Entry)
    members = tuple(
        _to_member(row, articles[row.id], entries.get(row.id))
        for row in rows
        if row.id in copies and row.id in articles  # not one that is taken down meanwhile
    )
    return CopyGroupView(
        group=group,
        summary=next((summary for summary, _ in summarise_groups(context, [group]).values()), None),
        members=members,
        copies=tuple(copies[member.id] for member in members),
        decisions=tuple(pins),
    )


def describe_delay(minutes: int, *, exact: bool = True) -> str:
    """Return how much later (or, where negative, earlier) something was; in whole days where it isn't ``exact``."""
    if not exact:
        days = round(abs(minutes) / _DAY)
        return f"about {days} d {'later' if minutes > 0 else 'earlier'}" if days else "at about the same time"
    days, of_day = divmod(abs(minutes), _DAY)
    hours, of_hour = divmod(of_day, 60)
    parts = [f"{n} {unit}" for n, unit in ((days, "d"), (hours, "h"), (of_hour, "min")) if n][:2]
    return f"{' '.join(parts)} {'later' if minutes > 0 else 'earlier'}" if parts else "at the same time"


def merge_groups(context: Context, articles: Sequence[ArticleRow], author: DecisionAuthor) -> CopyDecision:
    """Make one group of the groups that ``articles`` are in, with the id of the one that began first.

    Raises:
        UsageError: They are in one group already, or dedupe has not decided on one of them.
    """
    with exclusive(context, Stage.DEDUPE):
        members = _load_groups(context, articles)
        if len(members) < 2:  # noqa: PLR2004 - one group is none to merge
            raise UsageError("these articles are in one group already")
        target = min(members, key=lambda group: min(member.seq for member in members[group]))
        decision = _decision(context, author, DecisionKind.MERGE, target)
        return _decide(context, decision, members, {row.id: target for group in members.values() for row in group})


def split_group(context: Context, articles: Sequence[ArticleRow], author: DecisionAuthor) -> CopyDecision:
    """Take ``articles`` out of the one group that they are in, into the group ``taken`` of the decision.

    Raises:
        UsageError: They are in several groups, or all of one, or dedupe has not decided on one of them.
    """
    with exclusive(context, Stage.DEDUPE):
        members = _load_groups(context, articles)
        if len(members) > 1:
            raise UsageError("these articles are in several groups; split one at a time")
        (group, rows), leaving = next(iter(members.items())), {article.id for article in articles}
        halves = [row for row in rows if row.id not in leaving], [row for row in rows if row.id in leaving]
        if not halves[0]:
            raise UsageError(f"that is all of group {group}; name only those that don't belong to the others")
        # the half with the article whose id the group has keeps that id
        stays, taken = (group if any(row.id == group for row in half) else half[0].id for half in halves)
        targets = {row.id: name for name, half in zip((stays, taken), halves, strict=True) for row in half}
        return _decide(context, _decision(context, author, DecisionKind.SPLIT, stays, taken), members, targets)


def undo_copy_decision(context: Context, decision: CopyDecision, author: DecisionAuthor) -> None:
    """Put the articles that a decision still binds back into the groups that they were in before.

    What has copied them since goes along. The next run of dedupe decides again on what came into the group otherwise,
    and on articles of which the ledger doesn't know where they were.
    """
    with exclusive(context, Stage.DEDUPE):
        with context.store.read() as connection:
            moves = {move.seq: move for move in context.store.decisions.list_moves(connection, decision.n)}
            pins = context.store.decisions.list_copy_pins(connection, moves)
            bound = {pin.id for pin in pins if pin.n == decision.n}
            rows = context.store.ledger.get_articles(connection, bound)
        origins = {row.id: moves[row.seq].origin for row in rows.values() if row.copy_group}
        moving = {name: origin for name, origin in origins.items() if origin and origin != rows[name].copy_group}
        targets, undecided = _plan_return(context, moving)
        undecided |= {name for name, origin in origins.items() if origin is None}

        def take_back(connection: sa.Connection) -> None:
            mark_undone(context, connection, decision.n, author)
            if undecided:
                selection = Selection(ids=tuple(sorted(undecided)))
                context.store.admin.redo_stage(connection, Stage.DEDUPE, selection, context.clock())

        if targets:
            _move_articles(context, targets, take_back, may_leave_story=decision.kind is DecisionKind.MERGE)
        else:
            with context.store.write() as connection:
                take_back(connection)


def repair_groups(context: Context, groups: Collection[str]) -> None:
    """Let what is left of ``groups`` have a primary, and copy nothing that is no more."""
    with exclusive(context, Stage.DEDUPE):
        changes = reconcile_groups(context, _frequencies(context), [], groups)
        with context.store.write() as connection:
            changes.save(connection, context)


def _to_member(row: GroupMember, article: Article, entry: Entry | None) -> CopyGroupMember:
    published, precision = publication_time(entry, article)
    return CopyGroupMember(
        id=row.id,
        source=row.source,
        url=article.url,
        title=article.title,
        published=published,
        published_local=article.published_local,
        precision=precision,
        first_seen=row.first_seen,
    )


def _load_groups(context: Context, articles: Sequence[ArticleRow]) -> dict[str, list[GroupMember]]:
    """Return the groups that ``articles`` are in now, which may be others than when they were looked up.

    Raises:
        UsageError: Dedupe has not decided on one of them.
    """
    with context.store.read() as connection:
        present = context.store.ledger.get_articles(connection, [article.id for article in articles])
        for article in articles:
            if present[article.id].copy_group is None:
                name = article.url or article.id
                raise UsageError(f"{name}: dedupe has not decided on it yet; run newswire run first")
        groups = {row.copy_group for row in present.values() if row.copy_group}
        return context.store.copy_groups.list_members(connection, groups)


def _decision(
    context: Context, author: DecisionAuthor, kind: DecisionKind, group: str, taken: str | None = None
) -> CopyDecision:
    return CopyDecision(kind=kind, at=context.clock(), by=author.name, note=author.note, group=group, taken=taken)


def _decide(
    context: Context, decision: CopyDecision, groups: Mapping[str, Sequence[GroupMember]], targets: Mapping[str, str]
) -> CopyDecision:
    """Move the members of ``groups`` to ``targets`` (id → group), where they stay; return the recorded decision."""
    moves = [
        DecisionMove(seq=row.seq, target=targets[row.id], origin=group)
        for group, rows in groups.items()
        for row in rows
    ]
    return _move_articles(
        context,
        targets,
        lambda connection: record_decision(context, connection, decision, moves),
        may_leave_story=decision.kind is DecisionKind.SPLIT,
    )


def _plan_return(context: Context, moving: Mapping[str, str]) -> tuple[dict[str, str], set[str]]:
    """Return where the articles of all groups concerned belong (id → group) when those of ``moving`` go back.

    ``moving``: id → the group that the article was in. Each group has the id of an article and stands for the group
    that this article is in now, even where an editor moved it since. Articles that no editor moved follow the article
    that they copy. The second value: the articles to which none of that applies, on which dedupe has to decide again.
    """
    if not moving:
        return {}, set()
    with context.store.read() as connection:
        rows = context.store.ledger.get_articles(connection, {*moving, *moving.values()})
        targets = {
            name: moving.get(origin) or (rows[origin].copy_group if origin in rows else None) or origin
            for name, origin in moving.items()
        }
        left = {rows[name].copy_group or "" for name in moving}
        groups = context.store.copy_groups.list_members(connection, {*left, *targets.values()})
        members = [row for group in groups.values() for row in group]
        pinned = {pin.id for pin in context.store.decisions.list_copy_pins(connection, [row.seq for row in members])}
        copies = context.store.ledger.latest(connection, [row.id for row in members], Copy)
    free = [row for row in members if row.id not in pinned and row.copy_group in left]
    while followers := {
        row.id: targets[original]
        for row in free
        if row.id not in targets and (original := copies[row.id].copy_of) and original in targets
    }:
        targets |= followers
    undecided = {row.id for row in free if row.id not in targets}
    staying = {row.copy_group for row in members if row.id in pinned and row.id not in targets}
    if len(set(targets.values())) == 1 and staying.isdisjoint(left):  # nothing is left that they could stay with
        targets |= dict.fromkeys(undecided, next(iter(targets.values())))
    return {row.id: targets.get(row.id, row.copy_group) for row in members}, undecided


def _move_articles(
    context: Context, targets: Mapping[str, str], record: Callable[[sa.Connection], T], *, may_leave_story: bool
) -> T:
    """Put articles (id → group) into groups; return what ``record`` does, which writes why, in the same transaction."""
    store, now = context.store, context.clock()
    with store.read() as connection:
        rows = list(store.ledger.get_articles(connection, targets).values())
        copies = store.ledger.latest(connection, [row.id for row in rows], Copy)
    dated = {member.article.id: member for member in date_articles(context, rows)}
    decided = [
        GroupDecision(
            article=row,
            dated=dated[row.id],
            copy=msgspec.structs.replace(copies[row.id], group=targets[row.id]),
            credit=canonical_credit(context, dated[row.id].article),
        )
        for row in rows
    ]
    changes = reconcile_groups(context, _frequencies(context), decided)
    records = {decision.article.id: decision.copy for decision in decided} | changes.copies
    with store.write() as connection:
        recorded = record(connection)
        store.copy_groups.move_articles(connection, {row.seq: targets[row.id] for row in rows}, move_sketch)
        store.ledger.replace_latest(connection, Copy, records, now)
        store.ledger.bump_revision(connection, ids=targets)
        store.articles_to_reassign.add(connection, targets, may_leave_story=may_leave_story)
    return recorded


def _frequencies(context: Context) -> CountMinSketch:
    """Return how common each shingle is, as dedupe has counted them."""
    return context.store.sketch_index(context.settings.dedupe).frequencies
