"""enrich: who and what is named in each article?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

from pipeline.enrich import enrich, load
from pipeline.records import Article, Outcome, Stage
from pipeline.stages.work import Work
from pipeline.store import Item, Result


class Enrich(Work):
    """Finds names and ties each to one entity."""

    stage = Stage.ENRICH

    def __enter__(self) -> Self:
        self._known, self._choose = load(self.context.settings.entities, self.context.config)
        return self

    def decide(self, claimed: Sequence[Item], emit: Callable[[Result], None]) -> None:
        """Find the names of each article."""
        articles = self.context.store.ledger.read(claimed, Stage.EXTRACT, Article)

        def one(item: Item) -> Result:
            source = self.context.sources.get(item.source)
            country = source.country if source else None
            article = articles[item.id]
            names = enrich(article, self._known, self._choose(article.language), source_country=country)
            return Result(item=item, outcome=Outcome.DONE, record=names)

        self.guarded(claimed, emit, one)
