"""Why is an article in the index, or not? Its whole history."""

from __future__ import annotations

import msgspec

from pipeline.cluster import StoryFacts
from pipeline.dedupe import Lead
from pipeline.records import Article, Copy, Entry, Names, Page, Placement, Record, Stage
from pipeline.stages.context import Context
from pipeline.stages.groups import leads
from pipeline.store import Happened, Item
from pipeline.store.storybook import Change

_RECORDS: dict[Stage, type[Record]] = {
    Stage.POLL: Entry,
    Stage.FETCH: Page,
    Stage.EXTRACT: Article,
    Stage.DEDUPE: Copy,
    Stage.ENRICH: Names,
    Stage.CLUSTER: Placement,
}


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """All that the ledger knows of an article; of a feed only its history."""

    item: Item | None
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
    made = {s: r for s, kind in _RECORDS.items() if item and (r := ledger.read([item], s, kind).get(item.id))}
    grouped = leads(context, [item.copy_group]) if item and item.copy_group else {}
    group = next((lead for lead, _ in grouped.values()), None)
    found = Explanation(item=item, history=history, records=made, group=group)
    if item is None or item.story is None:
        return found
    book = context.store.storybook
    story = book.facts([item.story])[item.story]
    return msgspec.structs.replace(found, story=story, changes=book.changes(story.id))
