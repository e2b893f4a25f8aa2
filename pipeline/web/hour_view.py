"""Condense the samples of the last day into hours, for those who watch: what waited, and how fast it went."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import groupby

import msgspec

from pipeline.context import Context
from pipeline.figures import OverviewSample

HOURS = 24
_SAMPLES = 60 * (HOURS + 1)


class HourLine(msgspec.Struct, frozen=True, kw_only=True):
    """An hour: the most that waited at a time, the longest wait, and the mean rate and worst latency of programs."""

    hour: dt.datetime
    samples: int
    waiting: int
    oldest_seconds: float
    held_hosts: int
    searchable_per_second: float
    latency_p95_seconds: float | None
    paused_stages: tuple[str, ...]


def list_hours(context: Context) -> list[HourLine]:
    """Return the last hours that have samples, the latest first."""
    since = context.clock() - dt.timedelta(hours=HOURS)
    with context.store.read() as connection:
        samples = context.store.samples.list_after(connection, since, _SAMPLES)
    hours = groupby(samples, key=lambda sample: sample.at.replace(minute=0))
    return [_line(hour, list(of_hour)) for hour, of_hour in hours][::-1]


def _line(hour: dt.datetime, samples: Sequence[OverviewSample]) -> HourLine:
    queues = [queue for sample in samples for queue in sample.queues]
    programs = [program for sample in samples for program in sample.programs]
    latencies = [program.latency_p95_seconds for program in programs if program.latency_p95_seconds is not None]
    rates = [sum(program.searchable_per_second for program in sample.programs) for sample in samples]
    return HourLine(
        hour=hour,
        samples=len(samples),
        waiting=max(sum(q.waiting for q in sample.queues if q.stage != "poll") for sample in samples),
        oldest_seconds=max((queue.oldest_seconds for queue in queues if queue.stage != "poll"), default=0.0),
        held_hosts=max(sum(host.is_held for host in sample.hosts) for sample in samples),
        searchable_per_second=round(sum(rates) / len(rates), 3),
        latency_p95_seconds=max(latencies, default=None),
        paused_stages=tuple(dict.fromkeys(stage for program in programs for stage in program.paused_stages)),
    )
