"""How editors log in on the pages, and decide there."""

from __future__ import annotations

import re

import msgspec
import pytest
from starlette.testclient import TestClient

from pipeline.access_scopes import AccessScope
from pipeline.editorial.decisions import list_decisions
from pipeline.settings import ServeSettings
from pipeline.web.app import create_app
from pipeline.web.editor_pages import decision_fields, safe_place
from tests.helpers.arriving import arrive, through
from tests.helpers.copies import OTHER, WIRE
from tests.test_cluster import CHOIR, HARBOUR
from tests.test_editorial_stories import tell

KEY = "a key"


@pytest.fixture
def keyed(context):
    """The context of a server that has a key."""
    context.environment = msgspec.structs.replace(context.environment, api_key=KEY)
    return context


@pytest.fixture
def client(keyed):
    return TestClient(create_app(keyed), base_url="http://localhost", raise_server_exceptions=False)


def login(client, **fields):
    form = {"name": "Ana", "key": KEY, "next": "/edit/entities/person:hilda-clerk", **fields}
    return client.post("/login", data=form, follow_redirects=False)


def token_of(client, page):
    return re.search(r'name="token" value="(\w+)"', client.get(page).text)[1]


@pytest.fixture
def names(keyed, client):
    arrive(keyed, "a", "Hilda Clerk won the race on Sunday, said Tom Berg. Clerk smiled.")
    through(keyed)
    return client


def test_only_who_is_logged_in_sees_a_form_and_none_is_kept_by_a_cache(names):
    refused = names.get("/edit/entities/person:hilda-clerk", follow_redirects=False)
    assert refused.status_code == 303
    assert refused.headers["Location"] == "/login?next=/edit/entities/person%3Ahilda-clerk"
    wrong = login(names, key="another")
    assert wrong.status_code == 401
    assert "That is no key" in wrong.text
    assert "Set-Cookie" not in wrong.headers
    assert login(names, name=" ").status_code == 401
    led = login(names)
    assert (led.status_code, led.headers["Location"]) == (303, "/edit/entities/person:hilda-clerk")
    page = names.get("/edit/entities/person:hilda-clerk")
    assert page.headers["Cache-Control"] == "no-store"
    assert "Logged in as <bdi>Ana</bdi>" in page.text
    assert KEY not in page.text


def test_a_name_is_merged_and_that_is_taken_back_with_who_and_why(names, keyed):
    login(names)
    token = token_of(names, "/edit/entities/person:hilda-clerk")
    form = {"token": token, "subject": "entities", "kind": "merge", "entity": "person:tom-berg"}
    form |= {"into": "person:hilda-clerk", "note": "the same"}
    done = names.post("/decisions", data=form, follow_redirects=False)
    assert (done.status_code, done.headers["Location"]) == (303, "/edit/entities/person%3Atom-berg")
    ((decision,), _) = list_decisions(keyed)
    assert (decision.by, decision.note, decision.target) == ("Ana", "the same", "person:hilda-clerk")
    log = names.get("/decisions").text
    assert f'action="/decisions/{decision.n}/undo"' in log
    undone = names.post(f"/decisions/{decision.n}/undo", data={"token": token, "note": "no"}, follow_redirects=False)
    assert undone.status_code == 303
    ((decision,), _) = list_decisions(keyed)
    assert (decision.undone_by, decision.undone_note) == ("Ana", "no")
    assert names.post(f"/decisions/{decision.n}/undo", data={"token": token}).status_code == 400


def test_a_request_without_session_token_or_from_another_site_decides_nothing(names, keyed):
    form = {"subject": "entities", "kind": "hide", "entity": "person:tom-berg"}
    assert names.post("/decisions", data=form).status_code == 401
    login(names)
    token = token_of(names, "/decisions")
    assert names.post("/decisions", data=form).status_code == 403
    assert names.post("/decisions", data=form | {"token": "0" * 64}).status_code == 403
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert names.post("/decisions", data=form | {"token": token}, headers=foreign).status_code == 403
    assert names.post("/login", data={"name": "A", "key": KEY}, headers=foreign).status_code == 403
    assert list_decisions(keyed) == ([], [])
    assert names.post("/logout", data={"token": token}, follow_redirects=False).status_code == 303
    assert names.post("/decisions", data=form | {"token": token}).status_code == 401


def test_stories_and_copies_are_decided_on_too(keyed, client):
    tell(keyed, ("a", WIRE), ("c", OTHER), ("b", HARBOUR), ("d", CHOIR))
    through(keyed)
    login(client)
    page = client.get("/edit/stories/sa")
    assert page.status_code == 200
    assert 'name="articles" value="b"' in page.text
    token = token_of(client, "/decisions")
    rename = {"token": token, "subject": "stories", "kind": "rename", "story": "sa", "title": "The harbour"}
    assert client.post("/decisions", data=rename, follow_redirects=False).headers["Location"] == "/edit/stories/sa"
    assert client.post("/decisions", data=rename | {"title": ""}).status_code == 200
    split = {"token": token, "subject": "stories", "kind": "split", "story": "sa", "articles": ["b"]}
    assert client.post("/decisions", data=split, follow_redirects=False).status_code == 303
    join = {"token": token, "subject": "copies", "kind": "merge", "articles": ["a", "c"], "note": ""}
    assert client.post("/decisions", data=join, follow_redirects=False).headers["Location"] == "/edit/articles/a"
    assert 'name="articles" value="c"' in client.get("/edit/articles/a").text
    (decisions, _) = list_decisions(keyed)
    assert [(each.kind.value, each.by) for each in decisions] == [
        ("rename", "Ana"),
        ("rename", "Ana"),
        ("split", "Ana"),
        ("merge", "Ana"),
    ]


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"subject": "entities", "kind": "merge", "entity": "person:tom-berg"}, 400),
        ({"subject": "entities", "kind": "eat", "entity": "person:tom-berg"}, 400),
        ({"subject": "entities", "kind": "hide", "entity": "person:nobody"}, 404),
        ({"subject": "entities", "kind": "hide", "entity": "x\x00"}, 400),
        ({"subject": "weather", "kind": "hide"}, 400),
        ({"subject": "copies", "kind": "merge"}, 400),
        ({"subject": "entities", "kind": "hide", "entity": "person:tom-berg", "by": "Somebody else", "n": "1"}, 400),
    ],
)
def test_a_form_that_makes_no_sense_is_refused_in_a_line(names, form, status):
    login(names)
    answer = names.post("/decisions", data=form | {"token": token_of(names, "/decisions")})
    assert answer.status_code == status
    assert "Traceback" not in answer.text


def test_a_form_that_is_none_or_too_large_is_refused(names):
    login(names)
    assert names.post("/decisions", content=b"\xff=%zz").status_code == 400
    assert names.post("/decisions", content=b"a" * (1 << 19)).status_code == 413


def test_the_signature_is_the_sessions_whatever_a_form_says(names, keyed):
    login(names)
    form = {"subject": "entities", "kind": "hide", "entity": "person:tom-berg", "by": "Somebody else"}
    names.post("/decisions", data=form | {"token": token_of(names, "/decisions")})
    ((decision,), _) = list_decisions(keyed)
    assert decision.by == "Ana"


def test_behind_a_trusted_proxy_editors_need_no_key(context):
    settings = ServeSettings(editor_header="X-Forwarded-User", trusted_proxies=("10.0.0.1",))
    app = create_app(context, serve=settings)
    proxy = TestClient(app, base_url="http://localhost", client=("10.0.0.1", 5), headers={"X-Forwarded-User": "ana"})
    assert "Logged in as <bdi>ana</bdi>" in proxy.get("/decisions").text
    assert "Log out" not in proxy.get("/decisions").text
    other = TestClient(app, base_url="http://localhost", client=("10.0.0.2", 5), headers={"X-Forwarded-User": "ana"})
    assert "Logged in" not in other.get("/decisions").text
    assert "Nobody can log in with a key here" in other.get("/login").text
    assert other.post("/login", data={"name": "ana", "key": ""}).status_code == 401


def test_where_nobody_reads_without_a_key_who_is_logged_in_does(keyed):
    keyed.index.prepare()
    closed = ServeSettings(read_without_key="never")
    client = TestClient(create_app(keyed, serve=closed), base_url="http://localhost")
    refused = client.get("/stories?language=de")
    assert refused.status_code == 401
    assert 'href="/login?next=/stories%3Flanguage%3Dde"' in refused.text
    assert client.get("/login").status_code == client.get("/page.js").status_code == 200
    with keyed.store.write() as connection:
        key = keyed.store.api_keys.add(connection, "reader", [AccessScope.READ], keyed.clock())
    led = login(client, key=key, next="/stories?language=de")
    assert led.headers["Location"] == "/stories?language=de"
    assert client.get("/stories?language=de").status_code == 200
    assert client.get("/edit/entities/person:hilda-clerk").status_code in {403, 404}
    token = token_of(client, "/decisions")
    form = {"token": token, "subject": "entities", "kind": "hide", "entity": "person:tom-berg"}
    assert client.post("/decisions", data=form).status_code == 403
    assert client.post("/api/v1/entities/decisions", json={"kind": "hide", "entity": "x"}).status_code == 401
    assert client.post("/logout", data={"token": token}, follow_redirects=False).status_code == 303
    assert client.get("/stories").status_code == 401


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/edit/stories/s1", "/edit/stories/s1"),
        ("/?q=flood&sort=newest", "/?q=flood&sort=newest"),
        ("https://evil.example/", "/decisions"),
        ("//evil.example/edit/", "/decisions"),
        ("/\\evil.example", "/decisions"),
        ("/edit/\r\nSet-Cookie: a=b", "/decisions"),
        ("", "/decisions"),
    ],
)
def test_logging_in_leads_to_pages_of_ours_alone(path, place):
    assert safe_place(path) == place


def test_fields_left_empty_are_left_out_but_a_title_is_taken_back():
    form = {"token": ["t"], "subject": ["stories"], "kind": ["rename"], "note": [" "], "articles": ["a", "b"]}
    assert decision_fields(form) == {"kind": "rename", "title": None, "articles": ["a", "b"]}
