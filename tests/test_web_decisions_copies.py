"""Decisions on copy groups over HTTP."""

from __future__ import annotations

import msgspec
import pytest
from starlette.testclient import TestClient

from pipeline.records import Stage
from pipeline.stages import run_one
from pipeline.web.app import create_app
from tests.helpers.arriving import arrive
from tests.helpers.copies import OTHER, WIRE

KEY = {"Authorization": "Bearer open-sesame"}
ADDRESS = "https://evening.example/a2"


@pytest.fixture
def client(context):
    """A service whose ledger knows a text, a copy of its beginning and something else."""
    arrive(context, "a1", WIRE, agency="AP")
    arrive(context, "a2", "\n".join(WIRE.split("\n")[:2]), source="Evening", seen=1.5)
    arrive(context, "b1", OTHER, seen=2.0)
    run_one(context, Stage.DEDUPE)
    context.environment = msgspec.structs.replace(context.environment, api_key="open-sesame")
    return TestClient(create_app(context), base_url="http://localhost", raise_server_exceptions=False)


def decide(client, kind, *articles, **more):
    sent = {"kind": kind, "articles": articles, "by": "ana", **more}
    return client.post("/api/copies/decisions", json=sent, headers=KEY)


def groups(answer):
    return {one["group"]: [member["id"] for member in one["members"]] for one in answer.json()}


def test_who_decides_gets_the_groups_that_come_of_it_and_is_named_in_them(client):
    merged = decide(client, "merge", "b1", ADDRESS, note="one dispatch")
    assert (merged.status_code, groups(merged)) == (201, {"a1": ["a1", "a2", "b1"]})
    assert {(one["made_by"], one["reason"]) for one in merged.json()[0]["decisions"]} == {("ana", "one dispatch")}
    apart = decide(client, "split", ADDRESS)
    assert (apart.status_code, groups(apart)) == (201, {"a1": ["a1", "b1"], "a2": ["a2"]})


def test_what_cannot_be_decided_is_refused_in_one_line(client, context):
    arrive(context, "c1", WIRE, seen=9.0)
    for answer, status, why in (
        (decide(client, "merge", "a1", "nobody"), 404, "nobody: no article"),
        (decide(client, "merge", "a1", "c1"), 400, "dedupe has not decided on it yet"),
        (decide(client, "merge", "a1", "a2"), 400, "in one group already"),
        (decide(client, "split", "a1", "a2"), 400, "all of group a1"),
        (decide(client, "eat", "a1"), 400, "can't be read: Invalid enum value 'eat'"),
        (decide(client, "merge"), 400, "can't be read: Expected `array` of length >= 1"),
        (decide(client, "merge", "a1", "b1", by=None), 400, "Expected `str`, got `null` - at `$.by`"),
        (decide(client, "merge", "a1", "b1", force=True), 400, "unknown field `force`"),
    ):
        assert (answer.status_code, why in answer.json()["error"]) == (status, True), answer.text


def test_nobody_decides_on_groups_without_the_key(client):
    assert client.post("/api/copies/decisions", json={}).status_code == 401
    assert client.post("/api/copies/decisions", json={}, headers={"X-API-Key": "guess"}).status_code == 401


def test_a_decision_is_put_off_while_dedupe_is_at_work(client, context):
    other = type(context.store)(context.environment.store_url)
    context.lock_wait_seconds = 0.0
    with other.lock(Stage.DEDUPE, context.clock(), 60):
        answer = decide(client, "merge", "a1", "b1")
    other.close()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert "dedupe has been at work" in answer.json()["error"]
    assert decide(client, "merge", "a1", "b1").status_code == 201
