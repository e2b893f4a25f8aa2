"""Why is an article in the index, or not? Its whole history."""

from __future__ import annotations

import datetime as dt

import msgspec

from pipeline import article_diff
from pipeline.cluster import StoryFacts
from pipeline.context import Context
from pipeline.dedupe import GroupSummary
from pipeline.reconcile.copy_groups import summarise_groups
from pipeline.records import Article, Copy, Entry, Names, Page, Placement, Record, Stage
from pipeline.revisit_policy import Visit
from pipeline.store import ArticleRow, OutcomeRow
from pipeline.store.story_catalog import StoryChange

_RECORDS: dict[Stage, type[Record]] = {
    Stage.POLL: Entry,
    Stage.FETCH: Page,
    Stage.EXTRACT: Article,
    Stage.DEDUPE: Copy,
    Stage.ENRICH: Names,
    Stage.CLUSTER: Placement,
}


class ArticleVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an article: when it was read, and what it says otherwise than the one before."""

    version: int
    at: dt.datetime
    title: str | None
    change: article_diff.VersionDiff | None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """All that the ledger knows of an article; of a feed only its history."""

    item: ArticleRow | None
    visit: Visit | None
    versions: list[ArticleVersion]
    history: list[OutcomeRow]
    records: dict[Stage, Record]
    group: GroupSummary | None = None  # what is said of its copy group
    story: StoryFacts | None = None  # that the article is in now
    changes: list[StoryChange] = msgspec.field(default_factory=list)  # mergers, splits and renamings of that story


def explain_name(context: Context, address_or_id: str) -> Explanation | None:
    """Return what the ledger knows of an article (by address or id) or a feed (by address), None for nothing."""
    ledger = context.store.ledger
    item = ledger.find_article(address_or_id)
    history = ledger.list_outcomes(item.id if item else address_or_id)
    if item is None and not history:
        return None
    if item is None:
        return Explanation(item=None, visit=None, versions=[], history=history, records={})
    with context.store.database.read() as connection:
        visit = context.store.visits.load_visits(connection, [item.id]).get(item.id)
    grouped = summarise_groups(context, [item.copy_group]) if item.copy_group else {}
    found = Explanation(
        item=item,
        visit=visit,
        versions=list_versions(context, item),
        history=history,
        records={s: r for s, kind in _RECORDS.items() if (r := ledger.latest([item.id], s, kind).get(item.id))},
        group=next((lead for lead, _ in grouped.values()), None),
    )
    if item.story is None:
        return found
    book = context.store.story_catalog
    story = book.load_facts([item.story])[item.story]
    return msgspec.structs.replace(found, story=story, changes=book.list_changes(story.id))


def list_versions(context: Context, item: ArticleRow) -> list[ArticleVersion]:
    """Return every version of an article, the first one first."""
    seen: list[ArticleVersion] = []
    before: Article | None = None
    pages = {number: page.fetched for number, _, page in context.store.ledger.list_versions(item, Stage.FETCH, Page)}
    for number, at, article in context.store.ledger.list_versions(item, Stage.EXTRACT, Article):
        change = article_diff.compare_versions(before, article) if before else None
        seen.append(ArticleVersion(version=number, at=pages.get(number, at), title=article.title, change=change))
        before = article
    return seen
