"""enrich: who and what is named in each article?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Self

import msgspec
import sqlalchemy as sa

from pipeline.enrich import enrich, load
from pipeline.enrich.inherit import passages
from pipeline.enrich.linking import Found, tie
from pipeline.records import STAGE_VERSIONS, Article, Copy, Names, Outcome, Stage
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
        ledger = self.context.store.ledger
        articles = ledger.read(claimed, Stage.EXTRACT, Article)
        copies = ledger.read(claimed, Stage.DEDUPE, Copy)
        claimed = self.whole(claimed, emit, articles, copies)
        originals = self._originals({c.copy_of for c in copies.values() if c.copy_of})

        def one(item: Item) -> Result:
            source = self.context.sources.get(item.source)
            article, original = articles[item.id], originals.get(copies[item.id].copy_of or "")
            names = enrich(
                article,
                self._known,
                self._choose(article.language),
                source_country=source.country if source else None,
                inherited=passages(*original) if original else None,
            )
            originals[item.id] = article, names
            return Result(item=item, outcome=Outcome.DONE, record=names)

        self.guarded(claimed, emit, one)

    def _originals(self, ids: Collection[str]) -> dict[str, tuple[Article, Names]]:
        """Return articles that were copied, with their names, where this version of the stage read them."""
        ledger = self.context.store.ledger
        with self.context.store.database.read() as connection:
            items = list(ledger.get(connection, ids).values())
        articles, names = ledger.read(items, Stage.EXTRACT, Article), ledger.read(items, Stage.ENRICH, Names)
        made_by, version = ledger.made_by(items), STAGE_VERSIONS[Stage.ENRICH]
        return {
            one.id: (articles[one.id], names[one.id])
            for one in items
            if one.id in articles and one.id in names and made_by[one.id].get(Stage.ENRICH) == version
        }

    def settle(self, connection: sa.Connection, results: Sequence[Result]) -> Sequence[Result]:
        """Tie the names to the entities of earlier articles, in order of arrival, and remember how they are written.

        In the transaction that saves them: what one worker's articles say of an entity, the next one's know.
        """
        memory = self.context.store.names(connection)
        owned = sorted(self.context.store.ledger.owned(connection, results), key=lambda r: r.item.seq)
        read = [(r, r.record) for r in owned if isinstance(r.record, Names)]
        earlier = memory.earlier([r.item.id for r, _ in read])
        batch = [Found(r.item.seq, r.item.first_seen, names, earlier.get(r.item.id)) for r, names in read]
        tied = dict(zip((r.item.id for r, _ in read), tie(batch, self._known, memory), strict=True))
        if renamed := memory.flush():
            self.context.store.ledger.touch(connection, seqs=naming(connection, renamed))
        return [msgspec.structs.replace(r, record=tied.get(r.item.id, r.record)) for r in owned]
