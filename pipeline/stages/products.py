"""Say what a stage brought to those who wait for it: copies, stories, searchable articles."""

from __future__ import annotations

import collections
import datetime as dt
from collections.abc import Sequence
from typing import Any

from pipeline.records import Copy, Outcome, Stage
from pipeline.store import StageResult


class StageProducts:
    """What the results of one run of a stage add up to."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._articles = self._copies = self._new = 0
        self._stories: set[str] = set()
        self._months: collections.Counter[str] = collections.Counter()
        self._newest: dt.datetime | None = None

    def add(self, saved: Sequence[StageResult]) -> None:
        """Note results that were saved."""
        for result in saved:
            if result.outcome is not Outcome.DONE:
                continue
            article = result.article
            self._articles += 1
            self._copies += isinstance(result.record, Copy) and result.record.copy_of is not None
            self._stories.update([result.story] if result.story else ())
            self._new += article.indexed <= 0
            self._months[f"{article.first_seen:%Y-%m}"] += 1
            self._newest = max(self._newest or article.first_seen, article.first_seen)

    def to_plain(self) -> dict[str, Any]:
        """Return what was brought as plain values; nothing where nothing was.

        Of dedupe ``copies``, of cluster ``stories``; of index ``new`` and ``changed``, ``months`` (of first sight →
        how many) and ``newest``, the latest first sight; each time of so many ``articles``.
        """
        if not self._articles:
            return {}
        if self._stage is Stage.DEDUPE:
            return {"copies": self._copies, "articles": self._articles}
        if self._stage is Stage.CLUSTER:
            return {"stories": len(self._stories), "articles": self._articles}
        if self._stage is Stage.INDEX and self._newest is not None:
            return {
                "articles": self._articles,
                "new": self._new,
                "changed": self._articles - self._new,
                "newest": self._newest.isoformat(),
                "months": dict(sorted(self._months.items())),
            }
        return {}
