"""Every figure is a metric with a name, a kind, labels and a meaning."""

from __future__ import annotations

import json
import re

from pipeline.figures import HostBacklog, ProgramFigures, RunFigures, StageBacklog, StageFigures
from pipeline.figures.metrics import METRICS, MetricKind
from tests.helpers.support import REPO


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


def test_a_dashboard_for_grafana_asks_for_metrics_that_there_are():
    dashboard = json.loads((REPO / "deploy/grafana/newswire.json").read_text(encoding="utf-8"))
    known = {metric.name: metric for metric in METRICS}
    places = [tuple(panel["gridPos"].values()) for panel in dashboard["panels"]]
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(set(places)) == len(places)
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            for name in re.findall(r"newswire_\w+", target["expr"]):
                metric = known[re.sub("_(bucket|count|sum)$", "", name) if name not in known else name]
                labels = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
                assert labels <= set(metric.labels), (panel["title"], name)
