"""Facts about the change feed over HTTP: one answer, lines, events, and waiting."""

from __future__ import annotations

import json
import threading

import anyio
import pytest
from starlette.testclient import TestClient

from pipeline.change_feed import ChangeReader
from pipeline.editorial.lookup import find_article
from pipeline.editorial.takedown import take_down
from pipeline.web import changes
from pipeline.web.app import create_app
from tests.helpers.arriving import arrive, through

TEXTS = ("The dam above the town leaks, the mayor said.", "The harbour of Lisbon opens again after the storm.")
CHANGES = "/api/v1/changes"


@pytest.fixture
def client(context):
    for name, text in zip("ab", TEXTS, strict=True):
        arrive(context, name, text)
    through(context)
    return TestClient(create_app(context), base_url="http://localhost")


def ids(batch):
    return [(change["id"], change["kind"]) for change in batch["changes"]]


def test_changes_are_read_on_from_the_cursor_of_an_answer_or_of_a_change(client):
    first = client.get(CHANGES, params={"limit": 1}).json()
    assert (ids(first), first["more"]) == ([("a", "created")], True)
    assert first["changes"][0]["document"]["text"] == TEXTS[0]
    for cursor in (first["cursor"], first["changes"][0]["cursor"]):
        rest = client.get(CHANGES, params={"cursor": cursor}).json()
        assert (ids(rest), rest["more"]) == ([("b", "created")], False)
    end = client.get(CHANGES, params={"cursor": rest["cursor"]}).json()
    assert (end["changes"], end["cursor"]) == ([], rest["cursor"])
    assert client.get(CHANGES, params={"cursor": "latest"}).json()["changes"] == []


def test_documents_may_be_left_out(client):
    batch = client.get(CHANGES, params={"documents": "false"}).json()
    assert [change["document"] for change in batch["changes"]] == [None, None]


def test_an_article_that_is_gone_has_no_document_and_ends(client, context):
    take_down(context, find_article(context, "a"))
    batch = client.get(CHANGES).json()
    assert ids(batch) == [("a", "created"), ("b", "created"), ("a", "removed")]
    assert [bool(change["document"]) for change in batch["changes"]] == [False, True, False]


def test_lines_go_up_to_the_present(client):
    answer = client.get(CHANGES, params={"format": "ndjson", "limit": 1})
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert [json.loads(line)["id"] for line in answer.text.splitlines()] == ["a", "b"]


def test_who_waits_is_answered_as_soon_as_something_changes(client, context):
    cursor = client.get(CHANGES).json()["cursor"]
    answers = []

    def wait():
        answers.append(client.get(CHANGES, params={"cursor": cursor, "wait": 60}).json())

    waiting = threading.Thread(target=wait)
    waiting.start()
    take_down(context, find_article(context, "b"))
    waiting.join()
    assert ids(answers[0]) == [("b", "removed")]


def test_events_have_the_cursor_as_their_id_and_signs_of_life_between(client, context, monkeypatch):
    monkeypatch.setattr(changes, "_BEAT_SECONDS", 0.0)
    reader = ChangeReader(context)

    async def first_parts(count):
        parts = changes._events(reader, reader.place(None), 10)
        return [await anext(parts) for _ in range(count)]

    parts = anyio.run(first_parts, 4)
    assert parts[0] == b"retry: 1000\n\n"
    lines = [part.decode().splitlines() for part in parts[1:3]]
    assert [line[1] for line in lines] == ["event: created", "event: created"]
    assert json.loads(lines[0][2].removeprefix("data: "))["document"]["text"] == TEXTS[0]
    assert parts[3] == b": nothing new\n\n"
    resumed = client.get(CHANGES, headers={"Last-Event-ID": lines[0][0].removeprefix("id: ")}).json()
    assert ids(resumed) == [("b", "created")]


def test_head_of_a_stream_ends_at_once(client):
    answer = client.head(CHANGES, params={"format": "sse"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"].startswith("text/event-stream")


@pytest.mark.parametrize(
    ("params", "status"), [({"cursor": "forged"}, 400), ({"limit": 0}, 422), ({"wait": 61}, 422), ({"since": "x"}, 400)]
)
def test_what_is_asked_wrongly_is_refused(client, params, status):
    answer = client.get(CHANGES, params=params)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")


def test_a_cursor_of_a_ledger_that_is_not_here_has_expired(client, context):
    cursor = client.get(CHANGES).json()["cursor"]
    with context.store.write() as connection:
        context.store.values.save(connection, "change feed", "another")
    assert client.get(CHANGES, params={"cursor": cursor}).status_code == 410
