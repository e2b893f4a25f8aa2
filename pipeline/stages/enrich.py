"""enrich: who and what is named in each article?"""

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
        self._known, self._choose = load_recognisers(self.context.settings.entities, self.context.config)
        return self

    def decide(self, claimed: Sequence[ArticleRow], emit: Callable[[StageResult], None]) -> None:
        """Find the names of each article."""
        ledger = self.context.store.ledger
        with self.context.store.read() as connection:
            articles = ledger.current(connection, claimed, Article)
            copies = ledger.current(connection, claimed, Copy)
        claimed = self.with_records(claimed, emit, articles, copies)
        originals = self._originals({c.copy_of for c in copies.values() if c.copy_of})

        def one(item: ArticleRow) -> StageResult:
            source = self.context.sources.get(item.source)
            article, original = articles[item.id], originals.get(copies[item.id].copy_of or "")
            names = enrich(
                article,
                self._known,
                self._choose(article.language),
                source_country=source.country if source else None,
                inherited=paragraph_names(*original) if original else None,
            )
            originals[item.id] = article, names
            return StageResult(item=item, outcome=Outcome.DONE, record=names)

        self.decide_each(claimed, emit, one)

    def _originals(self, ids: Collection[str]) -> dict[str, tuple[Article, Names]]:
        """Return articles that were copied, with their names, where this version of the stage read them."""
        ledger = self.context.store.ledger
        with self.context.store.read() as connection:
            items = list(ledger.get_articles(connection, ids).values())
            articles, names = ledger.current(connection, items, Article), ledger.current(connection, items, Names)
            made_by, version = ledger.stage_versions(connection, items), STAGE_VERSIONS[Stage.ENRICH]
        return {
            one.id: (articles[one.id], names[one.id])
            for one in items
            if one.id in articles and one.id in names and made_by[one.id].get(Stage.ENRICH) == version
        }

    def finalise(self, connection: sa.Connection, results: Sequence[StageResult]) -> Sequence[StageResult]:
        """Tie the names to the entities of earlier articles, in order of arrival, and remember how they are written.

        In the transaction that saves them: what one worker's articles say of an entity, the next one's know.
        """
        memory = self.context.store.entity_memory(connection)
        owned = sorted(self.context.store.ledger.still_leased(connection, results), key=lambda r: r.item.seq)
        read = [(r, r.record) for r in owned if isinstance(r.record, Names)]
        earlier = memory.load_counted_names([r.item.id for r, _ in read])
        batch = [ArticleNames(r.item.seq, r.item.first_seen, names, earlier.get(r.item.id)) for r, names in read]
        tied = dict(zip((r.item.id for r, _ in read), link_batch(batch, self._known, memory), strict=True))
        if renamed := memory.flush():
            articles = self.context.store.entities.select_articles_naming(connection, renamed)
            self.context.store.ledger.bump_revision(connection, seqs=articles)
        return [msgspec.structs.replace(r, record=tied.get(r.item.id, r.record)) for r in owned]
