"""List all figures as metrics: the name, the kind, the labels and the meaning of each.

Names follow from the structs' fields, with ``newswire_`` before them, so that what is exported, what ``newswire top
--json`` prints and what the code counts have the same names. A ``_total`` only grows, a Histogram is one in seconds,
the rest are states of the moment.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Annotated, get_args, get_origin, get_type_hints

import msgspec

from pipeline.figures.histogram import Histogram
from pipeline.figures.queues import HostBacklog, StageBacklog
from pipeline.figures.run_figures import ProgramFigures, Reasons, RunFigures, StageFigures


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
)


def _list_metrics() -> Iterator[Metric]:
    for holder, prefix, labels in _HOLDERS:
        for name, annotation in get_type_hints(holder, include_extras=True).items():
            if get_origin(annotation) is Annotated:  # the fields that are no figures tell when, who and why
                kind, *described = get_args(annotation)
                meaning = next(meta.description for meta in described if isinstance(meta, msgspec.Meta))
                reason = ("reason",) if kind == Reasons else ()
                yield Metric(
                    name=prefix + name, kind=_kind_of(name, kind), labels=(*labels, *reason), meaning=meaning or ""
                )


def _kind_of(name: str, kind: object) -> MetricKind:
    if kind is Histogram:
        return MetricKind.HISTOGRAM
    return MetricKind.COUNTER if name.endswith("_total") else MetricKind.GAUGE


METRICS = tuple(_list_metrics())
