"""An overview sums up the programs that run, and tells which don't."""

from __future__ import annotations

import datetime as dt

import pytest

from pipeline.figures import FigureWindow, Overview, ProgramFigures, ProgramState, RunFigures, StagePause, standing_of
from pipeline.figures.overview import SILENT_SECONDS, merge_windows, nearest_window
from tests.helpers.support import NOW


def later(seconds):
    return NOW + dt.timedelta(seconds=seconds)


def program(name="h/1/a", *, articles=0, seconds=(10.0, 60.0, 300.0), **values):
    """A program that found so many articles a second."""
    windows = tuple(
        FigureWindow(seconds=length, figures=RunFigures(new_articles_total=int(articles * length)))
        for length in seconds
    )
    return ProgramFigures(
        program=name,
        version="1",
        command="run",
        started=NOW,
        beat=NOW,
        total=RunFigures(new_articles_total=int(articles * 1000)),
        windows=windows,
        **values,
    )


def overview(*programs, at=NOW, dead=()):
    standings = tuple(standing_of(each, at, is_dead=each.program in dead) for each in programs)
    return Overview(at=at, programs=standings, queues=(), hosts=())


@pytest.mark.parametrize(
    ("seconds", "is_dead", "ended", "state"),
    [
        (SILENT_SECONDS, False, None, ProgramState.RUNNING),
        (SILENT_SECONDS + 1, False, None, ProgramState.SILENT),
        (0, True, None, ProgramState.DEAD),
        (SILENT_SECONDS + 1, True, NOW, ProgramState.ENDED),
        (-100, False, None, ProgramState.RUNNING),  # the clock of its host is ahead
    ],
)
def test_how_it_is_with_a_program(seconds, is_dead, ended, state):
    standing = standing_of(program(ended=ended), later(seconds), is_dead=is_dead)
    assert (standing.state, standing.silent_seconds) == (state, max(0, seconds))


def test_rates_of_programs_that_run_add_up():
    seen = overview(program("h/1/a", articles=2), program("h/2/b", articles=3))
    assert seen.recent.rate(seen.recent.figures.new_articles_total) == 5
    assert (seen.just_now.seconds, seen.just_now.figures.new_articles_total) == (10, 50)
    assert seen.lately.rate(seen.lately.figures.new_articles_total) == 5
    assert seen.total.new_articles_total == 5000


def test_programs_that_ended_or_died_are_not_summed_up():
    seen = overview(program("h/1/a", articles=2), program("h/2/b", articles=3), dead={"h/2/b"})
    assert seen.total.new_articles_total == 2000
    assert [figures.program for figures in seen.running] == ["h/1/a"]


def test_a_program_that_has_just_begun_did_nothing_before():
    young, old = program(articles=10, seconds=(3.0, 3.0, 3.0)), program("h/2/b", articles=1)
    merged = merge_windows([nearest_window(young, 60), nearest_window(old, 60)])
    assert (merged.seconds, merged.figures.new_articles_total) == (60, 90)


def test_without_a_program_nothing_is_done():
    seen = overview()
    assert (seen.running, seen.recent.seconds, seen.total) == ([], 0, RunFigures())
    assert nearest_window(program(seconds=()), 60).seconds == 0


def test_pauses_are_those_of_programs_that_run():
    pause = StagePause(since=NOW, reason="no answer")
    paused = [program(name, pauses={"index": pause}) for name in ("h/1/a", "h/2/b")]
    assert overview(*paused, dead={"h/2/b"}).pauses == [("index", pause)]
