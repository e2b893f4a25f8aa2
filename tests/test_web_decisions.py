"""The log of decisions over HTTP, and undoing whatever was decided."""

from __future__ import annotations

import msgspec
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from pipeline.web.app import create_app
from tests.helpers.arriving import arrive, through
from tests.helpers.copies import OTHER, WIRE

KEY = {"Authorization": "Bearer open-sesame"}


@pytest.fixture
def client(context):
    """A service whose ledger has two copy groups, in two stories."""
    arrive(context, "a1", WIRE)
    arrive(context, "b1", OTHER, source="Evening", seen=1.0)
    through(context)
    context.environment = msgspec.structs.replace(context.environment, api_key="open-sesame")
    return TestClient(create_app(context), base_url="http://localhost", raise_server_exceptions=False)


def post(client, path, **sent):
    return client.post(path, json=sent, headers=KEY)


def test_decisions_on_all_subjects_are_one_log_with_one_undo(client):
    post(client, "/api/copies/decisions", kind="merge", articles=["a1", "b1"], by="ana", note="one dispatch")
    post(client, "/api/stories/decisions", kind="rename", story="a1", title="Port Ansel", by="ana")
    log = client.get("/api/decisions").json()
    assert [(one["n"], one["subject"], one["kind"], one["by"]) for one in log["decisions"]] == [
        (1, "copies", "merge", "ana"),
        (2, "stories", "rename", "ana"),
    ]
    assert [one["n"] for one in client.get("/api/decisions?subject=copies").json()["decisions"]] == [1]
    assert [one["n"] for one in client.get("/api/decisions?limit=1").json()["decisions"]] == [2]
    for n in (1, 2):
        answer = post(client, f"/api/decisions/{n}/undo", by="bo", note="a mistake")
        undone = answer.json()
        assert (answer.status_code, undone["undone_by"], undone["undone_note"]) == (200, "bo", "a mistake")
        assert post(client, f"/api/decisions/{n}/undo", by="bo").status_code == 400


def test_a_decision_on_copies_is_taken_back(client, context):
    post(client, "/api/copies/decisions", kind="merge", articles=["a1", "b1"], by="ana")
    assert client.get("/api/copies/b1").json()["decisions"][0]["n"] == 1
    assert post(client, "/api/copies/decisions/1/undo", by="bo").json()["undone_by"] == "bo"
    assert through(context)["b1"].copy_group == "b1"
    assert client.get("/api/copies/b1").json()["decisions"] == []


def test_what_is_no_decision_is_refused_in_one_line(client):
    for answer, status, why in (
        (client.get("/api/decisions?subject=weather"), 422, "subject: "),
        (client.get("/api/decisions?on=copies"), 400, "unknown parameter 'on'; known: subject, limit"),
        (client.get("/api/decisions?limit=0"), 400, "limit: from 1 to 1000"),
        (post(client, "/api/decisions/7/undo", by="bo"), 404, "there is no decision 7"),
        (post(client, "/api/copies/decisions/7/undo", by="bo"), 404, "there is no decision 7 on copies"),
        (post(client, "/api/decisions/7/undo"), 400, "missing required field `by`"),
    ):
        assert (answer.status_code, why in answer.json()["error"]) == (status, True), answer.text
    for path in ("/api/decisions/1/undo", "/api/copies/decisions/1/undo"):
        assert client.post(path, json={"by": "bo"}).status_code == 401


def test_a_row_that_cannot_be_read_is_named_beside_the_others(client, context, caplog):
    post(client, "/api/copies/decisions", kind="merge", articles=["a1", "b1"], by="ana")
    post(client, "/api/copies/decisions", kind="split", articles=["b1"], by="ana")
    with context.store.write() as connection:
        connection.execute(sa.text("UPDATE decisions SET kind = 'eat' WHERE n = 1"))
    log = client.get("/api/decisions").json()
    assert [one["n"] for one in log["decisions"]] == [2]
    assert [(one["n"], "Invalid enum value 'eat'" in one["fault"]) for one in log["unreadable"]] == [(1, True)]
    answer = post(client, "/api/decisions/1/undo", by="bo")
    assert (answer.status_code, "the ledger can't be used" in answer.json()["error"]) == (503, True)
    assert "decision 1 can't be read" in caplog.text
