"""Documents of operations have the fields that are documented, and ids that a repetition meets again."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.figures import (
    HostSample,
    OverviewSample,
    ProgramSample,
    RunCounts,
    RunRecord,
    SourcePolls,
    StageBacklogSample,
)
from pipeline.figures.run_figures import StageFigures
from pipeline.index._elasticsearch_operations import last_day
from pipeline.records import Outcome, Reason, Stage
from pipeline.store import OutcomeLine
from pipeline.telemetry.documents import outcome_document, run_documents, sample_documents
from pipeline.telemetry.fields import FAMILIES, DocumentFamily, mapping_of

AT = dt.datetime(2026, 11, 30, 14, 50, 1, 123_000, tzinfo=dt.UTC)
LINE = OutcomeLine(
    n=7, id="a1", stage="index", at=AT, outcome="done", reason=None, detail=None, run="run/1", command="run",
    url="https://a.example/1", source="A", host="a.example", first_seen=AT - dt.timedelta(seconds=8), embargoed=None,
    before=AT - dt.timedelta(seconds=2), is_first=True,
)  # fmt: skip


def fields(document):
    return json.loads(document.body)


def replaced(**changed):
    return OutcomeLine(**{name: getattr(LINE, name) for name in LINE.__struct_fields__} | changed)


def test_latency_is_told_once_and_of_no_article_that_an_embargo_held():
    assert fields(outcome_document(LINE))["latency_seconds"] == 8
    assert "latency_seconds" not in fields(outcome_document(replaced(is_first=False)))
    assert "latency_seconds" not in fields(outcome_document(replaced(embargoed=AT)))


def test_what_poll_says_of_articles_is_no_attempt():
    assert replaced(stage="poll").kind == "new"
    assert replaced(stage="poll", detail="changed: version 2").kind == "changed"
    assert replaced(stage="poll", id="https://a.example/feed").kind == "attempt"
    assert LINE.kind == "attempt"


def test_the_status_that_a_host_answered_with_is_a_field_of_its_own():
    refused = replaced(stage="fetch", outcome="retry", reason="server error", detail="status 503")
    assert fields(outcome_document(refused))["status"] == 503
    assert "status" not in fields(outcome_document(replaced(detail="status 503")))  # of a stage that asks no host


def test_a_clock_that_was_put_back_gives_no_negative_time():
    document = fields(outcome_document(replaced(first_seen=AT + dt.timedelta(hours=1))))
    assert document["age_seconds"] == 0


@given(st.integers(1, 2**40), st.text(min_size=1, max_size=400), st.sampled_from(list(Stage)))
def test_an_outcome_has_one_id_and_fields_that_are_documented(number, name, stage):
    document = outcome_document(replaced(n=number, id=name, stage=stage.value))
    assert document == outcome_document(replaced(n=number, id=name, stage=stage.value))
    assert len(document.id.encode()) <= 512
    assert document.part == "2026.11.30"
    assert fields(document).keys() <= {field.name for field in FAMILIES[DocumentFamily.OUTCOMES]}


def test_a_runs_stages_add_up_and_samples_are_told_by_kind():
    figures = StageFigures()
    figures.add(Outcome.DONE, None, 3)
    figures.add(Outcome.RETRY, Reason.TIMEOUT, 2)
    figures.add(Outcome.QUARANTINED, Reason.TIMEOUT)
    counts = RunCounts(stages={"fetch": figures}, polls=(SourcePolls(source="A", asked=1, failed=1),))
    record = RunRecord(n=1, id="ingest/" + "é" * 400, command="airflow: ingest", began=AT, ended=AT, counts=counts)
    run, stage = run_documents(record, counts)
    assert len(run.id.encode()) <= 512
    assert run.id != stage.id
    assert fields(run)["failed_sources"] == ["A"]
    told = fields(stage)
    assert told["taken"] == told["done"] + told["dropped"] + told["retry"] + told["quarantined"] == 6
    assert told["reason_counts"] == {"timeout": 3}
    sample = OverviewSample(
        at=AT,
        queues=(StageBacklogSample(stage="fetch"),),
        hosts=(HostSample(host="a.example"),),
        programs=(ProgramSample(program="box/1/a", machine="box", version="1", command="run"),),
    )
    documents = [run, stage, *sample_documents(sample)]
    known = {field.name for field in FAMILIES[DocumentFamily.RUNS]}
    assert [fields(each)["kind"] for each in documents] == ["run", "stage", "queue", "host", "program"]
    assert all(fields(each).keys() <= known for each in documents)
    (goes_on,) = run_documents(record, None)
    assert goes_on.id == run.id


@pytest.mark.parametrize(
    ("part", "day"),
    [
        ("2026.11.30", (2026, 11, 30)),
        ("2026.12", (2026, 12, 31)),
        ("2028.02", (2028, 2, 29)),
        ("1", None),
        ("2026.13", None),
    ],
)
def test_the_name_of_an_index_says_what_its_last_day_is(part, day):
    assert last_day(part) == (dt.date(*day) if day else None)


def test_no_name_has_two_types():
    for family in DocumentFamily:
        names = [field.name for field in FAMILIES[family]]
        assert len(names) == len(set(names))
        assert mapping_of(family)["properties"].keys() == set(names)
