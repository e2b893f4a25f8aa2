"""Facts about whole results over HTTP."""

from __future__ import annotations

import csv
import io
import json

import pyarrow.parquet
import pytest
from starlette.testclient import TestClient

from pipeline.web.app import create_search_app
from tests.test_web_search import opened

EXPORT = "/api/v1/export"


@pytest.fixture
def client(tmp_path):
    index = opened(tmp_path, range(1, 302))
    with TestClient(create_search_app(index), base_url="http://localhost") as client:
        yield client
    index.close()


def ids(numbers):
    return [f"{number:020x}" for number in numbers]


def test_an_export_holds_all_that_a_search_finds_by_first_sight(client):
    answer = client.get(EXPORT, params={"q": "flood", "fields": "id"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="newswire.jsonl"'
    assert [json.loads(line)["id"] for line in answer.text.splitlines()] == ids(range(1, 302))
    assert client.get(EXPORT, params={"q": "drought"}).text == ""


@pytest.mark.parametrize(
    ("form", "read"),
    [
        ("csv", lambda data: [row["id"] for row in csv.DictReader(io.StringIO(data.decode(), newline=""))]),
        ("ninjs", lambda data: [json.loads(line)["uri"].removeprefix("urn:newswire:") for line in data.splitlines()]),
        ("parquet", lambda data: pyarrow.parquet.read_table(io.BytesIO(data)).column("id").to_pylist()),
    ],
)
def test_every_format_holds_all_of_them(client, form, read):
    answer = client.get(EXPORT, params={"q": "flood", "format": form})
    assert read(answer.content) == ids(range(1, 302))


@pytest.mark.parametrize(
    "params",
    [
        {"format": "xml"},
        {"page": "2"},
        {"sort": "newest"},
        {"fields": "titel"},
        {"since": "yesterday-ish"},
        {"sources": "x"},
    ],
)
def test_what_is_asked_wrongly_is_refused_before_anything_is_sent(client, params):
    answer = client.get(EXPORT, params=params)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
