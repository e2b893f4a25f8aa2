"""enrich: who and what is named in each article?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

import msgspec
import sqlalchemy as sa

from pipeline.enrich import enrich, load
from pipeline.enrich.linking import forms_of, keys_of, link
from pipeline.records import Article, Names, Outcome, Stage
from pipeline.stages.work import Work
from pipeline.store import Item, Result
from pipeline.store.entities import naming


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

    def settle(self, connection: sa.Connection, results: Sequence[Result]) -> Sequence[Result]:
        """Tie the names to the entities of earlier articles, in order of arrival, and remember how they are written.

        In the transaction that saves them: what one worker's articles say of an entity, the next one's know.
        """
        ledger, known, memory = self.context.store.ledger, self._known, self.context.store.names(connection)
        owned = sorted(ledger.owned(connection, results), key=lambda r: r.item.seq)
        found = {r.item.id: r.record for r in owned if isinstance(r.record, Names)}
        earlier = memory.earlier(found)
        keys = [keys_of(names, known) for names in (*found.values(), *earlier.values())]
        memory.read(set().union(*(k for k, _ in keys)), set().union(*(s for _, s in keys)))
        settled = []
        for result in owned:
            if not isinstance(result.record, Names):
                settled.append(result)
                continue
            seq, at, before = result.item.seq, result.item.first_seen, earlier.get(result.item.id)
            if before:
                memory.subtract(seq, before, forms_of(before, known))
            names = link(result.record, known, memory, at)
            memory.add(seq, at, names, forms_of(names, known), known.listed)
            settled.append(msgspec.structs.replace(result, record=names))
        if renamed := memory.flush():
            ledger.touch(connection, seqs=naming(connection, renamed))
        return settled
