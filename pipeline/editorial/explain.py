"""Tell the whole history of an article or a feed: why it is, or isn't, in the index."""

from __future__ import annotations

import datetime as dt

import msgspec
import sqlalchemy as sa

from pipeline import article_diff
from pipeline.cluster import StoryFacts
from pipeline.context import Context
from pipeline.decisions import ArticleDecision, StoryDecision
from pipeline.dedupe import GroupSummary
from pipeline.reconcile.article_records import gather_records
from pipeline.records import Article, Page, Record, Stage
from pipeline.revisit_policy import Visit
from pipeline.store import WITHDRAWN, ArticleRow, OutcomeRow
from pipeline.urls import article_id


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
    asked: dt.datetime  # when this was told
    group: GroupSummary | None = None  # what is said of its copy group
    story: StoryFacts | None = None  # that the article is in now
    changes: list[StoryDecision] = msgspec.field(default_factory=list)  # mergers, splits and renamings of that story
    duplicate: ArticleRow | None = None  # what was listed at the address, and turned out to be this article
    duplicate_history: list[OutcomeRow] = msgspec.field(default_factory=list)
    withdrawals: list[ArticleDecision] = msgspec.field(default_factory=list)  # that stand

    @property
    def is_hidden(self) -> bool:
        """Tell whether readers may not be told what the article says: it was taken back, or an embargo holds it."""
        if self.item is None:
            return False
        return self.item.state == WITHDRAWN or (self.item.embargoed is not None and self.item.embargoed > self.asked)


def explain_name(context: Context, address_or_id: str) -> Explanation | None:
    """Return what the ledger knows of an article (by address or id) or a feed (by address), None for nothing."""
    ledger = context.store.ledger
    with context.store.read() as connection:
        item = ledger.find_article(connection, address_or_id)
        history = ledger.list_outcomes(connection, item.id if item else address_or_id)
    if item is None and not history:
        return None
    if item is None:
        return Explanation(item=None, visit=None, versions=[], history=history, records={}, asked=context.clock())
    with context.store.read() as connection:
        visit = context.store.visits.load_visits(connection, [item.id]).get(item.id)
        duplicate = _find_duplicate(context, connection, address_or_id, item)
        duplicate_history = ledger.list_outcomes(connection, duplicate.id) if duplicate else []
        withdrawals = context.store.decisions.list_withdrawals(connection, article=item.id)
    (records,) = gather_records(context, [item], newest=True)
    explanation = Explanation(
        item=item,
        visit=visit,
        versions=list_versions(context, item),
        history=history,
        records=records.by_stage(),
        asked=context.clock(),
        withdrawals=withdrawals,
        group=records.group if item.copy_group else None,
        duplicate=duplicate,
        duplicate_history=duplicate_history,
    )
    if item.story is None or records.story is None:
        return explanation
    with context.store.read() as connection:
        changes = context.store.decisions.list_story_decisions(connection, records.story.id)
    return msgspec.structs.replace(explanation, story=records.story, changes=changes)


def _find_duplicate(context: Context, connection: sa.Connection, address: str, item: ArticleRow) -> ArticleRow | None:
    """Return the article that was listed at an address which leads to another one now, None where none was."""
    try:
        listed = article_id(address)
    except ValueError:
        return None
    return context.store.ledger.get_articles(connection, {listed} - {item.id}).get(listed)


def without_texts(explanation: Explanation) -> Explanation:
    """Return what may be told to anybody of an article that is hidden: not what it says."""
    return msgspec.structs.replace(explanation, versions=[], records={})


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
