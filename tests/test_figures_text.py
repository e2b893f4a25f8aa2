"""Figures are told on one line that a person reads at a glance."""

from __future__ import annotations

import datetime as dt

import pytest

from pipeline.figures import (
    FigureWindow,
    Histogram,
    HostBacklog,
    Overview,
    ProgramFigures,
    RunFigures,
    StageBacklog,
    StagePause,
    standing_of,
)
from pipeline.figures.text import (
    describe_count,
    describe_duration,
    describe_latency,
    describe_overview,
    describe_programs,
    name_pauses,
)
from pipeline.records import Outcome, Reason, Stage
from tests.helpers.support import NOW


def later(seconds):
    return NOW + dt.timedelta(seconds=seconds)


def figures(articles):
    counts = RunFigures(cpu_seconds_total=90.0)
    for _ in range(articles):
        counts.stage(Stage.FETCH).add(Outcome.DONE)
        counts.searchable_seconds.add(2.0)
    return counts


def program(name="h/1/a", *, articles=60, failed=(), **values):
    counts = figures(articles)
    for stage, reason, count in failed:
        for _ in range(count):
            counts.stage(stage).add(Outcome.RETRY, reason)
    return ProgramFigures(
        program=name,
        version="1",
        command="run",
        started=NOW,
        beat=NOW,
        total=counts,
        windows=(FigureWindow(seconds=60.0, figures=counts),),
        memory_bytes=300 * 2**20,
        **values,
    )


def overview(*programs, at=NOW, queues=(), hosts=()):
    standings = tuple(standing_of(each, at, is_dead=each.pid == 666) for each in programs)
    return Overview(at=at, programs=standings, queues=queues, hosts=hosts)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 ms"), (0.0449, "45 ms"), (3.14, "3.1 s"), (9.96, "10 s"), (42.4, "42 s"), (119, "119 s"),
     (120, "2 min"), (7199, "120 min"), (7200, "2 h"), (86_400, "24 h"), (40 * 86_400, "40 d")],
)  # fmt: skip
def test_durations(seconds, text):
    assert describe_duration(seconds) == text


def test_a_count_that_reached_its_bound_says_so():
    assert (describe_count(1234), describe_count(10_000, is_bounded=True)) == ("1,234", "10,000+")


def test_a_latency_that_nothing_is_known_of_is_a_dash():
    assert describe_latency(Histogram()) == "-"


def test_a_line_tells_rates_latency_and_resources():
    queue = StageBacklog(stage="fetch")
    assert describe_overview(overview(program(), queues=(StageBacklog(stage="poll"), queue))) == (
        "12:00:00 1.0 articles/s searchable; latency p50 2.0 s p95 2.0 s; fetch 1.0/s; 300 MiB, 1.5 cores"
    )


def test_a_line_tells_what_waits_fails_and_pauses_and_who_is_missing():
    failed = [
        (Stage.FETCH, Reason.TIMEOUT, 5),
        (Stage.FETCH, Reason.TLS, 3),
        (Stage.EXTRACT, Reason.CRASHED, 2),
        (Stage.INDEX, Reason.BUSY, 1),
    ]
    pauses = {"index": StagePause(since=NOW, reason="Elasticsearch doesn't answer")}
    queues = (
        StageBacklog(stage="fetch", waiting=9990, in_hand=10, oldest=later(-600), bounded=True),
        StageBacklog(stage="enrich", in_hand=4),
        StageBacklog(stage="cluster", later=4, held=2),
    )
    hosts = (HostBacklog(host="a.example", waiting=9000), HostBacklog(host="b.example", held_until=later(60)))
    programs = [program(failed=failed, pauses=pauses), program("h/666/b"), program("h/3/c", ended=later(-1))]
    line = describe_overview(overview(*programs, queues=queues, hosts=hosts))
    assert "waiting: fetch 10,000+ (10 min), enrich 4; 1 host held" in line
    assert "failed: fetch timeout 5, fetch bad certificate 3, extract crashed its worker 2, 1 more" in line
    assert "index pauses: Elasticsearch doesn't answer" in line
    assert name_pauses(overview(*programs)) == [("index pauses", pauses["index"])]
    assert line.endswith("h pid 666 died, not heard of for 0 ms")
    assert "pid 3" not in line
    assert "\n" not in line


def test_a_status_tells_how_many_programs_run():
    assert describe_programs(overview()) == "running: 0 programs"
    assert describe_programs(overview(program(), program("h/2/b"))) == (
        "running: 2 programs, 2.0 articles/s, p50 2.0 s p95 2.0 s"
    )
    pauses = {"index": StagePause(since=NOW, reason="no answer")}
    assert describe_programs(overview(program(articles=0, pauses=pauses))) == (
        "running: 1 program, 0.0 articles/s, index pauses"
    )
    assert describe_programs(overview(program(), at=later(34))) == "running: 0 programs, h pid 1 not heard of for 34 s"


def test_stages_that_pause_for_one_reason_are_named_together_since_the_first():
    first, second = StagePause(since=NOW, reason="no disk"), StagePause(since=later(5), reason="no disk")
    index = StagePause(since=later(9), reason="no answer")
    programs = program(pauses={"poll": second, "index": index}), program("h/2/b", pauses={"fetch": first})
    assert name_pauses(overview(*programs)) == [("poll, fetch pause", first), ("index pauses", index)]
