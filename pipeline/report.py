"""Count what a stage did.

The counts add up: in = done + dropped + retry + quarantined.
"""

from __future__ import annotations

import collections
import time
from typing import Any

from pipeline.records import Outcome, Reason, Stage


class Report:
    """The counts of one run of one stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.counts: collections.Counter[tuple[Outcome, Reason | None]] = collections.Counter()
        self.notes: collections.Counter[str] = collections.Counter()  # further counts, such as poll's new articles
        self._started = time.monotonic()
        self._seconds: float | None = None

    def stop_clock(self) -> Report:
        """Stop the clock; return the report."""
        self._seconds = time.monotonic() - self._started
        return self

    def add_seconds(self, seconds: float) -> None:
        """Count seconds that the stage was at work, where it doesn't work without a break."""
        self._seconds = (self._seconds or 0.0) + seconds

    def add(self, outcome: Outcome, reason: Reason | None = None) -> None:
        """Count one article, or feed."""
        self.counts[outcome, reason] += 1

    @property
    def seconds(self) -> float:
        """Return how long the run took, or has taken so far."""
        return time.monotonic() - self._started if self._seconds is None else self._seconds

    @property
    def taken(self) -> int:
        """Return how many articles, or feeds, were tried."""
        return self.counts.total()

    @property
    def failed(self) -> int:
        """Return how many articles, or feeds, could not be processed, now or for good."""
        return sum(n for (outcome, _), n in self.counts.items() if outcome in {Outcome.RETRY, Outcome.QUARANTINED})

    def counts_by_reason(self, outcome: Outcome) -> dict[str, int]:
        """Return reason → how many had this outcome for it."""
        by_reason = {str(reason or "no reason"): n for (of, reason), n in self.counts.items() if of is outcome}
        return dict(sorted(by_reason.items()))

    def to_plain(self) -> dict[str, Any]:
        """Return the counts as plain dicts, as Airflow and ``--json`` show them."""
        return {
            "stage": str(self.stage),
            "in": self.taken,
            "done": sum(self.counts_by_reason(Outcome.DONE).values()),
            "dropped": self.counts_by_reason(Outcome.DROPPED),
            "retry": self.counts_by_reason(Outcome.RETRY),
            "quarantined": self.counts_by_reason(Outcome.QUARANTINED),
            **self.notes,
            "seconds": round(self.seconds, 2),
        }
