"""Find near-duplicates and keep their copy groups: stage dedupe.

Articles are decided in the order of arrival, by one worker at a time, so groups don't depend on the batches.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from pipeline.context import Context
from pipeline.dedupe import decide
from pipeline.editorial.withdrawals import settle_withdrawals
from pipeline.reconcile.copy_groups import (
    MAX_RECOMPARED,
    GroupChanges,
    GroupDecision,
    canonical_credit,
    date_articles,
    reconcile_groups,
)
from pipeline.reconcile.expired_sketches import kept_decisions
from pipeline.records import Outcome, Stage
from pipeline.stages.runner import Emit, StageHandler
from pipeline.store import ArticleRow, SketchIndex, StageResult


class DedupeBatch(msgspec.Struct, frozen=True, kw_only=True):
    """What is saved with the results of a batch: its sketches, and what changed for other members of the groups."""

    context: Context
    memory: SketchIndex
    changes: GroupChanges

    def save(self, connection: sa.Connection, saved: Sequence[StageResult]) -> None:  # noqa: ARG002 - all or none
        """Write the sketches and the changes."""
        self.memory.flush(connection)
        self.changes.save(connection, self.context)


class DedupeHandler(StageHandler):
    """Recognises copies in the order of arrival."""

    stage = Stage.DEDUPE
    ordered = True
    max_recompared = MAX_RECOMPARED  # copies of one batch

    def maintain(self) -> None:
        """Carry out the notices by which senders took items back."""
        settle_withdrawals(self.context)

    def has_pending_work(self) -> bool:
        """Tell whether a group has lost an article."""
        with self.context.store.read() as connection:
            return bool(self.context.store.groups_to_settle.list_pending(connection, self.stage))

    def decide(self, claimed: Sequence[ArticleRow], emit: Emit) -> DedupeBatch | None:
        """Decide for each article whether it is a copy, and of which; first reconcile groups that have lost one."""
        self._reconcile_losses()
        if not claimed:
            return None
        context, settings = self.context, self.context.settings.dedupe
        memory = context.store.sketch_index(settings)
        dated_articles = {dated.article.id: dated for dated in date_articles(context, claimed)}
        claimed = self.with_records(claimed, emit, dated_articles)
        kept_copies = kept_decisions(context, claimed, dated_articles, memory.frequencies)
        for article_id, copy in kept_copies.items():
            dated_articles[article_id] = msgspec.structs.replace(dated_articles[article_id], group=copy.group)
        ordered = [dated_articles[row.id] for row in claimed]
        copies = [kept_copies.get(copy.id, copy) for copy in decide(ordered, memory, settings)]
        decisions = [
            GroupDecision(article=row, dated=dated, copy=copy, credit=canonical_credit(context, dated.article))
            for row, dated, copy in zip(claimed, ordered, copies, strict=True)
        ]
        changes = reconcile_groups(context, memory.frequencies, decisions, max_recompared=self.max_recompared)
        for decision in decisions:
            emit(
                StageResult(
                    article=decision.article,
                    outcome=Outcome.DONE,
                    record=changes.copies.pop(decision.article.id, decision.copy),
                    copy_group=decision.copy.group,
                    published=decision.dated.published,
                    credit=decision.credit,
                )
            )
        return DedupeBatch(context=context, memory=memory, changes=changes)

    def _reconcile_losses(self) -> None:
        store = self.context.store
        with store.read() as connection:
            groups = store.groups_to_settle.list_pending(connection, self.stage)
        if groups:
            frequencies = store.sketch_index(self.context.settings.dedupe).frequencies
            changes = reconcile_groups(self.context, frequencies, [], groups)
            with store.write() as connection:
                store.ledger.assert_lock(connection, self.stage)
                changes.save(connection, self.context)
                store.groups_to_settle.delete(connection, self.stage, groups)
