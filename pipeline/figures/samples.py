"""Condense an overview into a sample: what is kept, once a minute, of what waits and how programs fare."""

from __future__ import annotations

import datetime as dt

import msgspec

from pipeline.figures.histogram import Histogram
from pipeline.figures.overview import Overview, nearest_window
from pipeline.figures.queues import HostBacklog, StageBacklog
from pipeline.figures.run_figures import ProgramFigures

_MOST_HOSTS = 50
_RATE_SECONDS, _LATENCY_SECONDS = 60.0, 300.0


class StageBacklogSample(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What stood before a stage, and what the programs that run did there in the last minute."""

    stage: str
    waiting: int = 0
    in_hand: int = 0
    later: int = 0
    held: int = 0
    quarantined: int = 0
    oldest_seconds: float = 0.0
    bounded: bool = False
    taken_per_second: float = 0.0
    busy_share: float = 0.0
    ready_to_saved_p50_seconds: float | None = None  # of the last five minutes
    ready_to_saved_p95_seconds: float | None = None


class HostSample(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A host with pages that waited, or that wanted to be left alone."""

    host: str
    waiting: int = 0
    oldest_seconds: float = 0.0
    is_held: bool = False
    held_seconds: float = 0.0  # until it may be asked again
    crawl_delay_seconds: float | None = None


class ProgramSample(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a running program fared: rates of the last minute, latency of the last five."""

    program: str
    machine: str
    version: str
    command: str
    memory_bytes: int = 0
    processes: int = 1
    workers_died: int = 0
    cores: float = 0.0
    searchable_per_second: float = 0.0
    latency_p50_seconds: float | None = None
    latency_p95_seconds: float | None = None
    paused_stages: tuple[str, ...] = ()
    pause_reasons: tuple[str, ...] = ()


class OverviewSample(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an overview showed in the minute ``at``."""

    at: dt.datetime
    queues: tuple[StageBacklogSample, ...] = ()
    hosts: tuple[HostSample, ...] = ()
    programs: tuple[ProgramSample, ...] = ()


def take_sample(overview: Overview) -> OverviewSample:
    """Return the sample of an overview; it bears the minute that the overview is of."""
    return OverviewSample(
        at=overview.at.replace(second=0, microsecond=0),
        queues=tuple(_queue(overview, queue) for queue in overview.queues),
        hosts=tuple(_host(overview, host) for host in _most_waited_for(overview)),
        programs=tuple(_program(figures) for figures in overview.running),
    )


def _most_waited_for(overview: Overview) -> list[HostBacklog]:
    """Return the hosts that are held, and those with most pages, as many as a sample holds."""
    ranked = sorted(overview.hosts, key=lambda host: (host.held_until is None, -host.waiting, host.host))
    return ranked[:_MOST_HOSTS]


def _queue(overview: Overview, queue: StageBacklog) -> StageBacklogSample:
    recent, lately = overview.recent, overview.lately
    figures, later = recent.figures.stages.get(queue.stage), lately.figures.stages.get(queue.stage)
    durations = later.ready_to_saved_seconds if later else Histogram()
    return StageBacklogSample(
        stage=queue.stage,
        waiting=queue.waiting,
        in_hand=queue.in_hand,
        later=queue.later,
        held=queue.held,
        quarantined=queue.quarantined,
        oldest_seconds=seconds_since(queue.oldest, overview.at),
        bounded=queue.bounded,
        taken_per_second=round(recent.rate(figures.taken_total), 3) if figures else 0.0,
        busy_share=round(recent.rate(figures.busy_seconds_total), 3) if figures else 0.0,
        ready_to_saved_p50_seconds=_rounded(durations.percentile(50)),
        ready_to_saved_p95_seconds=_rounded(durations.percentile(95)),
    )


def _host(overview: Overview, host: HostBacklog) -> HostSample:
    held = host.held_until is not None
    return HostSample(
        host=host.host,
        waiting=host.waiting,
        oldest_seconds=seconds_since(host.oldest, overview.at),
        is_held=held,
        held_seconds=seconds_since(overview.at, host.held_until) if host.held_until else 0.0,
        crawl_delay_seconds=host.crawl_delay_seconds,
    )


def _program(figures: ProgramFigures) -> ProgramSample:
    recent, lately = nearest_window(figures, _RATE_SECONDS), nearest_window(figures, _LATENCY_SECONDS)
    latency = lately.figures.searchable_seconds
    return ProgramSample(
        program=figures.program,
        machine=figures.host,
        version=figures.version,
        command=figures.command,
        memory_bytes=figures.memory_bytes,
        processes=figures.processes,
        workers_died=figures.total.workers_died_total,
        cores=round(recent.rate(recent.figures.cpu_seconds_total), 3),
        searchable_per_second=round(recent.rate(recent.figures.searchable_seconds.count), 3),
        latency_p50_seconds=_rounded(latency.percentile(50)),
        latency_p95_seconds=_rounded(latency.percentile(95)),
        paused_stages=tuple(figures.pauses),
        pause_reasons=tuple(dict.fromkeys(pause.reason for pause in figures.pauses.values())),
    )


def seconds_since(time: dt.datetime | None, now: dt.datetime) -> float:
    """Return the seconds from a time until ``now``, 0 where there is none or it is still to come."""
    return round(max(0.0, (now - time).total_seconds()), 3) if time else 0.0


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
