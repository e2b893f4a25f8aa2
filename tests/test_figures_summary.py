"""A summary holds what is shown as plain values."""

from __future__ import annotations

import datetime as dt
import json

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
from pipeline.figures.summary import summarise
from pipeline.records import Outcome, Reason, Stage, to_json
from tests.helpers.support import NOW


def test_a_summary_tells_rates_shares_percentiles_and_what_waits():
    counts = RunFigures()
    for _ in range(30):
        counts.stage(Stage.FETCH).add(Outcome.DONE)
        counts.stage(Stage.FETCH).ready_to_saved_seconds.add(1.0)
        counts.searchable_seconds.add(4.0)
    counts.stage(Stage.FETCH).add(Outcome.RETRY, Reason.TIMEOUT)
    counts.stage(Stage.FETCH).busy_seconds_total = 15.0
    program = ProgramFigures(
        program="h/1/a",
        version="1",
        command="run",
        started=NOW,
        beat=NOW,
        total=counts,
        windows=(FigureWindow(seconds=60.0, figures=counts),),
        pauses={"index": StagePause(since=NOW, reason="no answer")},
    )
    overview = Overview(
        at=NOW + dt.timedelta(seconds=1),
        programs=(standing_of(program, NOW + dt.timedelta(seconds=1), is_dead=False),),
        queues=(StageBacklog(stage="poll"), StageBacklog(stage="fetch", waiting=4, oldest=NOW)),
        hosts=(HostBacklog(host="a.example", waiting=4),),
    )
    plain = json.loads(to_json(summarise(overview)))
    assert (plain["running"], plain["articles_per_second"]) == (1, 0.5)
    assert plain["searchable_seconds"]["last_5_minutes"] == {"count": 30, "p50": 4.0, "p95": 4.0, "max": 4.0}
    fetch = plain["stages"]["fetch"]
    assert (fetch["per_second"], fetch["busy_share"], fetch["waiting"]) == (0.517, 0.25, 4)
    assert fetch["ready_to_saved_seconds"]["p95"] == 1.0
    assert plain["stages"]["poll"]["ready_to_saved_seconds"]["p50"] is None
    assert plain["failures_of_5_minutes"] == [{"stage": "fetch", "reason": "timeout", "count": 1}]
    assert [pause["reason"] for pause in plain["pauses"]] == ["no answer"]
    assert [host["host"] for host in plain["hosts"]] == ["a.example"]
    (told,) = plain["programs"]
    assert (told["processes"], told["total"]["workers_died_total"]) == (1, 0)
    assert (told["state"], told["silent_seconds"], told["total"]["stages"]["fetch"]["done_total"]) == ("running", 1, 30)


def test_without_a_program_a_summary_holds_zeros_and_nothing():
    plain = json.loads(to_json(summarise(Overview(at=NOW, programs=()))))
    assert (plain["running"], plain["articles_per_second"], plain["stages"]) == (0, 0, {})
    assert plain["searchable_seconds"]["since_start"] == {"count": 0, "p50": None, "p95": None, "max": None}
