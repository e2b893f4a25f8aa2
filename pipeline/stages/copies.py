"""What is known of the copies of an article? Its group, who is primary, and what each took."""

from __future__ import annotations

import datetime as dt

import msgspec

from pipeline.dedupe import Lead
from pipeline.documents import published
from pipeline.records import Article, Copy, Entry, Precision, Stage
from pipeline.stages.context import Context
from pipeline.stages.groups import leads
from pipeline.store import copies
from pipeline.store.lines import Grouped, Pinned


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """An article of a copy group."""

    id: str
    source: str
    url: str | None
    title: str | None
    published: dt.datetime | None  # as its page or its feed states it
    published_local: str | None  # where that is a day, or a time of no known zone
    precision: Precision | None
    first_seen: dt.datetime


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A copy group; without ``group`` and ``lead`` where dedupe has not decided yet."""

    group: str | None
    lead: Lead | None = None
    members: tuple[Member, ...] = ()  # in order of arrival
    copies: tuple[Copy, ...] = ()  # what dedupe says of each, in the same order
    decisions: tuple[Pinned, ...] = ()  # what editors decided on them, in order


def show(context: Context, group: str | None) -> Shown:
    """Return what is known of the copy group with this id, which is None for an article that has none yet."""
    if group is None:
        return Shown(group=None)
    with context.store.database.read() as connection:
        grouped = copies.members(connection, [group]).get(group, [])
        decided = copies.pins(connection, [one.seq for one in grouped])
    ids = [one.id for one in grouped]
    made = context.store.ledger.of(ids, Stage.DEDUPE, Copy)
    articles = context.store.ledger.of(ids, Stage.EXTRACT, Article)
    entries = context.store.ledger.of(ids, Stage.POLL, Entry)
    members = tuple(
        _member(one, articles[one.id], entries.get(one.id))
        for one in grouped
        if one.id in made and one.id in articles  # not one that is taken down meanwhile
    )
    lead = next((one for one, _ in leads(context, [group]).values()), None)
    own = tuple(made[one.id] for one in members)
    return Shown(group=group, lead=lead, members=members, copies=own, decisions=tuple(decided))


def _member(one: Grouped, article: Article, entry: Entry | None) -> Member:
    at, precision = published(entry, article)
    return Member(
        id=one.id,
        source=one.source,
        url=article.url,
        title=article.title,
        published=at,
        published_local=article.published_local,
        precision=precision,
        first_seen=one.first_seen,
    )
