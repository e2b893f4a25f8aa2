"""dedupe: which articles are copies of known copy?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import sqlalchemy as sa

from pipeline.dedupe import decide
from pipeline.reconcile.copy_groups import GroupDecision, canonical_credit, dated_arrivals, reconcile_groups
from pipeline.reconcile.expired_sketches import kept_decisions
from pipeline.records import Outcome, Stage
from pipeline.stages.runner import StageHandler
from pipeline.store import ArticleRow, StageResult


class DedupeHandler(StageHandler):
    """Recognises copies in the order of arrival."""

    stage = Stage.DEDUPE
    ordered = True

    def has_pending_work(self) -> bool:
        """Whether a group has lost an article."""
        with self.context.store.read() as connection:
            return bool(self.context.store.groups_to_settle.list_pending(connection, self.stage))

    def decide(self, claimed: Sequence[ArticleRow], emit: Callable[[StageResult], None]) -> None:
        """Say of each article whether it is a copy, and of whose; first settle the groups that have lost one."""
        self._settle_losses()
        if not claimed:
            return
        settings = self.context.settings.dedupe
        self._memory = self.context.store.sketch_index(settings)
        there = {arrival.article.id: arrival for arrival in dated_arrivals(self.context, claimed)}
        claimed = self.with_records(claimed, emit, there)
        stands = kept_decisions(self.context, claimed, there, self._memory.frequencies)
        for name, copy in stands.items():
            there[name] = msgspec.structs.replace(there[name], group=copy.group)
        arrivals = [there[item.id] for item in claimed]
        copies = [stands.get(copy.id, copy) for copy in decide(arrivals, self._memory, settings)]
        decided = [
            GroupDecision(item=item, arrival=arrival, copy=copy, credit=canonical_credit(self.context, arrival.article))
            for item, arrival, copy in zip(claimed, arrivals, copies, strict=True)
        ]
        self._changes = reconcile_groups(self.context, self._memory.frequencies, decided)
        for one in decided:
            emit(
                StageResult(
                    item=one.item,
                    outcome=Outcome.DONE,
                    record=self._changes.copies.pop(one.item.id, one.copy),
                    copy_group=one.copy.group,
                    published=one.arrival.published,
                    credit=one.credit,
                )
            )

    def save(self, connection: sa.Connection, saved: Sequence[StageResult]) -> None:  # noqa: ARG002 - all or none
        """Remember the fingerprints; write what changed for the other members of the groups."""
        self._memory.flush(connection)
        self._changes.save(connection, self.context)

    def _settle_losses(self) -> None:
        store = self.context.store
        with store.read() as connection:
            groups = store.groups_to_settle.list_pending(connection, self.stage)
        if groups:
            changes = reconcile_groups(
                self.context, store.sketch_index(self.context.settings.dedupe).frequencies, [], groups
            )
            with store.write() as connection:
                store.ledger.assert_lock(connection, self.stage)
                changes.save(connection, self.context)
                store.groups_to_settle.delete(connection, self.stage, groups)
