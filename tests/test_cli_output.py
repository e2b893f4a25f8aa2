"""Facts about what commands show on the way."""

from __future__ import annotations

import sys

import pytest

from pipeline.cli.output import Progress, plain_text, print_table


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


def test_what_would_act_on_the_terminal_is_left_out_of_its_lines(capsys):
    assert plain_text("a\x1b[31mb\nc\u202ed\x9be\u2066f\tg\x00") == "a[31mb cdefg"
    assert plain_text("الجزيرة – a’s “b” 한국") == "الجزيرة – a’s “b” 한국"
    print_table(("x", "y"), [("1\n2", 3), ("\x1b]0;title\x07", 4)])
    assert capsys.readouterr().out.splitlines() == ["x         y", "1 2       3", "]0;title  4"]
