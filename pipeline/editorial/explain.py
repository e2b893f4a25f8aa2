"""Tell the whole history of an article or a feed: why it is, or isn't, in the index."""

from __future__ import annotations

import datetime as dt

import msgspec

from pipeline import article_diff
from pipeline.cluster import StoryFacts
from pipeline.context import Context
from pipeline.decisions import StoryDecision
from pipeline.dedupe import GroupSummary
from pipeline.reconcile.article_records import gather_records
from pipeline.records import Article, Page, Record, Stage
from pipeline.revisit_policy import Visit
from pipeline.store import ArticleRow, OutcomeRow


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
    changes: list[StoryDecision] = msgspec.field(default_factory=list)  # mergers, splits and renamings of that story


def explain_name(context: Context, address_or_id: str) -> Explanation | None:
    """Return what the ledger knows of an article (by address or id) or a feed (by address), None for nothing."""
    ledger = context.store.ledger
    with context.store.read() as connection:
        item = ledger.find_article(connection, address_or_id)
        history = ledger.list_outcomes(connection, item.id if item else address_or_id)
    if item is None and not history:
        return None
    if item is None:
        return Explanation(item=None, visit=None, versions=[], history=history, records={})
    with context.store.read() as connection:
        visit = context.store.visits.load_visits(connection, [item.id]).get(item.id)
    (records,) = gather_records(context, [item], newest=True)
    explanation = Explanation(
        item=item,
        visit=visit,
        versions=list_versions(context, item),
        history=history,
        records=records.by_stage(),
        group=records.group if item.copy_group else None,
    )
    if item.story is None or records.story is None:
        return explanation
    with context.store.read() as connection:
        changes = context.store.decisions.list_story_decisions(connection, records.story.id)
    return msgspec.structs.replace(explanation, story=records.story, changes=changes)


def list_versions(context: Context, item: ArticleRow) -> list[ArticleVersion]:
    """Return every version of an article, the first one first."""
    versions: list[ArticleVersion] = []
    previous: Article | None = None
    with context.store.read() as connection:
        pages = context.store.ledger.list_versions(connection, item.id, Page)
        articles = context.store.ledger.list_versions(connection, item.id, Article)
    fetched = {number: page.fetched for number, _, page in pages}
    for number, at, article in articles:
        change = article_diff.compare_versions(previous, article) if previous else None
        versions.append(ArticleVersion(version=number, at=fetched.get(number, at), title=article.title, change=change))
        previous = article
    return versions
