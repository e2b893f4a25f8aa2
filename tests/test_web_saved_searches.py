"""Saved searches over HTTP: reading shows nobody's address, writing needs the key, feeds stay where they are."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import msgspec
import pytest
from starlette.testclient import TestClient

from pipeline.saved_searches.matching import match_changes
from pipeline.settings import AlertSettings, MailSettings, SearchSettings, Settings
from pipeline.web.app import create_app
from tests.helpers.searching import Clock, open_program, publish

KEY = {"Authorization": "Bearer open-sesame"}
DESK = MailSettings(name="desk", host="smtp.example", sender="news@example.org", to=("desk@example.org",))
SETTINGS = Settings(alerts=AlertSettings(mail=(DESK,)), searches=SearchSettings(mail="desk"))


@pytest.fixture
def context(tmp_path, monkeypatch):
    monkeypatch.setenv("NEWSWIRE_SEARCHES_KEY", "sixteen-characters-and-more")
    with open_program(tmp_path, Clock(), SETTINGS) as program:
        program.environment = msgspec.structs.replace(program.environment, api_key="open-sesame")
        yield program


@pytest.fixture
def client(context):
    return TestClient(create_app(context), base_url="http://localhost", raise_server_exceptions=False)


def post(client, **sent):
    return client.post("/api/v1/searches", json=sent, headers=KEY)


def test_a_search_is_saved_read_and_removed_and_its_feeds_have_what_matches(client, context):
    answer = post(client, name="floods", q="flood", webhook="https://hooks.example.org/1", mail=["ana@example.org"])
    saved = answer.json()
    assert (answer.status_code, saved["name"], saved["each"]) == (201, "floods", "article")
    assert saved["webhook_key"].startswith("whsec_")
    publish(context, "a1", "The flood came.")
    match_changes(context)
    (listed,) = client.get("/api/v1/searches").json()
    assert (listed["webhook"], listed["mail"], listed["id"]) == (True, 1, saved["id"])
    shown = client.get(f"/api/v1/searches/{saved['id']}").json()
    assert [match["article"] for match in shown["matches"]] == ["a1"]
    for text in (json.dumps(listed), json.dumps(shown)):
        assert "hooks.example" not in text
        assert "ana@" not in text
        assert "whsec" not in text
    atom = client.get(f"/searches/{saved['id']}.atom")
    assert atom.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert "Title of a1" in [element.text for element in ET.fromstring(atom.content).iter()]
    feed = client.get(f"/searches/{saved['id']}.json")
    assert feed.headers["Content-Type"] == "application/feed+json"
    assert [item["id"] for item in feed.json()["items"]] == ["urn:newswire:a1"]
    assert client.delete(f"/api/v1/searches/{saved['id']}", headers=KEY).json() == {"removed": saved["id"]}
    assert client.get(f"/searches/{saved['id']}.atom").status_code == 404
    assert client.get("/api/v1/searches").json() == []


def test_another_search_is_put_in_its_place_and_the_feeds_stay(client):
    saved = post(client, name="floods", q="flood").json()
    place = f"/api/v1/searches/{saved['id']}"
    sent = {"name": "dry", "q": "drought", "exclude": {"source": ["Daily"]}, "match": "any", "paused": True}
    answer = client.put(place, json=sent, headers=KEY)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["atom"], told["created"]) == (saved["atom"], saved["created"])
    assert {name: told[name] for name in sent} == sent
    assert client.put(place, json=sent).status_code == 401
    assert client.put("/api/v1/searches/none", json=sent, headers=KEY).status_code == 404
    assert client.put(place, json={"name": ""}, headers=KEY).status_code == 400


def test_an_article_that_was_taken_down_leaves_the_feeds(client, context):
    saved = post(client, name="floods", q="flood").json()
    publish(context, "a1", "The flood came.")
    match_changes(context)
    context.index.delete(["a1"])
    assert client.get(f"/searches/{saved['id']}.json").json()["items"] == []


def test_writing_needs_the_key_and_what_can_not_be_saved_is_refused_in_one_line(client):
    assert client.post("/api/v1/searches", json={"name": "x"}).status_code == 401
    assert client.delete("/api/v1/searches/x").status_code == 401
    post(client, name="floods")
    for sent, why in (
        ({"name": "floods"}, "already"),
        ({"name": ""}, "length >= 1"),
        ({}, "missing required field `name`"),
        ({"name": "x", "every": "story"}, "unknown field `every`"),
        ({"name": "x", "each": "thing"}, "invalid enum value 'thing'"),
        ({"name": "x", "filters": {"colour": ["red"]}}, "can't filter or count by 'colour'"),
        ({"name": "x", "webhook": "http://[::1]/"}, "::1 is not public"),
        ({"name": "x", "webhook": "http://169.254.169.254/"}, "169.254.169.254 is not public"),
        ({"name": "x", "mail": ["ana"]}, "is no e-mail address"),
    ):
        answer = post(client, **sent)
        assert (answer.status_code, why.lower() in answer.json()["detail"].lower()) == (400, True), answer.text
    for path in ("/api/v1/searches/none", "/searches/none.atom", "/searches/none.json"):
        assert client.get(path).status_code == 404
    assert client.delete("/api/v1/searches/none", headers=KEY).status_code == 404


def test_the_description_names_the_body_and_the_key(client):
    operation = client.get("/openapi.json").json()["paths"]["/api/v1/searches"]["post"]
    assert "201" in operation["responses"]
    assert operation["security"]
    assert operation["requestBody"]
