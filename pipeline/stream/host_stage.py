"""Run poll or fetch in a run of several stages; each has a loop of its own, and both share one network."""

from __future__ import annotations

import asyncio

from pipeline.context import Context
from pipeline.records import Stage
from pipeline.stages.fetch import FetchLoop
from pipeline.stages.network import SharedNetwork
from pipeline.stages.poll import PollLoop
from pipeline.stream.batch_loop import Work
from pipeline.stream.coordinator import StreamCoordinator


class HostStage:
    """The loop of poll or fetch."""

    def __init__(
        self, coordinator: StreamCoordinator, context: Context, network: SharedNetwork, stage: Stage, work: Work
    ) -> None:
        follows = coordinator.plan.follows
        # a run that ends by itself waits for slow hosts so long; one that follows does as long as it takes
        patience = None if follows else context.settings.run.patience
        self._loop = (
            PollLoop(
                context,
                network,
                sources=work.sources,
                limit=work.limit,
                patience=patience,
                whole_rounds=not follows,  # so that two runs over the same feeds take articles in in the same order
            )
            if stage is Stage.POLL
            else FetchLoop(context, network, sources=work.sources, limit=work.limit, patience=patience)
        )
        self._coordinator = coordinator
        self.stage = stage
        self.report = self._loop.report

    async def run(self) -> None:
        """Poll, or fetch, until the run is to end; see ``HostLoop.run``."""
        began = asyncio.get_running_loop().time()
        try:
            await self._loop.run(self._coordinator)
        finally:
            self.report.add_seconds(asyncio.get_running_loop().time() - began)

    def interrupt(self) -> None:
        """Do nothing: the loop gives up what is under way as soon as the run is to end."""

    def give_up(self) -> None:
        """Do nothing: whatever is still under way is a call that can't be cut off."""
