"""A history tells what was done lately, and keeps few moments for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.figures import FigureHistory, RunFigures
from pipeline.figures.history import WINDOWS


def figures(count):
    return RunFigures(new_articles_total=count)


def run(steps, per_second=3):
    """Return the history after steps of so many seconds in which articles come evenly, and its clock."""
    history, now = FigureHistory(100.0), 100.0
    for step in steps:
        now += step
        history.add(now, figures(int((now - 100) * per_second)))
    return history, now


@given(st.lists(st.sampled_from([0.5, 1.0, 2.0, 2.5, 3.0]), min_size=1, max_size=600))
def test_a_window_is_as_long_as_it_says_or_as_the_program_is_old(steps):
    history, now = run(steps)
    for seconds, window in zip(WINDOWS, history.windows(now, figures(int((now - 100) * 3))), strict=True):
        age = min(seconds, now - 100)
        assert age <= window.seconds <= age + 18.5  # a cell of the grid and a step
        assert window.figures.new_articles_total == pytest.approx(window.seconds * 3, abs=1)


def test_few_moments_are_kept_however_long_a_program_runs():
    history, _ = run([2.0] * 20_000)
    assert len(history._moments) < 60


def test_what_is_counted_later_changes_no_earlier_moment():
    history, counts = FigureHistory(0.0), figures(5)
    history.add(2.0, counts)
    counts.new_articles_total = 9
    assert history.windows(12.0, counts)[0].figures.new_articles_total == 4


def test_a_program_that_slept_tells_of_the_time_since():
    history, now = run([2.0, 900.0])
    windows = history.windows(now + 2, figures(3000))
    assert {window.seconds for window in windows} == {904.0}  # the earlier moments were of one cell
