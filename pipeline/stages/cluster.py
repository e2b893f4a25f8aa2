"""cluster: which story does each article belong to?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import sqlalchemy as sa

from pipeline.cluster import decide
from pipeline.editorial.entities import apply_decisions
from pipeline.editorial.stories import cluster_input, rebuild_locked_story
from pipeline.reconcile.story_departures import find_departures
from pipeline.reconcile.story_reassignment import reassign_regrouped
from pipeline.records import Article, Copy, Names, Outcome, Placed, Placement, Stage
from pipeline.stages.runner import StageHandler
from pipeline.store import ArticleRow, StageResult


class ClusterHandler(StageHandler):
    """Places articles into stories in the order of arrival."""

    stage = Stage.CLUSTER
    ordered = True

    def has_pending_work(self) -> bool:
        """Whether a story has lost an article, or an editor has changed copy groups."""
        store = self.context.store
        with store.read() as connection:
            regrouped = store.articles_to_reassign.list_pending(connection)
            return bool(store.groups_to_settle.list_pending(connection, self.stage) or regrouped)

    def decide(self, claimed: Sequence[ArticleRow], emit: Callable[[StageResult], None]) -> None:
        """Place each article; first make the stories anew that have lost one, and follow what editors decided."""
        with self.context.store.read() as connection:
            stories = self.context.store.groups_to_settle.list_pending(connection, self.stage)
        for story in stories:
            rebuild_locked_story(self.context, story)
        reassign_regrouped(self.context)
        if not claimed:
            return
        ledger, settings = self.context.store.ledger, self.context.settings.cluster
        with self.context.store.read() as connection:
            articles = ledger.current(connection, claimed, Article)
            copies = ledger.current(connection, claimed, Copy)
            names = ledger.current(connection, claimed, Names)
        names = apply_decisions(self.context.store, names)
        claimed = self.with_records(claimed, emit, articles, copies)
        self._memory = self.context.store.story_index(settings)
        self._arrivals = [
            cluster_input(item, articles[item.id], copies[item.id], names.get(item.id)) for item in claimed
        ]
        with self.context.store.read() as connection:
            earlier = ledger.latest(connection, [item.id for item in claimed if item.story], Placement)
        made = decide(self._arrivals, self._memory, settings)
        placements = [self._as_before(one, earlier.get(one.id)) for one in made]
        self._left = find_departures(self.context, self._memory, claimed, {one.id: one for one in placements})
        for item, placement in zip(claimed, placements, strict=True):
            emit(StageResult(item=item, outcome=Outcome.DONE, record=placement, story=placement.story))

    def _as_before(self, placement: Placement, earlier: Placement | None) -> Placement:
        """Return the placement of an article that stays where it was with the reason for which it came there."""
        if placement.how is not Placed.KEPT or earlier is None or earlier.how is None:
            return placement
        with self.context.store.read() as connection:
            present = self.context.store.story_catalog.resolve(connection, earlier.story)
        same = placement.story in {earlier.story, present}
        return msgspec.structs.replace(earlier, story=placement.story) if same else placement

    def save(self, connection: sa.Connection, saved: Sequence[StageResult]) -> None:
        """Remember the stories; note that the documents of their members know a new size now."""
        self._memory.flush(connection)
        made = {r.item.id: r.record for r in saved if isinstance(r.record, Placement)}
        arrivals = [one for one in self._arrivals if one.article.id in made]
        placements = [made[one.article.id] for one in arrivals]
        self.context.store.story_catalog.apply_votes(connection, arrivals, placements, self._memory.frequencies)
        self._left.save(connection, self.context)
        stories = {r.story for r in saved if r.story} | {r.item.story for r in saved if r.item.story}
        self.context.store.ledger.bump_revision(connection, stories=stories)
