"""Assign each article to a story: stage cluster.

Articles are assigned in the order of arrival, by one worker at a time, so stories don't depend on the batches.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from pipeline.cluster import ArticleToAssign, NameRarities, decide
from pipeline.context import Context
from pipeline.reconcile.entity_view import apply_decisions
from pipeline.reconcile.story_departures import Departures, find_departures
from pipeline.reconcile.story_reassignment import reassign_regrouped
from pipeline.reconcile.story_summaries import cluster_input, rebuild_locked_story
from pipeline.records import Article, Copy, Names, Outcome, Placed, Placement, Stage
from pipeline.stages.runner import Emit, StageHandler
from pipeline.stages.vectors import choose_batch_vectorise
from pipeline.store import ArticleRow, StageResult, StoryIndex


class ClusterBatch(msgspec.Struct, frozen=True, kw_only=True):
    """What is saved with the results of a batch: the stories that its articles joined, and those that they left."""

    context: Context
    memory: StoryIndex
    newcomers: list[ArticleToAssign]
    departures: Departures
    rarities: dict[int, NameRarities]

    def save(self, connection: sa.Connection, saved: Sequence[StageResult]) -> None:
        """Write the stories; note of which of them the documents of all members say something else now.

        An article that stays in its story changes nothing for the others, unless by its vote.
        """
        self.memory.flush(connection)
        saved_placements = {
            result.article.id: result.record for result in saved if isinstance(result.record, Placement)
        }
        newcomers = [newcomer for newcomer in self.newcomers if newcomer.article.id in saved_placements]
        placements = [saved_placements[newcomer.article.id] for newcomer in newcomers]
        store = self.context.store
        catalog, frequencies = store.story_catalog, self.memory.frequencies
        told_anew = catalog.apply_votes(connection, newcomers, placements, frequencies, self.rarities)
        self.departures.save(connection, self.context)
        moved = [result for result in saved if result.story != result.article.story]
        resized = {story for result in moved for story in (result.story, result.article.story) if story}
        store.ledger.bump_revision(connection, stories=resized | told_anew)


class ClusterHandler(StageHandler):
    """Assigns articles to stories in the order of arrival."""

    stage = Stage.CLUSTER
    ordered = True

    def has_pending_work(self) -> bool:
        """Tell whether a story has lost an article, or an editor has changed copy groups."""
        store = self.context.store
        with store.read() as connection:
            lost = store.groups_to_settle.list_pending(connection, self.stage)
            return bool(lost or store.articles_to_reassign.list_pending(connection))

    def decide(self, claimed: Sequence[ArticleRow], emit: Emit) -> ClusterBatch | None:
        """Assign each article; first rebuild stories that have lost one, and follow what editors decided on groups."""
        context, store = self.context, self.context.store
        with store.read() as connection:
            stories = store.groups_to_settle.list_pending(connection, self.stage)
        for story in stories:
            rebuild_locked_story(context, story)
        reassign_regrouped(context)
        if not claimed:
            return None
        settings = context.settings.cluster
        with store.read() as connection:
            records = store.ledger.gather(connection, claimed, Article, Copy, Names)
            placed = [row.id for row in claimed if row.story]
            earlier = store.ledger.latest(connection, placed, Placement) if placed else {}
            vectorise = choose_batch_vectorise(context, connection, records.of(Article).values())
        articles, copies = records.of(Article), records.of(Copy)
        names = apply_decisions(store, records.of(Names))
        claimed = self.with_records(claimed, emit, articles, copies)
        memory = store.story_index(settings)
        newcomers = [cluster_input(row, articles[row.id], copies[row.id], names.get(row.id)) for row in claimed]
        rarities: dict[int, NameRarities] = {}
        decided = decide(newcomers, memory, settings, rarities, vectorise)
        placements = [self._with_first_reason(placement, earlier.get(placement.id)) for placement in decided]
        by_article = {placement.id: placement for placement in placements}
        departures = find_departures(context, memory, claimed, by_article)
        for row, placement in zip(claimed, placements, strict=True):
            emit(StageResult(article=row, outcome=Outcome.DONE, record=placement, story=placement.story))
        return ClusterBatch(
            context=context, memory=memory, newcomers=newcomers, departures=departures, rarities=rarities
        )

    def _with_first_reason(self, placement: Placement, earlier: Placement | None) -> Placement:
        """Return the placement; of an article that stays in its story, with the reason for which it came there."""
        if placement.how is not Placed.KEPT or earlier is None or earlier.how is None:
            return placement
        if placement.story != earlier.story:
            with self.context.store.read() as connection:
                if placement.story != self.context.store.story_catalog.resolve(connection, earlier.story):
                    return placement
        return msgspec.structs.replace(earlier, story=placement.story)
