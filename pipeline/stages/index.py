"""Write one document for each article: stage index.

The index is a view of the ledger: one that was lost, or made by another version, is filled again from there.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Self

import sqlalchemy as sa

from pipeline.context import Context
from pipeline.documents import build_document
from pipeline.errors import IndexVersionError, ItemError
from pipeline.reconcile.article_records import gather_records
from pipeline.records import Document, Outcome, Stage
from pipeline.stages.runner import Emit, StageHandler
from pipeline.store import ArticleRow, StageResult

_log = logging.getLogger(__name__)

_IDENTITY = "index identity"


class IndexHandler(StageHandler):
    """Writes one document per article into the index."""

    stage = Stage.INDEX
    runs_always = True

    def __enter__(self) -> Self:
        """Prepare the index; have every document written into an index that is not the one of the last run."""
        store, index = self.context.store, self.context.index
        try:
            index.prepare()
        except IndexVersionError as error:
            _log.warning("%s", error)
            index.wipe()
        identity = index.identity()
        with store.read() as connection:
            indexed_as = store.values.get(connection, _IDENTITY)
        if indexed_as != identity:
            with store.write() as connection:
                store.ledger.requeue_all_for_index(connection)
                store.values.save(connection, _IDENTITY, identity)
        return self

    def decide(self, claimed: Sequence[ArticleRow], emit: Emit) -> None:
        """Index the articles of ``claimed``; remove the documents of articles that were taken down.

        Raises IndexAwayError where the index does not answer.
        """
        index = self.context.index
        self.context.store.pending_removals.remove_documents(index.delete)
        documents = {document.id: document for document in build_documents(self.context, claimed)}
        refusals = {refusal.id: refusal for refusal in index.upsert(list(documents.values()))}
        for article in self.with_records(claimed, emit, documents):
            if (refusal := refusals.get(article.id)) is None:
                emit(StageResult(article=article, outcome=Outcome.DONE))
                continue
            outcome = Outcome.RETRY if refusal.retry else Outcome.QUARANTINED
            emit(self.failure_result(article, ItemError(outcome, refusal.reason, refusal.detail)))

    def discard_removed(self, connection: sa.Connection, removed: Sequence[StageResult]) -> None:
        """Have documents removed that were written after their articles were taken down."""
        self.context.store.pending_removals.add_documents(connection, [result.article.id for result in removed])


def build_documents(context: Context, claimed: Sequence[ArticleRow]) -> list[Document]:
    """Return the documents of articles that have been through all stages before this one.

    Articles that were taken down or sent back since ``claimed`` was read have none.
    """
    now = context.clock()
    gathered = gather_records(context, claimed)
    return [document for records in gathered if (document := build_document(records, now))]
