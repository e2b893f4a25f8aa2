"""Hold the figures of running programs: what they have done, how quickly, and what is in their way.

Pure: counts are put in, sums, differences and lines of text come out. A field has the name of its metric, with its
unit; ``metrics.METRICS`` lists them.
"""

from __future__ import annotations

from pipeline.figures.histogram import Histogram
from pipeline.figures.history import FigureHistory
from pipeline.figures.overview import Overview, ProgramStanding, ProgramState, standing_of
from pipeline.figures.queues import HostBacklog, StageBacklog
from pipeline.figures.run_counts import RunCounts, RunRecord, RunState, SourcePolls, describe_run, judge_run
from pipeline.figures.run_figures import (
    FigureWindow,
    ProgramFigures,
    RunFigures,
    StageFigures,
    StagePause,
    merge_figures,
    subtract_figures,
)
from pipeline.figures.samples import HostSample, OverviewSample, ProgramSample, StageBacklogSample, take_sample

__all__ = [
    "FigureHistory",
    "FigureWindow",
    "Histogram",
    "HostBacklog",
    "HostSample",
    "Overview",
    "OverviewSample",
    "ProgramFigures",
    "ProgramSample",
    "ProgramStanding",
    "ProgramState",
    "RunCounts",
    "RunFigures",
    "RunRecord",
    "RunState",
    "SourcePolls",
    "StageBacklog",
    "StageBacklogSample",
    "StageFigures",
    "StagePause",
    "describe_run",
    "judge_run",
    "merge_figures",
    "standing_of",
    "subtract_figures",
    "take_sample",
]
