"""What is known of the copies of an article? Its group, who is primary, and what each took."""

from __future__ import annotations

import datetime as dt

import msgspec

from pipeline.context import Context
from pipeline.dedupe import GroupSummary
from pipeline.documents import publication_time
from pipeline.reconcile.copy_groups import summarise_groups
from pipeline.records import Article, Copy, Entry, Precision
from pipeline.store import CopyPin, GroupMember


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
    """A copy group; without ``group`` and ``lead`` where dedupe has not decided yet."""

    group: str | None
    lead: GroupSummary | None = None
    members: tuple[CopyGroupMember, ...] = ()  # in order of arrival
    copies: tuple[Copy, ...] = ()  # what dedupe says of each, in the same order
    decisions: tuple[CopyPin, ...] = ()  # what editors decided on them, in order


def load_copy_group(context: Context, group: str | None) -> CopyGroupView:
    """Return what is known of the copy group with this id, which is None for an article that has none yet."""
    if group is None:
        return CopyGroupView(group=None)
    with context.store.read() as connection:
        grouped = context.store.copy_groups.list_members(connection, [group]).get(group, [])
        decided = context.store.copy_groups.list_pins(connection, [one.seq for one in grouped])
        ids = [one.id for one in grouped]
        made = context.store.ledger.latest(connection, ids, Copy)
        articles = context.store.ledger.latest(connection, ids, Article)
        entries = context.store.ledger.latest(connection, ids, Entry)
    members = tuple(
        _member(one, articles[one.id], entries.get(one.id))
        for one in grouped
        if one.id in made and one.id in articles  # not one that is taken down meanwhile
    )
    lead = next((one for one, _ in summarise_groups(context, [group]).values()), None)
    own = tuple(made[one.id] for one in members)
    return CopyGroupView(group=group, lead=lead, members=members, copies=own, decisions=tuple(decided))


def _member(one: GroupMember, article: Article, entry: Entry | None) -> CopyGroupMember:
    at, precision = publication_time(entry, article)
    return CopyGroupMember(
        id=one.id,
        source=one.source,
        url=article.url,
        title=article.title,
        published=at,
        published_local=article.published_local,
        precision=precision,
        first_seen=one.first_seen,
    )
