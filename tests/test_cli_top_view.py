"""The picture of an overview fits the terminal, whatever is in it."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from pipeline.cli.top_view import draw, share_lines
from pipeline.figures import (
    FigureWindow,
    HostBacklog,
    Overview,
    ProgramFigures,
    RunFigures,
    StageBacklog,
    StagePause,
    standing_of,
)
from pipeline.records import Outcome, Reason, Stage
from tests.helpers.support import NOW


def program(name="h.example/1/a", **values):
    counts = RunFigures(workers_died_total=2)
    for reason in [*list(Reason)[:20], Reason.TIMEOUT]:
        counts.stage(Stage.FETCH).add(Outcome.RETRY, reason)
    counts.stage(Stage.FETCH).ready_to_saved_seconds.add(3.0)
    counts.stage(Stage.EXTRACT).busy_seconds_total = 90.0
    counts.searchable_seconds.add(2.0)
    windows = (FigureWindow(seconds=60.0, figures=counts),)
    return ProgramFigures(
        program=name,
        version="1",
        command="run --follow",
        started=NOW,
        beat=NOW,
        total=counts,
        windows=windows,
        **values,
    )


def overview(*programs, after=0.0, hosts=(), waiting=0):
    at = NOW + dt.timedelta(seconds=after)
    queues = tuple(
        StageBacklog(stage=stage, waiting=waiting, bounded=waiting > 9999, oldest=NOW if waiting else None)
        for stage in Stage
    )
    return Overview(
        at=at, programs=tuple(standing_of(each, at, is_dead=False) for each in programs), queues=queues, hosts=hosts
    )


def lines(seen, width=120, height=None):
    file = io.StringIO()
    console = Console(file=file, width=width, highlight=False, markup=False, color_system=None)
    console.print(draw(seen, width, height))
    return file.getvalue().splitlines()


def test_a_stage_has_a_row_with_its_rate_share_and_times():
    rows = {line.split()[0]: line.split() for line in lines(overview(program(), after=5, waiting=12_345))[1:9]}
    assert rows["fetch"][:6] == ["fetch", "0.3/s", "0.3/s", "-", "12,345+", "5.0"]
    assert "3.1 s" in " ".join(rows["fetch"])
    assert "150%" in rows["extract"]


def test_what_is_wrong_is_named():
    pause = {"index": StagePause(since=NOW, reason="no answer\x1b[31m")}
    text = "\n".join(lines(overview(program(pauses=pause), program("h/2/b", ended=NOW), after=9)))
    assert "index pauses, for 9.0 s so far: no answer[31m" in text
    assert "h 2 run --follow" in text
    assert "ended" in text


def test_a_program_that_nothing_was_heard_of_stands_there_as_such():
    assert "silent, not heard of  40 s" in "\n".join(lines(overview(program(), after=40)))


def test_hosts_that_are_held_come_first_where_pages_wait_for_them():
    until = NOW + dt.timedelta(minutes=5)
    hosts = (
        HostBacklog(host="many.example", waiting=900),
        HostBacklog(host="held.example", waiting=2, held_until=until),
        HostBacklog(host="[red]idle[/red].example", held_until=until),
        HostBacklog(host="", waiting=1),
    )
    shown = lines(overview(program(), hosts=hosts))
    at = shown.index("hosts")
    names = [line.split("  ")[0].strip() for line in shown[at + 2 :]]
    assert names == ["held.example", "many.example", "without an address", "[red]idle[/red].example"]


def test_what_there_is_no_room_for_is_counted():
    failures = lines(overview(program()))
    assert "and 9 more" in [line.strip() for line in failures]


def test_without_a_program_it_is_said_how_to_start_one():
    assert "newswire run" in lines(overview())[1]


@pytest.mark.parametrize("width", [40, 46, 54, 64, 72, 80, 110, 200])
@pytest.mark.parametrize("height", [10, 12, 16, 24, 50])
def test_a_picture_is_no_larger_than_its_terminal(width, height):
    hosts = tuple(HostBacklog(host=f"host{number}.example", waiting=1) for number in range(50))
    programs = [program(f"h/{number}/a") for number in range(9)]
    picture = lines(overview(*programs, hosts=hosts, waiting=3, after=3), width, height)
    assert len(picture) <= height
    assert max(map(len, picture)) <= width
    assert any(line.startswith("index") for line in picture)


@given(st.none() | st.integers(-5, 100), st.lists(st.integers(0, 60), max_size=5))
def test_tables_share_the_lines_that_there_are(left, counts):
    rooms = share_lines(left, counts)
    assert all(0 <= room <= count for room, count in zip(rooms, counts, strict=True))
    taken = sum(room + 3 for room in rooms if room)
    assert left is None or taken <= max(0, left)
    if left is None or left >= sum(count + 3 for count in counts):
        assert rooms == [min(count, 12) for count in counts]
