"""Find the names in each article and link each to one entity: stage enrich.

Names are found in worker processes, without a transaction; they are linked to earlier articles' entities in the one
that saves them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Self

import msgspec
import sqlalchemy as sa

from pipeline.context import Context
from pipeline.enrich import load_knowledge_base
from pipeline.enrich.linking.entity_linking import ArticleNames, link_batch
from pipeline.enrich.name_workers import NamedArticle, NameReading, NameWorkers
from pipeline.errors import ItemError
from pipeline.records import STAGE_VERSIONS, Article, Copy, Names, Outcome, Stage
from pipeline.stages.runner import StageHandler
from pipeline.stages.vectors import choose_batch_vectorise
from pipeline.store import ArticleRow, StageResult
from pipeline.worker_count import choose_worker_counts


class EnrichHandler(StageHandler):
    """Finds names and ties each to one entity; makes vectors where texts in several languages come.

    A copy inherits the names of its original: from the ledger, or from a handler with the same workers that is at it.
    """

    stage = Stage.ENRICH

    @classmethod
    def open_workers(cls, context: Context) -> NameWorkers:
        """Return the processes that find names."""
        settings = context.settings
        count = choose_worker_counts(settings).enrich
        return NameWorkers(settings.entities, settings.enrich, context.config, count=count)

    def __enter__(self) -> Self:
        self._knowledge = load_knowledge_base(self.context.config)
        self._seqs: dict[str, int] = {}  # of the articles that are being read, or were in the last batch
        self._opened = contextlib.ExitStack()
        self._workers: NameWorkers = self.shared_workers or self._opened.enter_context(self.open_workers(self.context))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._workers.withdraw(self._seqs)
        self._opened.__exit__(kind, error, at)

    def decide(self, claimed: Sequence[ArticleRow], emit: Callable[[StageResult], None]) -> None:
        """Find the names of each article."""
        self._workers.withdraw(self._seqs)
        self._seqs = {row.id: row.seq for row in claimed}
        self._workers.promise(self._seqs)
        try:
            self._read(claimed, emit)
        except BaseException:
            self._workers.withdraw(self._seqs)
            raise

    def _read(self, claimed: Sequence[ArticleRow], emit: Callable[[StageResult], None]) -> None:
        ledger = self.context.store.ledger
        with self.context.store.read() as connection:
            articles = ledger.current(connection, claimed, Article)
            copies = ledger.current(connection, claimed, Copy)
            vectorise = choose_batch_vectorise(self.context, connection, articles.values()) is not None
        claimed = sorted(self.with_records(claimed, emit, articles, copies), key=lambda row: row.seq)
        self._workers.withdraw(self._seqs.keys() - {row.id for row in claimed})
        originals: dict[str, Future[NamedArticle] | NamedArticle] = {}
        # what is being read comes first: it may be in the ledger by the time that this has been looked at
        for row in claimed:
            if (original := copies[row.id].copy_of) and (promised := self._workers.promised(original, row.seq)):
                originals[original] = promised
        originals |= self._originals({c.copy_of for c in copies.values() if c.copy_of} - originals.keys())
        readings = []
        for row in claimed:
            source = self.context.sources.get(row.source)
            taken_from = originals.get(copies[row.id].copy_of or "")
            country = source.country if source else None
            readings.append(NameReading(articles[row.id], country, taken_from, vectorise))
        for row, names in zip(claimed, self._workers.read_names(readings, self.meanwhile), strict=True):
            if isinstance(names, ItemError):
                emit(self.failure_result(row, names))
            elif isinstance(names, Exception):
                emit(self.crash_result(row, names))
            else:
                emit(StageResult(article=row, outcome=Outcome.DONE, record=names))

    def _originals(self, ids: Collection[str]) -> dict[str, tuple[Article, Names]]:
        """Return the originals with their names, without those that an earlier version of the stage read."""
        ledger = self.context.store.ledger
        with self.context.store.read() as connection:
            rows = list(ledger.get_articles(connection, ids).values())
            articles, names = ledger.current(connection, rows, Article), ledger.current(connection, rows, Names)
            versions, version = ledger.stage_versions(connection, rows), STAGE_VERSIONS[Stage.ENRICH]
        return {
            row.id: (articles[row.id], names[row.id])
            for row in rows
            if row.id in articles and row.id in names and versions[row.id].get(Stage.ENRICH) == version
        }

    def finalise(self, connection: sa.Connection, results: Sequence[StageResult]) -> Sequence[StageResult]:
        """Link the names to the entities of earlier articles, in order of arrival, and remember their forms.

        It happens in the transaction that saves them, so that the next worker knows what this one's articles wrote.
        """
        memory = self.context.store.entity_memory(connection)
        owned = sorted(self.context.store.ledger.still_leased(connection, results), key=lambda r: r.article.seq)
        named_rows = [(r.article, r.record) for r in owned if isinstance(r.record, Names)]
        counted = memory.load_counted_names([row.id for row, _ in named_rows])
        batch = [ArticleNames(row.seq, row.first_seen, names, counted.get(row.id)) for row, names in named_rows]
        linked_batch = link_batch(batch, self._knowledge, memory)
        linked = {row.id: names for (row, _), names in zip(named_rows, linked_batch, strict=True)}
        if renamed := memory.flush():
            articles = self.context.store.entities.select_articles_naming(connection, renamed)
            self.context.store.ledger.bump_revision(connection, seqs=articles)
        return [msgspec.structs.replace(r, record=linked.get(r.article.id, r.record)) for r in owned]
