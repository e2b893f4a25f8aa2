"""Judge a run by what it counted: one in which whatever was tried failed has not gone well."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from pipeline.figures.run_figures import StageFigures
from pipeline.records import Outcome, Reason, Stage

# So many sources don't fail together by chance; of fewer, none may be well besides.
_MANY_SOURCES = 3
# A stage fails as a whole where it could do nothing with so many articles; a few broken pages prove nothing.
_MANY_ARTICLES = 20


class SourcePolls(msgspec.Struct, frozen=True, kw_only=True):
    """How many feeds of a source a run asked, and of how many of them it got no answer that can be used."""

    source: str
    asked: int
    failed: int


class RunCounts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a run did."""

    stages: dict[str, StageFigures] = {}  # by stage; poll counts feeds
    new_articles: Annotated[int, Meta(description="articles that the run was the first to see")] = 0
    changed_articles: Annotated[int, Meta(description="articles that came in a new version")] = 0
    polls: tuple[SourcePolls, ...] = ()  # by source
    well_besides: Annotated[int, Meta(description="sources that the run didn't ask, and that answered before")] = 0

    def stage(self, stage: str) -> StageFigures:
        """Return what is counted of a stage."""
        return self.stages.get(stage) or StageFigures()


class RunState(enum.StrEnum):
    """How it is with a run."""

    RUNNING = "running"
    WELL = "well"
    FAILED = "failed"  # see judge_run
    CUT_OFF = "cut off"  # its program doesn't run any more, and didn't say that it ended


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A run: what was started, by whom, when, and what it did (None until it has ended).

    ``n`` is the number by which outcomes name it.
    """

    n: int
    id: str
    command: str
    began: dt.datetime
    started_by: str | None = None
    program: str | None = None
    ended: dt.datetime | None = None
    counts: RunCounts | None = None
    is_dead: bool = False  # whether its program doesn't run any more, as far as that can be known

    @property
    def state(self) -> RunState:
        """Return how it is with it."""
        if self.ended is None:
            return RunState.CUT_OFF if self.is_dead else RunState.RUNNING
        return RunState.FAILED if self.counts and judge_run(self.counts) else RunState.WELL


def judge_run(counts: RunCounts) -> tuple[str, ...]:
    """Return why a run has not gone well, a line for each reason; none where it has.

    A run that had nothing to do has gone well. Single failures belong to their feeds and articles.
    """
    faults = []
    failed = [polls.source for polls in counts.polls if polls.failed == polls.asked]
    if failed and len(failed) == len(counts.polls) and (len(failed) >= _MANY_SOURCES or not counts.well_besides):
        some = ", ".join(failed[:_MANY_SOURCES]) + (" …" if len(failed) > _MANY_SOURCES else "")
        reasons = _reasons(counts.stage(Stage.POLL))
        faults.append(f"poll: none of the {len(failed)} sources asked could be read ({some}): {reasons}")
    for stage, figures in counts.stages.items():
        gave_up = sum(figures.retry_total.values()) + sum(figures.quarantined_total.values())
        if stage != Stage.POLL and gave_up == figures.taken_total >= _MANY_ARTICLES:
            faults.append(f"{stage}: none of {gave_up} articles got through: {_reasons(figures)}")
    return tuple(faults)


def describe_run(counts: RunCounts) -> str:
    """Return what a run did, on a line: ``12 feeds asked, 3 failed; 40 new articles, 38 indexed, 1 dropped``."""
    poll, index = counts.stage(Stage.POLL), counts.stage(Stage.INDEX)
    later = [figures for stage, figures in counts.stages.items() if stage != Stage.POLL]
    given_up: dict[str, int] = {
        outcome: sum(sum(getattr(figures, f"{outcome}_total").values()) for figures in later)
        for outcome in (Outcome.DROPPED, Outcome.RETRY, Outcome.QUARANTINED)
    }
    names = {Outcome.RETRY.value: "to be tried again"}
    feeds = [(poll.taken_total, "feeds asked"), (poll.taken_total - answered(poll), "failed")]
    articles = [
        (counts.new_articles, "new articles"),
        (counts.changed_articles, "changed"),
        (index.done_total, "indexed"),
        *((count, names.get(outcome, outcome)) for outcome, count in given_up.items()),
    ]
    parts = (", ".join(f"{count} {name}" for count, name in pairs if count) for pairs in (feeds, articles))
    return "; ".join(filter(None, parts)) or "nothing waited"


def answered(poll: StageFigures) -> int:
    """Return how many of the feeds that were asked gave an answer that can be used."""
    return poll.done_total + poll.dropped_total.get(Reason.NOT_MODIFIED, 0)


def _reasons(figures: StageFigures) -> str:
    counts: dict[str, int] = {}
    for reasons in (figures.dropped_total, figures.retry_total, figures.quarantined_total):
        for reason, count in reasons.items():
            counts[reason] = counts.get(reason, 0) + count
    return ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items(), key=lambda item: -item[1]))
