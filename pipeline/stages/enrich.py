"""Find the names in each article and link each to one entity: stage enrich.

Names are found without a transaction; they are linked to earlier articles' entities in the one that saves them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Self

import msgspec
import sqlalchemy as sa

from pipeline.enrich import enrich, load_recognisers
from pipeline.enrich.inherited import paragraph_names
from pipeline.enrich.linking.entity_linking import ArticleNames, link_batch
from pipeline.records import STAGE_VERSIONS, Article, Copy, Names, Outcome, Stage
from pipeline.stages.runner import StageHandler
from pipeline.store import ArticleRow, StageResult


class EnrichHandler(StageHandler):
    """Finds names and ties each to one entity."""

    stage = Stage.ENRICH

    def __enter__(self) -> Self:
        self._knowledge, self._choose = load_recognisers(self.context.settings.entities, self.context.config)
        return self

    def decide(self, claimed: Sequence[ArticleRow], emit: Callable[[StageResult], None]) -> None:
        """Find the names of each article."""
        ledger = self.context.store.ledger
        with self.context.store.read() as connection:
            articles = ledger.current(connection, claimed, Article)
            copies = ledger.current(connection, claimed, Copy)
        claimed = self.with_records(claimed, emit, articles, copies)
        originals = self._originals({c.copy_of for c in copies.values() if c.copy_of})

        def decide_article(row: ArticleRow) -> StageResult:
            source = self.context.sources.get(row.source)
            article, original = articles[row.id], originals.get(copies[row.id].copy_of or "")
            names = enrich(
                article,
                self._knowledge,
                self._choose(article.language),
                source_country=source.country if source else None,
                inherited=paragraph_names(*original) if original else None,
            )
            originals[row.id] = article, names
            return StageResult(article=row, outcome=Outcome.DONE, record=names)

        self.decide_each(claimed, emit, decide_article)

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
