"""Choose into how many shards the heavy stages of a run are split: by what waits when it begins.

A shard is no part of what waits: whoever is at a stage claims what nobody else has, host by host or batch by batch. So
shards need not be of one size, and one that dies leaves its work to the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from pipeline.context import open_context
from pipeline.records import Stage
from pipeline.stages import check_sources, count_waiting
from pipeline.worker_count import count_shards

# So many feeds that are due may bring a batch of articles.
_FEEDS_PER_BATCH = 20


def plan_shards(sources: Sequence[str] = ()) -> list[str]:
    """Return the names of a run's shards, ``1 of 2`` and so on, for what waits now (of ``sources``).

    Raises:
        UsageError: No source has one of these names.
        NewswireError: The settings can't be used, or the ledger.
    """
    with open_context() as context:
        check_sources(context, sources)
        waiting = {stage: count_waiting(context, stage, sources=sources) for stage in Stage}
        batch, most = context.settings.run.batch, count_shards(context.settings)
    batches = waiting.pop(Stage.POLL) / _FEEDS_PER_BATCH + sum(waiting.values()) / batch
    count = choose_shards(batches, most)
    return [f"{n} of {count}" for n in range(1, count + 1)]


def choose_shards(batches: float, most: int) -> int:
    """Return into how many shards, up to ``most``, so many batches are split: a shard claims a batch at a time."""
    return max(1, min(most, math.ceil(batches)))
