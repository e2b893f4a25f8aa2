"""dedupe: which articles are copies of known copy?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from pipeline.dedupe import Arrival, decide
from pipeline.records import Article, Outcome, Stage
from pipeline.stages.work import Work
from pipeline.store import Item, Result


class Dedupe(Work):
    """Recognises copies in the order of arrival."""

    stage = Stage.DEDUPE
    ordered = True

    def decide(self, claimed: Sequence[Item], emit: Callable[[Result], None]) -> None:
        """Say of each article whether it is a copy, and of whose."""
        articles = self.context.store.ledger.read(claimed, Stage.EXTRACT, Article)
        settings = self.context.settings.dedupe
        self._memory = self.context.store.copies(settings)
        arrivals = [Arrival(seq=item.seq, at=item.first_seen, article=articles[item.id]) for item in claimed]
        for item, copy in zip(claimed, decide(arrivals, self._memory, settings), strict=True):
            emit(Result(item=item, outcome=Outcome.DONE, record=copy, copy_group=copy.group))

    def save(self, connection: sa.Connection, saved: Sequence[Result]) -> None:
        """Remember the fingerprints; note that the documents of the originals count more copies now."""
        self._memory.flush(connection)
        copied = {r.copy_group for r in saved if r.copy_group and r.copy_group != r.item.id}
        before = {r.item.copy_group for r in saved if r.item.copy_group and r.item.copy_group != r.copy_group}
        self.context.store.ledger.touch(connection, ids=copied | before)
