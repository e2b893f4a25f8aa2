"""Every figure is a metric with a name, a kind, labels and a meaning."""

from __future__ import annotations

import re

from pipeline.figures import HostBacklog, ProgramFigures, RunFigures, StageBacklog, StageFigures
from pipeline.figures.metrics import METRICS, MetricKind


def test_names_are_unique_and_say_their_unit_or_that_they_count():
    names = [metric.name for metric in METRICS]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"newswire(_[a-z]+)+", name) for name in names)
    for metric in METRICS:
        assert metric.name.endswith("_total") == (metric.kind is MetricKind.COUNTER)
        assert metric.kind is not MetricKind.HISTOGRAM or metric.name.endswith("_seconds")
        assert metric.meaning


def test_every_number_of_the_figures_is_a_metric():
    kept = {"stages", "pauses", "windows", "total"}  # figures of their own, or no numbers
    told = {"program", "version", "command", "started", "beat", "ended", "stage", "host"}  # labels and times
    told |= {"oldest", "bounded", "next_turn", "held_until"}
    for holder in (StageFigures, RunFigures, ProgramFigures, StageBacklog, HostBacklog):
        for name in set(holder.__struct_fields__) - kept - told:
            assert any(metric.name.endswith(f"_{name}") for metric in METRICS), name


def test_counts_by_reason_have_it_as_a_label():
    labels = {metric.name: metric.labels for metric in METRICS}
    assert labels["newswire_stage_retry_total"] == ("program", "stage", "reason")
    assert labels["newswire_stage_done_total"] == ("program", "stage")
