"""Define what is counted of a running program, by stage and on the whole, and how figures of several are added up.

All but times and pauses only grow. So the figures of two programs can be added, and those of two moments subtracted:
what lies between them is the work of that time, from which rates and percentiles follow.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from pipeline.figures.histogram import Histogram
from pipeline.records import Outcome, Reason, Stage

Reasons = dict[str, int]  # reason → how many


class StageFigures(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a stage did: taken = done + dropped + retry + quarantined."""

    taken_total: Annotated[int, Meta(description="articles (of poll: feeds) of which the outcome was saved")] = 0
    done_total: Annotated[int, Meta(description="of them those that went on")] = 0
    dropped_total: Annotated[Reasons, Meta(description="those of which there is nothing to index")] = {}
    retry_total: Annotated[Reasons, Meta(description="those that are tried again later")] = {}
    quarantined_total: Annotated[Reasons, Meta(description="those that a person should look at")] = {}
    busy_seconds_total: Annotated[
        float, Meta(description="how long it was at work, by each of its lanes; waiting for work isn't counted")
    ] = 0.0
    ready_to_saved_seconds: Annotated[
        Histogram, Meta(description="from when an article could be taken until its result was saved: waiting and work")
    ] = msgspec.field(default_factory=Histogram)

    def add(self, outcome: Outcome, reason: Reason | None = None, count: int = 1) -> None:
        """Count an article, or feed, or several alike."""
        self.taken_total += count
        if outcome is Outcome.DONE:
            self.done_total += count
            return
        counts: Reasons = getattr(self, f"{outcome}_total")
        name = str(reason or "no reason")
        counts[name] = counts.get(name, 0) + count


class RunFigures(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a program did, from its start or in a time."""

    stages: dict[str, StageFigures] = {}
    searchable_seconds: Annotated[
        Histogram, Meta(description="from the first sight of an article by poll until a search finds it")
    ] = msgspec.field(default_factory=Histogram)
    new_articles_total: Annotated[int, Meta(description="articles that polls found")] = 0
    workers_started_total: Annotated[int, Meta(description="worker processes that were started")] = 0
    workers_replaced_total: Annotated[
        int, Meta(description="of them those that took the place of one that had grown, or done its share")
    ] = 0
    workers_died_total: Annotated[int, Meta(description="worker processes that crashed or were killed")] = 0
    cpu_seconds_total: Annotated[float, Meta(description="processor time of all its processes")] = 0.0
    http_answers_total: Annotated[
        dict[str, int], Meta(description="answers of servers to polls and fetches, redirects among them")
    ] = {}  # by HTTP status
    http_failures_total: Annotated[
        dict[str, int],
        Meta(description="of these answers those of status 400 and above; of hosts beyond the first 200 as `others`"),
    ] = {}  # by "host status"

    def stage(self, stage: Stage) -> StageFigures:
        """Return what is counted of a stage, to be added to."""
        return self.stages.setdefault(stage.value, StageFigures())

    def failures(self) -> dict[tuple[str, str], int]:
        """Return (stage, reason) → how many are to be tried again or quarantined for it, most first."""
        counts = {
            (stage, reason): figures.retry_total.get(reason, 0) + figures.quarantined_total.get(reason, 0)
            for stage, figures in self.stages.items()
            for reason in (*figures.retry_total, *figures.quarantined_total)
        }
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


class FigureWindow(msgspec.Struct, frozen=True, kw_only=True):
    """What a program did in its last ``seconds``."""

    seconds: float
    figures: RunFigures

    def rate(self, count: float) -> float:
        """Return how much a second that is: articles, or of seconds at work the share."""
        return count / self.seconds if self.seconds > 0 else 0.0


class StagePause(msgspec.Struct, frozen=True, kw_only=True):
    """A stage that can't work now: since when, and why."""

    since: dt.datetime
    reason: str


class ProgramFigures(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A running program, as it last told of itself.

    ``windows`` holds what it did in its last seconds, the shortest time first (see history.WINDOWS).
    """

    program: str  # its name as a holder of leases: host, process id, and a part that never recurs
    version: str
    command: str
    started: dt.datetime
    beat: dt.datetime  # when this was true
    total: RunFigures
    ended: dt.datetime | None = None
    windows: tuple[FigureWindow, ...] = ()
    pauses: dict[str, StagePause] = {}  # by stage
    processes: Annotated[int, Meta(description="its processes: itself, its workers and what starts them")] = 1
    memory_bytes: Annotated[
        int, Meta(description="memory of all its processes; what several share is counted once, where the system tells")
    ] = 0

    @property
    def host(self) -> str:
        """Return the host that it runs on."""
        return self.program.rsplit("/", 2)[0]

    @property
    def pid(self) -> int:
        """Return the id of its process."""
        return int(self.program.rsplit("/", 2)[1])


def merge_figures(*figures: RunFigures) -> RunFigures:
    """Return the sum of figures; none of them is changed, and none shares anything with the sum."""
    total = RunFigures()
    for each in figures:
        total = _combine(total, each, 1)
    return total


def subtract_figures(later: RunFigures, earlier: RunFigures) -> RunFigures:
    """Return what was counted between two moments of one program."""
    between: RunFigures = _combine(later, earlier, -1)
    return between


def _combine(left: Any, right: Any, sign: int) -> Any:
    """Return left + sign × right, field by field and key by key; keys with nothing under them are left out."""
    if isinstance(left, dict):
        if not any(isinstance(value, msgspec.Struct) for value in (*left.values(), *right.values())):
            return _add_counts(left, right, sign)
        keys = [*left, *(key for key in right if key not in left)]
        sums = {key: _combine(*_both(left.get(key), right.get(key)), sign) for key in keys}
        return {key: value for key, value in sums.items() if value != 0}
    if isinstance(left, msgspec.Struct):
        names = left.__struct_fields__
        return type(left)(**{name: _combine(getattr(left, name), getattr(right, name), sign) for name in names})
    return left + sign * right


def _add_counts(left: dict[Any, float], right: dict[Any, float], sign: int) -> dict[Any, float]:
    """Return left + sign × right, key by key: most of what is combined, several times every two seconds."""
    sums = dict(left)
    for key, value in right.items():
        sums[key] = sums.get(key, 0) + sign * value
    return {key: value for key, value in sums.items() if value != 0}


def _both(left: Any, right: Any) -> tuple[Any, Any]:
    """Return two values, an empty one in place of a missing one."""
    present = left if left is not None else right
    empty = type(present)()
    return (empty if left is None else left, empty if right is None else right)
