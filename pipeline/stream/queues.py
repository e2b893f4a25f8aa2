"""Count what waits for each stage, in number and bytes, and say where no more may be brought.

The counts follow what this program saves; now and then they are put right by what the ledger says, since other programs
and people change it too. Pure: no input or output.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from pipeline.records import Article, Page, Stage, StageRecord

# What is brought to these is not bounded: feeds are read when they are due, since entries that scroll off are lost for
# good, and an entry that waits for its page is a small row.
_UNBOUNDED = frozenset({Stage.POLL, Stage.FETCH})


class StageQueue(msgspec.Struct, kw_only=True):
    """How many articles wait for a stage, and about how many bytes of pages or texts they have."""

    articles: int = 0
    size: float = 0.0
    mean: float = 0.0  # bytes of one, as last seen

    def add(self, size: int) -> None:
        """Count one more article of ``size`` bytes."""
        self.articles += 1
        self.size += size
        self.mean = self.size / self.articles

    def subtract(self, count: int) -> None:
        """Count ``count`` articles fewer, of the mean size: which ones they were is not remembered."""
        self.set_count(max(0, self.articles - count))

    def set_count(self, articles: int) -> None:
        """Count ``articles``, each of the mean size."""
        self.articles, self.size = articles, articles * self.mean


class StageQueues:
    """What waits for each stage, and how much may.

    Args:
        articles: how many may wait for one stage.
        size: how many bytes of pages or texts they may have.
    """

    def __init__(self, *, articles: int, size: int) -> None:
        self.articles = articles
        self._size = size
        self._queues = {stage: StageQueue() for stage in Stage}

    @property
    def queues(self) -> Mapping[Stage, StageQueue]:
        """Return the queue of each stage."""
        return self._queues

    def add(self, stage: Stage, record: StageRecord | None) -> None:
        """Count an article that waits for ``stage`` now; ``record`` is what the stage before made of it."""
        queue = self._queues[stage]
        queue.add(_size_of(record) or int(queue.mean))

    def subtract(self, stage: Stage, count: int) -> None:
        """Count articles that don't wait for ``stage`` any more."""
        self._queues[stage].subtract(count)

    def set_count(self, stage: Stage, articles: int) -> None:
        """Put right how many articles wait for ``stage``."""
        self._queues[stage].set_count(articles)

    def is_full(self, stage: Stage) -> bool:
        """Tell whether no more may be brought to ``stage``."""
        queue = self._queues[stage]
        return stage not in _UNBOUNDED and (queue.articles >= self.articles or queue.size >= self._size)


def _size_of(record: StageRecord | None) -> int:
    """Return the bytes that an article brings along; 0 where its record doesn't say."""
    match record:
        case Page():
            return record.size
        case Article():
            return len(record.text)
    return 0
