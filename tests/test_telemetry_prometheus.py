"""Prometheus reads our figures under their names, at the server's page and at a run's own port."""

from __future__ import annotations

import datetime as dt
import time
import urllib.request

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from pipeline.errors import ServeError
from pipeline.figures import ProgramFigures, RunFigures, StagePause
from pipeline.figures.histogram import Histogram
from pipeline.figures.metrics import METRICS
from pipeline.records import Outcome, Reason, Stage
from pipeline.settings import ServeSettings
from pipeline.store.schema.articles import outcomes
from pipeline.telemetry.prometheus import cumulate, make_registry, serving_metrics
from pipeline.telemetry.readings import ReadingsReader
from pipeline.web.app import create_app
from tests.helpers.arriving import NOW, arrive, finish

PROGRAM = "box/1/ab"


def read(text):
    """Return (name, labels' values) → value of each sample."""
    families = text_string_to_metric_families(text)
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value for family in families for sample in family.samples
    }


@pytest.fixture
def watched(context):
    """A program that fetched a page and failed at another one, whose index pauses; an article waits."""
    context.index.prepare()
    total = RunFigures(http_answers_total={"200": 3, "503": 1}, http_failures_total={"a.example 503": 1})
    figures = total.stage(Stage.FETCH)
    figures.add(Outcome.DONE)
    figures.add(Outcome.RETRY, Reason.SERVER_ERROR)
    figures.ready_to_saved_seconds.add(0.9)
    figures.ready_to_saved_seconds.add(70)
    pauses = {"index": StagePause(since=NOW, reason="away")}
    context.store.programs.save(
        ProgramFigures(
            program=PROGRAM,
            version="1",
            command="run",
            started=NOW,
            beat=NOW,
            total=total,
            pauses=pauses,
            memory_bytes=7,
        )
    )
    arrive(context, "a", "The council met on Monday and agreed to mend the old bridge over the river.", seen=23)
    return context


@pytest.fixture
def client(watched):
    with TestClient(create_app(watched), base_url="http://localhost") as made:
        yield made


def test_the_page_has_what_programs_did_and_what_waits(client):
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = read(answer.text)
    assert samples["newswire_stage_taken_total", PROGRAM, "fetch"] == 2
    assert samples["newswire_stage_retry_total", PROGRAM, "fetch", "server error"] == 1
    assert samples["newswire_http_answers_total", "503", PROGRAM] == 1
    assert samples["newswire_http_failures_total", "503", "a.example", PROGRAM] == 1
    assert samples["newswire_program_memory_bytes", PROGRAM] == 7
    assert samples["newswire_stage_paused", PROGRAM, "index"] == 1
    assert samples["newswire_queue_waiting", "dedupe"] == 1
    assert samples["newswire_queue_oldest_seconds", "dedupe"] >= 0
    assert samples["newswire_source_failures", "Daily"] == 0
    assert samples["newswire_index_documents",] == 0
    assert samples["newswire_index_bytes",] > 0
    assert samples["newswire_ledger_bytes",] > 0
    buckets = {key[1:]: value for key, value in samples.items() if key[0].endswith("ready_to_saved_seconds_bucket")}
    assert buckets["0.5", PROGRAM, "fetch"] == 0
    assert buckets["1.0", PROGRAM, "fetch"] == 1
    assert buckets["+Inf", PROGRAM, "fetch"] == 2
    known = {metric.name for metric in METRICS}
    assert {key[0].removesuffix("_bucket").removesuffix("_count").removesuffix("_sum") for key in samples} <= known


def test_openmetrics_is_given_to_whoever_asks_for_it(client):
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_where_readers_need_a_key_the_page_needs_one_too(watched):
    app = create_app(watched, serve=ServeSettings(read_without_key="never"))
    with TestClient(app, base_url="http://localhost") as client:
        assert client.get("/metrics").status_code in {401, 403}


def test_a_run_shows_itself_alone_at_its_own_port_as_long_as_it_lasts(watched):
    reader = ReadingsReader(watched, program="box/2/cd")
    with serving_metrics(make_registry(reader.take), "127.0.0.1", 0) as address:
        with urllib.request.urlopen(address) as answer:
            samples = read(answer.read().decode())
        port = int(address.split(":")[2].split("/")[0])
        with pytest.raises(ServeError, match=f"127.0.0.1:{port}"), serving_metrics(None, "127.0.0.1", port):
            pass
    assert ("newswire_queue_waiting", "dedupe") in samples
    assert not any(PROGRAM in key for key in samples)


def test_how_many_sources_are_told_is_bounded_and_those_in_need_come_first(watched):
    watched.settings = type(watched.settings)(metrics=type(watched.settings.metrics)(sources=1, hosts=0))
    readings = ReadingsReader(watched).take()
    assert len(readings.sources) == 1
    assert readings.hosts == ()


def test_buckets_add_up_at_bounds_of_ours():
    histogram = Histogram()
    for seconds in (0.001, 0.0625, 0.0626, 1.0, 3.0, 200_000.0):
        histogram.add(seconds)
    counts = dict(cumulate(histogram))
    assert (counts["0.0625"], counts["0.125"], counts["1.0"], counts["4.0"]) == (2, 3, 4, 5)
    assert (counts["131072.0"], counts["+Inf"]) == (5, 6)
    assert list(counts.values()) == sorted(counts.values())


def test_attempts_are_counted_whoever_makes_them_and_no_count_falls(watched):
    def assert_counts(expected):
        """Read as a server does that starts anew, or another one; transactions of other tests hold a count up."""
        until = time.monotonic() + 60
        while (counts := ReadingsReader(watched).take().totals.outcomes_total) != expected and time.monotonic() < until:
            time.sleep(0.01)
        assert counts == expected

    def poll_feed(count):
        with watched.store.write() as connection:
            for _ in range(count):
                watched.store.ledger.log_outcome(
                    connection, "https://daily.example/feed", Stage.POLL, Outcome.RETRY, Reason.SERVER_ERROR, "", NOW
                )

    assert_counts({})  # it is counted from here on
    finish(watched, Stage.DEDUPE, outcome=Outcome.DONE)
    poll_feed(2)
    first = {"dedupe done ": 1, "poll retry server error": 2}
    assert_counts(first)
    assert_counts(first)
    with watched.store.write() as connection:
        connection.execute(outcomes.delete())
    finish(watched, Stage.ENRICH, outcome=Outcome.DONE)
    assert_counts(first | {"enrich done ": 1})
    with TestClient(create_app(watched), base_url="http://localhost") as client:
        samples = read(client.get("/metrics").text)
    assert samples["newswire_outcomes_total", "poll", "retry", "server error"] == 2
    assert samples["newswire_outcomes_total", "", "dedupe", "done"] == 1
    assert ReadingsReader(watched, program=PROGRAM).take().totals.outcomes_total == {}


def test_what_is_still_to_be_sent_is_told_where_anything_is(watched):
    assert ReadingsReader(watched).take().operations is None
    watched.environment = msgspec.structs.replace(watched.environment, operations_url="http://127.0.0.1:9")
    watched.clock = lambda: NOW + dt.timedelta(minutes=2)
    waiting = ReadingsReader(watched).take().operations
    assert (waiting.waiting, waiting.oldest_seconds) == (1, 120)


def test_a_reading_is_given_again_for_a_moment(watched, monkeypatch):
    reader = ReadingsReader(watched)
    first = reader.take()
    watched.clock = lambda: NOW + dt.timedelta(hours=1)
    assert reader.take() is first
