"""Decisions on entities over HTTP."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from starlette.testclient import TestClient

from pipeline.records import Article, Stage
from pipeline.settings import Settings
from pipeline.stages import Context, run_all
from pipeline.store import NewArticle
from pipeline.web.app import create_app
from tests.helpers.support import NOW, places
from tests.helpers.transactions import ask

CONFIG = Path(__file__).parent.parent / "config"
KEY = {"Authorization": "Bearer open-sesame"}
TEXT = "Hilda Clerk won the race on Sunday, said Tom Berg. Clerk smiled."


@pytest.fixture
def context(tmp_path):
    with Context(Settings(), [], places(tmp_path), config=CONFIG, clock=lambda: NOW) as made:
        article = Article(id="a", text=TEXT, language="en")
        arrival = NewArticle(id="a", source="Times", first_seen=NOW, records=(article,), stage=Stage.DEDUPE)
        with made.store.write() as connection:
            made.store.ledger.insert_articles(connection, [arrival], NOW)
        run_all(made, list(Stage)[3:])
        yield made


@pytest.fixture
def client(context):
    context.environment = msgspec.structs.replace(context.environment, api_key="open-sesame")
    return TestClient(create_app(context), base_url="http://localhost", raise_server_exceptions=False)


def test_a_decision_with_the_key_changes_the_document_and_can_be_undone(client, context):
    made = client.post(
        "/api/entities/decisions", json={"kind": "merge", "entity": "Tom Berg", "into": "Hilda Clerk"}, headers=KEY
    )
    assert (made.status_code, made.json()["n"]) == (201, 1)
    run_all(context, [Stage.INDEX])
    assert context.index.get("a").people == ("Hilda Clerk",)
    assert client.post("/api/entities/decisions/1/undo", headers=KEY).status_code == 200
    run_all(context, [Stage.INDEX])
    assert context.index.get("a").people == ("Hilda Clerk", "Tom Berg")
    assert client.get("/api/entities/decisions").json()[0]["undone"] is not None


@pytest.mark.parametrize("path", ["/api/entities/decisions", "/api/entities/decisions/1/undo"])
def test_nobody_decides_without_the_key(client, context, path):
    plain = {"kind": "hide", "entity": "Tom Berg"}
    assert client.post(path, json=plain).status_code == 401
    assert client.post(path, json=plain, headers={"X-API-Key": "guess"}).status_code == 401
    assert ask(context.store).decisions.list_entity_decisions() == []


@pytest.mark.parametrize(
    ("sent", "status", "why"),
    [
        ("nonsense", 400, "can't be read"),
        ('{"kind": "eat", "entity": "Tom Berg"}', 400, "can't be read"),
        ('{"kind": "merge", "entity": "Tom Berg"}', 400, "into: this decision needs one"),
        ('{"kind": "hide", "entity": "Nobody"}', 404, "no entity is called"),
        ('{"kind": "hide", "entity": "Tom Berg", "force": true}', 400, "unknown field"),
    ],
)
def test_a_decision_that_cannot_be_read_is_refused_in_one_line(client, sent, status, why):
    answer = client.post("/api/entities/decisions", content=sent, headers=KEY)
    assert answer.status_code == status
    assert why in answer.json()["error"]


def test_an_unknown_decision_cannot_be_undone(client):
    assert client.post("/api/entities/decisions/7/undo", headers=KEY).status_code == 404
