"""Put together what is known of all programs on a ledger and of what waits there, as it is shown.

Sums are of the programs that run; those that ended or that nothing is heard of any more are listed beside them.
"""

from __future__ import annotations

import datetime as dt
import enum
import functools
from collections.abc import Iterable

import msgspec

from pipeline.figures.queues import HostBacklog, StageBacklog
from pipeline.figures.run_figures import FigureWindow, ProgramFigures, RunFigures, StagePause, merge_figures

# Of what is told: rates and shares, and percentiles and failures.
NOW_SECONDS, RATE_SECONDS, LATENCY_SECONDS = 10.0, 60.0, 300.0
# A program tells of itself every two seconds; on a ledger that is busy with a large batch it may be late.
SILENT_SECONDS = 15.0


class ProgramState(enum.StrEnum):
    """How it is with a program."""

    RUNNING = "running"
    SILENT = "silent"  # nothing was heard of it for a while: it was killed, or can't reach the ledger
    DEAD = "dead"  # its process doesn't run any more, and it didn't say that it ended
    ENDED = "ended"


class ProgramStanding(msgspec.Struct, frozen=True, kw_only=True):
    """A program, how it is with it, and how long ago it last told of itself."""

    state: ProgramState
    silent_seconds: float
    figures: ProgramFigures


class Overview(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """All that there is to see at a moment."""

    at: dt.datetime
    programs: tuple[ProgramStanding, ...]
    queues: tuple[StageBacklog, ...] = ()  # in the order of the stages
    hosts: tuple[HostBacklog, ...] = ()  # those with most pages first

    @functools.cached_property
    def running(self) -> list[ProgramFigures]:
        """Return the programs that run."""
        return [program.figures for program in self.programs if program.state is ProgramState.RUNNING]

    @functools.cached_property
    def just_now(self) -> FigureWindow:
        """Return what the programs that run did in the last ten seconds."""
        return self._window(NOW_SECONDS)

    @functools.cached_property
    def recent(self) -> FigureWindow:
        """Return what the programs that run did in the last minute."""
        return self._window(RATE_SECONDS)

    @functools.cached_property
    def lately(self) -> FigureWindow:
        """Return what the programs that run did in the last five minutes."""
        return self._window(LATENCY_SECONDS)

    @functools.cached_property
    def total(self) -> RunFigures:
        """Return what the programs that run did since each was started."""
        return merge_figures(*(figures.total for figures in self.running))

    @functools.cached_property
    def pauses(self) -> list[tuple[str, StagePause]]:
        """Return the stages that can't work, each as often as a program pauses it."""
        return [(stage, pause) for figures in self.running for stage, pause in figures.pauses.items()]

    def _window(self, seconds: float) -> FigureWindow:
        return merge_windows(nearest_window(figures, seconds) for figures in self.running)


def standing_of(figures: ProgramFigures, now: dt.datetime, *, is_dead: bool) -> ProgramStanding:
    """Return how it is with a program; ``is_dead`` says that its process doesn't run, as far as that can be known."""
    silent = max(0.0, (now - figures.beat).total_seconds())
    if figures.ended is not None:
        state = ProgramState.ENDED
    elif is_dead:
        state = ProgramState.DEAD
    else:
        state = ProgramState.SILENT if silent > SILENT_SECONDS else ProgramState.RUNNING
    return ProgramStanding(state=state, silent_seconds=silent, figures=figures)


def nearest_window(figures: ProgramFigures, seconds: float) -> FigureWindow:
    """Return the window of a program that is nearest to so many seconds; an empty one where it has none."""
    empty = FigureWindow(seconds=0.0, figures=RunFigures())
    return min(figures.windows, key=lambda window: abs(window.seconds - seconds), default=empty)


def merge_windows(windows: Iterable[FigureWindow]) -> FigureWindow:
    """Return what several programs did in the same time; one that is younger did nothing before."""
    windows = list(windows)
    return FigureWindow(
        seconds=max((window.seconds for window in windows), default=0.0),
        figures=merge_figures(*(window.figures for window in windows)),
    )
