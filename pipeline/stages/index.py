"""index: how does each article lie in the index?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

import sqlalchemy as sa

from pipeline.context import Context
from pipeline.dedupe import GroupSummary
from pipeline.documents import build_document
from pipeline.editorial.entities import apply_decisions
from pipeline.errors import ItemError
from pipeline.reconcile.copy_groups import summarise_groups
from pipeline.records import Article, Copy, Document, Entry, Names, Outcome, Page, Placement, Stage
from pipeline.settings import Source
from pipeline.stages.runner import StageHandler
from pipeline.store import ArticleRow, StageResult

_IDENTITY = "index identity"


class IndexHandler(StageHandler):
    """Writes one document per article into the index."""

    stage = Stage.INDEX
    runs_always = True

    def __enter__(self) -> Self:
        """Make sure of the index; another one than before gets every document."""
        store, index = self.context.store, self.context.index
        index.prepare()
        identity = index.identity()
        if store.load_value(_IDENTITY) != identity:
            with store.write() as connection:
                store.ledger.requeue_all_for_index(connection)
                store.save_value(connection, _IDENTITY, identity)
        return self

    def decide(self, claimed: Sequence[ArticleRow], emit: Callable[[StageResult], None]) -> None:
        """Index the articles of ``claimed``, take out what was withdrawn; raises IndexAwayError if it is away."""
        index = self.context.index
        self.context.store.pending_removals.remove_documents(index.delete)
        made = {document.id: document for document in build_documents(self.context, claimed)}
        refused = {refusal.id: refusal for refusal in index.upsert(list(made.values()))}
        for item in self.with_records(claimed, emit, made):
            if (refusal := refused.get(item.id)) is None:
                emit(StageResult(item=item, outcome=Outcome.DONE))
                continue
            outcome = Outcome.RETRY if refusal.retry else Outcome.QUARANTINED
            emit(self.failure_result(item, ItemError(outcome, refusal.reason, refusal.detail)))

    def discard_removed(self, connection: sa.Connection, lost: Sequence[StageResult]) -> None:
        """Have the documents taken out that were written after their articles were taken down."""
        self.context.store.pending_removals.add_documents(connection, [result.item.id for result in lost])


def build_documents(context: Context, claimed: Sequence[ArticleRow]) -> list[Document]:
    """Return the documents of articles that have been through all stages before this one.

    Those that were taken down or sent back since ``claimed`` was read have none.
    """
    ledger = context.store.ledger
    entries = ledger.current(claimed, Stage.POLL, Entry)
    pages = ledger.current(claimed, Stage.FETCH, Page)
    articles = ledger.current(claimed, Stage.EXTRACT, Article)
    copies = ledger.current(claimed, Stage.DEDUPE, Copy)
    names = apply_decisions(context.store, ledger.current(claimed, Stage.ENRICH, Names))
    placements = ledger.current(claimed, Stage.CLUSTER, Placement)
    claimed = [item for item in claimed if all(item.id in records for records in (articles, copies, placements))]
    grouped = summarise_groups(context, {copy.group for copy in copies.values()})
    # where an article is now: merges and splits change no record
    stories = {item.id: item.story or placements[item.id].story for item in claimed}
    story_sizes = ledger.count_by_story(set(stories.values()))
    told = context.store.story_catalog.load_facts(stories.values())
    now, made_by = context.clock(), ledger.stage_versions(claimed)
    gone = context.store.visits.list_gone([item.id for item in claimed])
    return [
        build_document(
            entry=entries.get(item.id),
            page=pages.get(item.id),
            article=articles[item.id],
            copy=copies[item.id],
            names=names.get(item.id),
            placement=placements[item.id],
            source=context.sources.get(item.source) or Source(name=item.source),
            revision=item.revision,
            version=item.version,
            first_seen=item.first_seen,
            gone=gone.get(item.id),
            indexed=now,
            copies=_copies(item.id, grouped.get(copies[item.id].group)),
            # none where it became part of another one meanwhile: the document is written again then
            story_size=story_sizes.get(stories[item.id], 1),
            stages=made_by[item.id],
            lead=grouped[copies[item.id].group][0] if copies[item.id].group in grouped else None,
            told=told[stories[item.id]],
        )
        for item in claimed
    ]


def _copies(article_id: str, group: tuple[GroupSummary, int] | None) -> int:
    """Return how many copies there are of an article: of the primary of its group all others, of the others none."""
    return group[1] - 1 if group and group[0].primary == article_id else 0
