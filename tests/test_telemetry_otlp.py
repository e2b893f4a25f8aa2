"""An article's way is one trace, whichever programs did it, and metrics have the same names by OTLP."""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from pipeline.context import Context
from pipeline.demo.server import serve_newsroom
from pipeline.figures import ProgramFigures, RunFigures
from pipeline.figures.metrics import METRICS, MetricKind, list_system_points
from pipeline.records import Outcome, Reason, Stage
from pipeline.runs import begin_run
from pipeline.settings import Settings, TraceSettings
from pipeline.telemetry.otlp import OtlpSender, otel_name
from pipeline.telemetry.readings import ReadingsReader
from pipeline.telemetry.tracing import send_spans
from pipeline.trace_ids import is_traced, trace_id
from pipeline.urls import article_id
from tests.helpers.arriving import NOW, SOURCES, arrive, finish
from tests.helpers.support import REPO, places, write_config

TEXT = "The council met on Monday and agreed to mend the old bridge over the river before winter comes."


class Collector:
    """Takes what is exported, as an OTLP collector does; or refuses it while ``status`` says so."""

    def __init__(self):
        self.spans, self.metrics, self.status = [], {}, 200
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if collector.status == 200:
                    collector.take(self.path, body)
                self.send_response(collector.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def take(self, path, body):
        if path == "/v1/traces":
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    self.spans += scope.spans
            return
        assert path == "/v1/metrics"
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            for scope in resource.scope_metrics:
                self.metrics |= {metric.name: metric for metric in scope.metrics}

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def collector():
    made = Collector()
    yield made
    made.close()


@pytest.fixture
def sender(collector):
    made = OtlpSender(collector.url)
    yield made
    made.close()


def opened(folder):
    """Return what one program has open, on the ledger that all of them share."""
    settings = Settings(traces=TraceSettings(share=1.0))
    return Context(settings, SOURCES, places(folder), config=REPO / "config", clock=lambda: NOW)


def test_an_articles_way_through_several_programs_is_one_trace(tmp_path, collector, sender):
    with opened(tmp_path) as polling:
        arrive(polling, "a", TEXT, seen=23)
        arrive(polling, "b", TEXT, seen=23)
        assert send_spans(polling, sender)
    for stage in (Stage.DEDUPE, Stage.ENRICH, Stage.CLUSTER, Stage.INDEX):
        with opened(tmp_path) as program:  # as each task of Airflow is another one
            begin_run(program, "ingest/manual", command="airflow: ingest")
            failure = {"outcome": Outcome.RETRY, "reason": Reason.BUSY, "retry_at": NOW}
            if stage is Stage.ENRICH:
                finish(program, stage, **failure)
            finish(program, stage, outcome=Outcome.DONE)
            assert send_spans(program, sender)
            assert send_spans(program, sender)  # nothing is left
    of_a = [span for span in collector.spans if span.trace_id.hex() == trace_id("a")]
    assert [span.name for span in of_a] == ["poll", "dedupe", "enrich", "enrich", "cluster", "index"]
    root = of_a[0]
    assert root.parent_span_id == b""
    assert {span.parent_span_id for span in of_a[1:]} == {root.span_id}
    assert len({span.span_id for span in of_a}) == len(of_a)
    assert (root.end_time_unix_nano - root.start_time_unix_nano) == 3600 * 10**9
    assert [span.status.code for span in of_a].count(2) == 1
    attributes = {each.key: each.value.string_value for each in of_a[-1].attributes}
    assert attributes["newswire.run"] == "ingest/manual"
    assert attributes["url.full"] == "https://daily.example/a"
    assert {span.name for span in collector.spans if span not in of_a} == {"poll"}


TASK = """
import sys
from pipeline.stages import close_run, run_stage

for stage in sys.argv[1:]:
    run_stage(stage, run_id="ingest/manual")
if "index" in sys.argv:
    close_run("ingest/manual")
"""


@pytest.mark.slow
def test_from_poll_to_index_an_articles_way_is_one_trace_across_processes(tmp_path, collector):
    with serve_newsroom() as newsroom:
        (source,) = [source for source in newsroom.sources if source.language == "it"]
        config = write_config(tmp_path / "config", [source])
        with (config / "newswire.toml").open("a") as file:
            file.write("[traces]\nshare = 1.0\n[extract]\ntimeout_seconds = 300.0\n")
        environment = {"NEWSWIRE_HOME": str(tmp_path), "NEWSWIRE_CONFIG": str(config)}
        environment |= {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        for stages in (("poll", "fetch", "extract"), ("dedupe", "enrich", "cluster", "index")):  # as Airflow's tasks do
            command = [sys.executable, "-c", TASK, *stages]
            subprocess.run(command, env={**os.environ, **environment}, check=True, timeout=600)
        urls = [url for url in newsroom.newsroom.expected.articles if url.startswith(source.home)]
    traces = {}
    for span in collector.spans:
        traces.setdefault(span.trace_id.hex(), []).append(span)
    assert traces.keys() == {trace_id(article_id(url)) for url in urls}
    for spans in traces.values():
        assert [span.name for span in spans] == [stage.value for stage in Stage]
        root, *others = spans
        assert {span.parent_span_id for span in others} == {root.span_id}
        assert [span.end_time_unix_nano for span in spans] == sorted(span.end_time_unix_nano for span in spans)
        runs = [each.value.string_value for span in spans for each in span.attributes if each.key == "newswire.run"]
        assert runs == ["ingest/manual"] * len(Stage)


def test_spans_wait_while_nobody_takes_them(tmp_path, collector, sender):
    with opened(tmp_path) as context:
        arrive(context, "a", TEXT)
        collector.status = 400
        assert not send_spans(context, sender)
        collector.status = 200
        assert send_spans(context, sender)
    assert [span.name for span in collector.spans] == ["poll"]


def test_a_share_of_articles_is_traced_and_always_the_same():
    names = [f"a{number}" for number in range(2000)]
    traced = {name for name in names if is_traced(name, 0.1)}
    assert 120 < len(traced) < 280
    assert traced < {name for name in names if is_traced(name, 0.2)}
    assert not any(is_traced(name, 0.0) for name in names)
    assert all(is_traced(name, 1.0) for name in names)


def test_metrics_are_pushed_with_their_labels_and_histograms_bucket_by_bucket(context, collector, sender):
    context.index.prepare()
    total = RunFigures()
    total.stage(Stage.FETCH).add(Outcome.RETRY, Reason.TIMEOUT)
    for seconds in (1.0, 1.01, 9.0):
        total.stage(Stage.FETCH).ready_to_saved_seconds.add(seconds)
    context.store.programs.save(
        ProgramFigures(program="box/1/ab", version="1", command="run", started=NOW, beat=NOW, total=total)
    )
    assert sender.send_metrics(list_system_points(ReadingsReader(context).take()), NOW, NOW)
    (retries,) = collector.metrics["newswire.stage.retry"].sum.data_points
    assert {each.key: each.value.string_value for each in retries.attributes} == {
        "program": "box/1/ab",
        "stage": "fetch",
        "reason": "timeout",
    }
    (histogram,) = collector.metrics["newswire.stage.ready_to_saved"].exponential_histogram.data_points
    # bucket i holds what lies above 2 ** (i / 8) and up to 2 ** ((i + 1) / 8)
    counts = {histogram.positive.offset + n: count for n, count in enumerate(histogram.positive.bucket_counts) if count}
    assert (histogram.scale, histogram.count, counts) == (3, 3, {-1: 1, 0: 1, 25: 1})
    assert collector.metrics["newswire.queue.waiting"].gauge.data_points


def as_prometheus_has_it(name, unit, kind):
    """Return the name that Prometheus gives to a metric of OpenTelemetry, as their compatibility page says."""
    plain = name.replace(".", "_") + {"s": "_seconds", "By": "_bytes"}.get(unit, "")
    return plain + ("_total" if kind is MetricKind.COUNTER else "")


def test_names_are_the_same_both_ways():
    for metric in METRICS:
        assert as_prometheus_has_it(*otel_name(metric.name), metric.kind) == metric.name
