"""Facts about what commands show on the way."""

from __future__ import annotations

import sys

import pytest

from pipeline.cli.output import Progress


@pytest.fixture
def clock():
    class Clock:
        at = 0.0

        def __call__(self):
            return self.at

    return Clock()


def test_progress_is_a_line_at_intervals_where_there_is_no_terminal(clock, capsys):
    progress = Progress("pages", clock=clock)
    for _ in range(90):
        clock.at += 1
        progress.add()
    assert capsys.readouterr().err.splitlines() == [f"{n} pages, 1.0 a second" for n in (30, 60, 90)]


def test_short_work_says_nothing_of_its_progress(clock, capsys):
    progress = Progress("pages", clock=clock)
    for _ in range(20):
        clock.at += 1
        progress.add()
    progress.end()
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_one_line_is_renewed_and_ended(clock, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = Progress("pages", clock=clock)
    for _ in range(3):
        clock.at += 0.5
        progress.add()
    progress.end()
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.endswith("3 pages, 2.0 a second\n")
    assert said.startswith("\r")
