"""Put an overview into plain values, for programs that read it: rates, shares and percentiles beside the counts."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.figures.histogram import Histogram
from pipeline.figures.overview import Overview, ProgramStanding
from pipeline.figures.queues import StageBacklog
from pipeline.figures.run_figures import StageFigures


def summarise(overview: Overview) -> dict[str, Any]:
    """Return what an overview shows: of the programs that run together, of each program, and of what waits."""
    return {
        "at": overview.at,
        **summarise_running(overview),
        "stages": {queue.stage: _summarise_stage(overview, queue) for queue in overview.queues},
        "failures_of_5_minutes": [
            {"stage": stage, "reason": reason, "count": count}
            for (stage, reason), count in overview.lately.figures.failures().items()
        ],
        "hosts": _with_zeros(overview.hosts),
        "programs": [_summarise_program(program) for program in overview.programs],
    }


def summarise_running(overview: Overview) -> dict[str, Any]:
    """Return how many programs run, how fast articles become searchable, and what pauses."""
    recent = overview.recent.figures.searchable_seconds
    return {
        "running": len(overview.running),
        "articles_per_second": _rounded(overview.recent.rate(recent.count)),
        "searchable_seconds": {
            "last_5_minutes": _percentiles(overview.lately.figures.searchable_seconds),
            "since_start": _percentiles(overview.total.searchable_seconds),
        },
        "pauses": [{"stage": stage, "since": pause.since, "reason": pause.reason} for stage, pause in overview.pauses],
    }


def _summarise_stage(overview: Overview, queue: StageBacklog) -> dict[str, Any]:
    recent = overview.recent
    figures = recent.figures.stages.get(queue.stage, StageFigures())
    just_now = overview.just_now.figures.stages.get(queue.stage, StageFigures())
    lately = overview.lately.figures.stages.get(queue.stage, StageFigures())
    waiting: dict[str, Any] = {key: value for key, value in _with_zeros(queue).items() if key != "stage"}
    return {
        "per_second": _rounded(recent.rate(figures.taken_total)),
        "per_second_of_10_s": _rounded(overview.just_now.rate(just_now.taken_total)),
        "busy_share": _rounded(recent.rate(figures.busy_seconds_total)),
        "ready_to_saved_seconds": _percentiles(lately.ready_to_saved_seconds),
        **waiting,
    }


def _summarise_program(program: ProgramStanding) -> dict[str, Any]:
    plain: dict[str, Any] = _with_zeros(program.figures)
    del plain["windows"]  # what is told above follows from them
    return {"state": program.state.value, "silent_seconds": _rounded(program.silent_seconds), **plain}


def _with_zeros(value: Any) -> Any:
    """Return structs as dicts that have every field: where figures are kept, zeros are left out."""
    if isinstance(value, msgspec.Struct):
        return {name: _with_zeros(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {key: _with_zeros(each) for key, each in value.items()}
    return [_with_zeros(each) for each in value] if isinstance(value, tuple) else value


def _percentiles(histogram: Histogram) -> dict[str, float | int | None]:
    """Return how many durations there are, and their percentiles in seconds."""
    named = {"p50": 50, "p95": 95, "max": 100}
    seconds = {name: histogram.percentile(percent) for name, percent in named.items()}
    return {"count": histogram.count, **{name: _rounded(value) for name, value in seconds.items()}}


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 3)
