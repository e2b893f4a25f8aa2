"""List all figures as metrics: the name, the kind, the labels and the meaning of each.

Names follow from the structs' fields, with ``newswire_`` before them, so that what is exported, what ``newswire top
--json`` prints and what the code counts have the same names. A ``_total`` only grows, a Histogram is one in seconds,
the rest are states of the moment.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Annotated, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from pipeline.figures.histogram import Histogram
from pipeline.figures.queues import HostBacklog, StageBacklog
from pipeline.figures.readings import (
    HostHold,
    OperationsReading,
    OutcomeReading,
    PauseReading,
    QueueAge,
    SizeReading,
    SourceReading,
    SystemReadings,
)
from pipeline.figures.run_figures import ProgramFigures, RunFigures, StageFigures
from pipeline.figures.samples import seconds_since


class MetricKind(enum.StrEnum):
    """How a figure behaves, in Prometheus' words."""

    COUNTER = "counter"
    HISTOGRAM = "histogram"
    GAUGE = "gauge"


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """A figure, as it may be exported."""

    name: str
    kind: MetricKind
    labels: tuple[str, ...]
    meaning: str


# the structs that hold figures: the prefix of their metrics, and what each of their figures is told for
_HOLDERS: tuple[tuple[type[msgspec.Struct], str, tuple[str, ...]], ...] = (
    (StageFigures, "newswire_stage_", ("program", "stage")),
    (RunFigures, "newswire_", ("program",)),
    (ProgramFigures, "newswire_program_", ("program",)),
    (StageBacklog, "newswire_queue_", ("stage",)),
    (HostBacklog, "newswire_host_", ("host",)),
    (PauseReading, "newswire_stage_", ("program", "stage")),
    (QueueAge, "newswire_queue_", ("stage",)),
    (HostHold, "newswire_host_", ("host",)),
    (SourceReading, "newswire_source_", ("source",)),
    (SizeReading, "newswire_", ()),
    (OutcomeReading, "newswire_", ()),
    (OperationsReading, "newswire_operations_", ()),
)
# what counts are by, in the words of their keys; the others that are counted by something are by reason
_COUNTED_BY = {
    "http_answers_total": ("status",),
    "http_failures_total": ("host", "status"),
    "outcomes_total": ("stage", "outcome", "reason"),
}
_BY_REASON = ("reason",)


def _list_metrics() -> Iterator[tuple[type[msgspec.Struct], str, Metric]]:
    for holder, prefix, labels in _HOLDERS:
        for name, annotation in get_type_hints(holder, include_extras=True).items():
            if get_origin(annotation) is Annotated:  # the fields that are no figures tell when, who and why
                kind, *described = get_args(annotation)
                meaning = next(meta.description for meta in described if isinstance(meta, msgspec.Meta))
                key = _COUNTED_BY.get(name, _BY_REASON) if get_origin(kind) is dict else ()
                metric = Metric(
                    name=prefix + name, kind=_kind_of(name, kind), labels=(*labels, *key), meaning=meaning or ""
                )
                yield holder, name, metric


def _kind_of(name: str, kind: object) -> MetricKind:
    if kind is Histogram:
        return MetricKind.HISTOGRAM
    return MetricKind.COUNTER if name.endswith("_total") else MetricKind.GAUGE


_LISTED = tuple(_list_metrics())
METRICS = tuple(metric for _, _, metric in _LISTED)


class MetricPoint(NamedTuple):
    """What a metric is now, for one set of its labels' values."""

    metric: Metric
    values: tuple[str, ...]
    value: float | Histogram


def list_points(holder: msgspec.Struct, *values: str) -> Iterator[MetricPoint]:
    """Yield what each metric of a struct is now; ``values`` are those of the labels that all of them have."""
    for kind, name, metric in _LISTED:
        if kind is not type(holder):
            continue
        value = getattr(holder, name)
        if isinstance(value, dict):
            splits = len(metric.labels) - len(values) - 1  # the last word is all that follows
            for key, count in value.items():
                yield MetricPoint(metric, (*values, *key.split(" ", splits)), count)
        elif value is not None:
            yield MetricPoint(metric, values, value)


def list_system_points(readings: SystemReadings) -> Iterator[MetricPoint]:
    """Yield all metrics of a system: of its running programs, of what waits, and of sources and sizes."""
    overview = readings.overview
    for program in overview.running:
        yield from list_points(program, program.program)
        yield from list_points(program.total, program.program)
        for stage, figures in program.total.stages.items():
            yield from list_points(figures, program.program, stage)
        for stage in program.pauses:
            yield from list_points(PauseReading(paused=1), program.program, stage)
    for queue in overview.queues:
        yield from list_points(queue, queue.stage)
        yield from list_points(QueueAge(oldest_seconds=seconds_since(queue.oldest, overview.at)), queue.stage)
    for host in readings.hosts:
        yield from list_points(host, host.host)
        held = seconds_since(overview.at, host.held_until) if host.held_until else 0.0
        yield from list_points(HostHold(held_seconds=held), host.host)
    for source in readings.sources:
        yield from list_points(source, source.source)
    yield from list_points(readings.sizes)
    yield from list_points(readings.totals)
    if readings.operations:
        yield from list_points(readings.operations)
