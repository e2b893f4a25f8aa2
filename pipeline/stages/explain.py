"""Why is an article in the index, or not? Its whole history."""

from __future__ import annotations

import datetime as dt

import msgspec

from pipeline import revisions
from pipeline.cluster import StoryFacts
from pipeline.dedupe import Lead
from pipeline.records import Article, Copy, Entry, Names, Page, Placement, Record, Stage
from pipeline.stages.context import Context
from pipeline.stages.groups import leads
from pipeline.store import Happened, Item
from pipeline.store.storybook import Change
from pipeline.visits import Visit

_RECORDS: dict[Stage, type[Record]] = {
    Stage.POLL: Entry,
    Stage.FETCH: Page,
    Stage.EXTRACT: Article,
    Stage.DEDUPE: Copy,
    Stage.ENRICH: Names,
    Stage.CLUSTER: Placement,
}


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an article: when it was read, and what it says otherwise than the one before."""

    version: int
    at: dt.datetime
    title: str | None
    change: revisions.Change | None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """All that the ledger knows of an article; of a feed only its history."""

    item: Item | None
    visit: Visit | None
    versions: list[Seen]
    history: list[Happened]
    records: dict[Stage, Record]
    group: Lead | None = None  # what is said of its copy group
    story: StoryFacts | None = None  # that the article is in now
    changes: list[Change] = msgspec.field(default_factory=list)  # mergers, splits and renamings of that story


def explain(context: Context, address_or_id: str) -> Explanation | None:
    """Return what the ledger knows of an article (by address or id) or a feed (by address), None for nothing."""
    ledger = context.store.ledger
    item = ledger.find(address_or_id)
    history = ledger.history(item.id if item else address_or_id)
    if item is None and not history:
        return None
    if item is None:
        return Explanation(item=None, visit=None, versions=[], history=history, records={})
    with context.store.database.read() as connection:
        visit = context.store.visits.get(connection, [item.id]).get(item.id)
    grouped = leads(context, [item.copy_group]) if item.copy_group else {}
    found = Explanation(
        item=item,
        visit=visit,
        versions=versions(context, item),
        history=history,
        records={s: r for s, kind in _RECORDS.items() if (r := ledger.of([item.id], s, kind).get(item.id))},
        group=next((lead for lead, _ in grouped.values()), None),
    )
    if item.story is None:
        return found
    book = context.store.storybook
    story = book.facts([item.story])[item.story]
    return msgspec.structs.replace(found, story=story, changes=book.changes(story.id))


def versions(context: Context, item: Item) -> list[Seen]:
    """Return every version of an article, the first one first."""
    seen: list[Seen] = []
    before: Article | None = None
    pages = {number: page.fetched for number, _, page in context.store.ledger.versions(item, Stage.FETCH, Page)}
    for number, at, article in context.store.ledger.versions(item, Stage.EXTRACT, Article):
        change = revisions.compare(before, article) if before else None
        seen.append(Seen(version=number, at=pages.get(number, at), title=article.title, change=change))
        before = article
    return seen
