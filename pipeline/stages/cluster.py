"""cluster: which story does each article belong to?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import sqlalchemy as sa

from pipeline.cluster import decide
from pipeline.records import Article, Copy, Names, Outcome, Placed, Placement, Stage
from pipeline.stages.entities import as_decided
from pipeline.stages.leaving import left
from pipeline.stages.regrouping import place_again
from pipeline.stages.stories import remake, to_place
from pipeline.stages.work import Work
from pipeline.store import Item, Result, losses, regrouped, storybook


class Cluster(Work):
    """Places articles into stories in the order of arrival."""

    stage = Stage.CLUSTER
    ordered = True

    def waits(self) -> bool:
        """Whether a story has lost an article, or an editor has changed copy groups."""
        database = self.context.store.database
        return bool(losses.known(database, self.stage) or regrouped.known(database))

    def decide(self, claimed: Sequence[Item], emit: Callable[[Result], None]) -> None:
        """Place each article; first make the stories anew that have lost one, and follow what editors decided."""
        for story in losses.known(self.context.store.database, self.stage):
            remake(self.context, story)
        place_again(self.context)
        if not claimed:
            return
        ledger, settings = self.context.store.ledger, self.context.settings.cluster
        articles = ledger.read(claimed, Stage.EXTRACT, Article)
        copies = ledger.read(claimed, Stage.DEDUPE, Copy)
        names = as_decided(self.context.store, ledger.read(claimed, Stage.ENRICH, Names))
        claimed = self.whole(claimed, emit, articles, copies)
        self._memory = self.context.store.stories(settings)
        self._arrivals = [to_place(item, articles[item.id], copies[item.id], names.get(item.id)) for item in claimed]
        earlier = ledger.of([item.id for item in claimed if item.story], Stage.CLUSTER, Placement)
        made = decide(self._arrivals, self._memory, settings)
        placements = [self._as_before(one, earlier.get(one.id)) for one in made]
        self._left = left(self.context, self._memory, claimed, {one.id: one for one in placements})
        for item, placement in zip(claimed, placements, strict=True):
            emit(Result(item=item, outcome=Outcome.DONE, record=placement, story=placement.story))

    def _as_before(self, placement: Placement, earlier: Placement | None) -> Placement:
        """Return the placement of an article that stays where it was with the reason for which it came there."""
        if placement.how is not Placed.KEPT or earlier is None or earlier.how is None:
            return placement
        same = placement.story in {earlier.story, self.context.store.storybook.resolve(earlier.story)}
        return msgspec.structs.replace(earlier, story=placement.story) if same else placement

    def save(self, connection: sa.Connection, saved: Sequence[Result]) -> None:
        """Remember the stories; note that the documents of their members know a new size now."""
        self._memory.flush(connection)
        made = {r.item.id: r.record for r in saved if isinstance(r.record, Placement)}
        arrivals = [one for one in self._arrivals if one.article.id in made]
        placements = [made[one.article.id] for one in arrivals]
        storybook.tell_all(connection, arrivals, placements, self._memory.frequencies)
        self._left.save(connection, self.context)
        stories = {r.story for r in saved if r.story} | {r.item.story for r in saved if r.item.story}
        self.context.store.ledger.touch(connection, stories=stories)
