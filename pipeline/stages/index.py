"""Write one document for each article: stage index.

The index is a view of the ledger: one that was lost is filled again from there. Beside one of another version a new
generation is filled.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence

import sqlalchemy as sa

from pipeline import reindex
from pipeline.context import Context
from pipeline.documents import build_document
from pipeline.errors import IndexRefusedError, IndexVersionError, ItemError
from pipeline.reconcile.article_records import gather_records
from pipeline.records import Document, Outcome, Stage
from pipeline.stages.runner import Emit, StageHandler
from pipeline.store import INDEX_IDENTITY, ArticleRow, StageResult

_log = logging.getLogger(__name__)


class IndexHandler(StageHandler):
    """Writes one document per article into the index."""

    stage = Stage.INDEX
    runs_always = True
    _is_prepared = False  # whether this handler has seen to it that the index is there

    def maintain(self) -> None:
        """Prepare the index; have every document written into an index that is not the one of the last run.

        An index of another version stays as it is and is searched until a generation of this version is filled.
        """
        store, identity = self.context.store, self._prepare()
        if identity is None:
            return  # the run ends
        with store.read() as connection:
            indexed_as = store.values.get(connection, INDEX_IDENTITY)
        if indexed_as != identity:
            is_filled = reindex.is_switched_to(self.context, identity)
            with store.write() as connection:
                if not is_filled:
                    store.ledger.requeue_all_for_index(connection)
                store.values.save(connection, INDEX_IDENTITY, identity)

    def _prepare(self) -> str | None:
        """Return the index's identity; create what is missing, and what another version made beside it anew."""
        index = self.context.index
        if self._is_prepared:  # templates and settings change nothing any more: it is only asked who it is
            with contextlib.suppress(IndexRefusedError):
                return index.identity()
        try:
            index.prepare()
        except IndexVersionError as error:
            _log.warning("%s", error)
            reindex.renew(self.context, is_ending=lambda: self.is_interrupted)
            if self.is_interrupted:
                return None
        self._is_prepared = True
        return index.identity()

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

    def discard_lost(self, connection: sa.Connection, lost: Sequence[StageResult]) -> None:
        """Have documents removed that were written after their articles were taken down, taken back or held."""
        ids = {result.article.id for result in lost}
        hidden = self.context.store.ledger.find_hidden(connection, ids, self.context.clock())
        self.context.store.pending_removals.add_documents(connection, sorted(hidden), self.context.clock())


def build_documents(context: Context, claimed: Sequence[ArticleRow]) -> list[Document]:
    """Return the documents of articles that have been through all stages before this one.

    Articles that were taken down or sent back since ``claimed`` was read have none.
    """
    now = context.clock()
    gathered = gather_records(context, claimed)
    return [document for records in gathered if (document := build_document(records, now))]
