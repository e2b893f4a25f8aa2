"""Decisions on stories over HTTP."""

from __future__ import annotations

import msgspec
import pytest
from starlette.testclient import TestClient

from pipeline.records import Stage
from pipeline.web.app import create_app
from tests.helpers.copies import OTHER, WIRE
from tests.helpers.transactions import ask
from tests.test_cluster import CHOIR, HARBOUR
from tests.test_editorial_stories import now, tell

KEY = {"Authorization": "Bearer open-sesame"}


@pytest.fixture
def client(context):
    """A service whose ledger has two stories: sa of the articles a and b, sc of c and d."""
    tell(context, ("a", WIRE), ("c", OTHER), ("b", HARBOUR), ("d", CHOIR))
    context.environment = msgspec.structs.replace(context.environment, api_key="open-sesame")
    return TestClient(create_app(context), base_url="http://localhost", raise_server_exceptions=False)


def decide(client, kind, story="sa", **more):
    sent = {"kind": kind, "story": story, "by": "ana", **more}
    return client.post("/api/stories/decisions", json=sent, headers=KEY)


def undo(client, number, **more):
    return client.post(f"/api/stories/decisions/{number}/undo", json={"by": "bo", **more}, headers=KEY)


def test_a_decision_moves_articles_and_its_number_takes_it_back(client, context):
    made = decide(client, "merge", other="sc", note="one festival")
    assert (made.status_code, made.json()["n"], made.json()["story"]) == (201, 1, "sa")
    assert set(now(context).values()) == {"sa"}
    taken_back = undo(client, 1, note="two after all")
    assert (taken_back.status_code, taken_back.json()["undone"]) == (200, True)
    assert [now(context)[name] for name in "abcd"] == ["sa", "sa", "sc", "sc"]
    told = [(one["kind"], one["made_by"], one["reason"]) for one in client.get("/api/stories/sc/changes").json()]
    assert told == [("merge", "ana", "one festival"), ("split", "bo", "two after all")]


def test_articles_leave_a_story_and_a_story_gets_a_title(client, context):
    assert decide(client, "split", articles=["b"]).json()["other"] == now(context)["b"] != "sa"
    decide(client, "rename", story="a", title=" Crane  falls ")
    assert ask(context.store).story_catalog.load_facts(["sa"])["sa"].title == "Crane falls"
    assert decide(client, "rename", title=None).json()["before"] == "Crane falls"
    assert ask(context.store).story_catalog.load_facts(["sa"])["sa"].title == "Title a"


def test_what_cannot_be_changed_is_refused_in_one_line_and_changes_nothing(client, context):
    before = now(context)
    for answer, status, why in (
        (decide(client, "merge", other="s-nobody"), 404, "s-nobody: no story has or had this id"),
        (decide(client, "merge", other="b"), 400, "that is one story already"),
        (decide(client, "merge"), 400, "can't be read: Object missing required field `other`"),
        (decide(client, "split", articles=["nobody"]), 404, "nobody: no article"),
        (decide(client, "split", articles=["a", "b"]), 400, "at least one article"),
        (decide(client, "rename", title=" "), 400, "the new title is empty"),
        (decide(client, "rename"), 400, "can't be read: Object missing required field `title`"),
        (decide(client, "eat"), 400, "can't be read: Invalid value 'eat'"),
        (undo(client, 2**63 - 1), 404, "there is no decision 9223372036854775807 on stories"),
        (undo(client, 2**63), 422, "less than or equal to 9223372036854775807"),
        (undo(client, "x"), 422, "number: input should be a valid integer"),
    ):
        assert (answer.status_code, why in answer.json()["error"]) == (status, True), answer.text
    assert now(context) == before


def test_nobody_decides_on_stories_without_the_key(client):
    for path in ("/api/stories/decisions", "/api/stories/decisions/1/undo"):
        assert client.post(path, json={}).status_code == 401
        assert client.post(path, json={}, headers={"X-API-Key": "guess"}).status_code == 401


def test_a_decision_is_put_off_while_cluster_is_at_work(client, context):
    other = type(context.store)(context.environment.store_url)
    context.lock_wait_seconds = 0.0
    with other.lock(Stage.CLUSTER, context.clock(), 60):
        answer = decide(client, "rename", title="Crane falls")
    other.close()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert "cluster has been at work" in answer.json()["error"]
    assert decide(client, "rename", title="Crane falls").status_code == 201


def test_what_a_decision_says_is_described(client):
    described = client.get("/openapi.json").json()

    def body(path):
        schema = described["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        names = [part["$ref"].rpartition("/")[2] for part in schema.get("oneOf", [schema])]
        return [described["components"]["schemas"][name] for name in names]

    kinds = [one["properties"]["kind"]["enum"] for one in body("/api/stories/decisions")]
    assert kinds == [["merge"], ["split"], ["rename"]]
    assert [one["required"] for one in body("/api/stories/decisions/{number}/undo")] == [["by"]]
