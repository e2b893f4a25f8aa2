"""Pages of saved searches: all read what is looked for; editors save, change, pause, remove and try again."""

from __future__ import annotations

import re

import msgspec
import pytest
from starlette.testclient import TestClient

from pipeline.alert_records import DeliveryState
from pipeline.notifiers import NotifierError, send_waiting
from pipeline.saved_searches import find_search
from pipeline.saved_searches.matching import match_changes
from pipeline.search_records import DigestRhythm, MatchScope
from pipeline.web.app import create_app
from tests.helpers.searching import Clock, open_program, publish
from tests.test_saved_searches_matching import SETTINGS

KEY = "a key"
HOOK = "https://hooks.example.org/new"


@pytest.fixture
def context(tmp_path, monkeypatch):
    monkeypatch.setenv("NEWSWIRE_SEARCHES_KEY", "sixteen-characters-and-more")
    with open_program(tmp_path, Clock(), SETTINGS) as program:
        program.environment = msgspec.structs.replace(program.environment, api_key=KEY)
        yield program


@pytest.fixture
def stranger(context):
    return TestClient(create_app(context), base_url="http://localhost", raise_server_exceptions=False)


@pytest.fixture
def editor(context):
    client = TestClient(create_app(context), base_url="http://localhost", raise_server_exceptions=False)
    client.post("/login", data={"name": "Ana", "key": KEY, "next": "/"}, follow_redirects=False)
    return client


def fields_of(page):
    """Return what a browser would send of a form as it is shown."""
    form = re.search(r'<form class="decide wide".*?</form>', page, re.DOTALL)[0]
    fields = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*?value="([^"]*)"', form))
    for name, options in re.findall(r'<select name="(\w+)">(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="(\w+)" selected', options) or re.search(r'value="(\w+)"', options)
        fields[name] = chosen[1]
    return fields


def test_a_search_of_the_page_is_saved_as_it_stands_there(editor, context):
    publish(context, "a1", "The flood came.")
    page = editor.get("/", params={"q": "flood", "source": "Daily", "exclude": "language:de", "last": "30d"}).text
    link = re.search(r'href="(/searches/new[^"]*)"', page)[1].replace("&amp;", "&")
    form = editor.get(link)
    assert form.headers["Cache-Control"] == "no-store"
    fields = fields_of(form.text)
    assert (fields["name"], fields["q"], fields["filter"], fields["exclude"]) == (
        "flood", "flood", "source:Daily", "language:de"
    )  # fmt: skip
    saved = editor.post("/searches", data=fields, follow_redirects=False)
    assert saved.status_code == 303
    search = find_search(context, "flood").search
    assert saved.headers["Location"] == f"/searches/{search.id}"
    assert (search.filters, search.exclude, search.scope) == (
        {"source": ("Daily",)}, {"language": ("de",)}, MatchScope.ORIGINAL
    )  # fmt: skip
    shown = editor.get(f"/searches/{search.id}").text
    assert "Title of a1" in shown
    for form in ("atom", "json"):
        assert f"/searches/{search.id}.{form}" in shown
    assert f'href="/searches/{search.id}"' in editor.get("/searches").text


def test_the_key_of_a_webhook_is_shown_once_and_its_address_to_editors_alone(editor, stranger, context):
    token = fields_of(editor.get("/searches/new").text)["token"]
    form = {"token": token, "name": "floods", "q": "flood", "each": "article", "webhook": HOOK, "mail": "a@b.example"}
    saved = editor.post("/searches", data=form)
    assert "whsec_" in saved.text
    assert saved.headers["Cache-Control"] == "no-store"
    search = find_search(context, "floods").search
    assert "whsec_" not in editor.get(f"/searches/{search.id}").text
    assert HOOK in editor.get(f"/searches/{search.id}").text
    for path in ("/searches", f"/searches/{search.id}"):
        page = stranger.get(path).text
        assert "floods" in page
        assert not re.search(r"hooks\.example|a@b\.example|whsec|<form class=\"decide", page)
    login = stranger.get(f"/searches/{search.id}/edit", follow_redirects=False)
    assert login.headers["Location"] == f"/login?next=/searches/{search.id}/edit"
    again = stranger.get("/searches/new?q=a+b&source=Daily", follow_redirects=False)
    assert again.headers["Location"] == "/login?next=/searches/new%3Fq%3Da%2Bb%26source%3DDaily"


def test_a_search_is_changed_rests_goes_on_and_is_removed(editor, context):
    token = fields_of(editor.get("/searches/new").text)["token"]
    editor.post("/searches", data={"token": token, "name": "floods", "q": "flood", "webhook": HOOK})
    search = find_search(context, "floods").search
    fields = fields_of(editor.get(f"/searches/{search.id}/edit").text)
    assert (fields["webhook"], fields["each"]) == (HOOK, "article")
    changed = fields | {"name": "waters", "each": "story", "mail": "a@b.example, c@d.example", "digest": "daily"}
    assert "whsec_" not in editor.post(f"/searches/{search.id}", data=changed).text
    now = find_search(context, "waters").search
    assert (now.id, now.scope, now.mail, now.digest) == (
        search.id, MatchScope.STORY, ("a@b.example", "c@d.example"), DigestRhythm.DAILY
    )  # fmt: skip
    for paused in (True, False):
        sent = {"token": token, "paused": str(paused).lower()}
        assert editor.post(f"/searches/{search.id}/pause", data=sent, follow_redirects=False).status_code == 303
        assert find_search(context, "waters").search.paused is paused
    assert editor.post(f"/searches/{search.id}/remove", data={"token": token}).status_code == 200
    assert editor.get(f"/searches/{search.id}").status_code == 404
    assert editor.post(f"/searches/{search.id}", data=changed).status_code == 404


def test_what_can_not_be_saved_comes_back_with_what_was_typed_and_why(editor):
    token = fields_of(editor.get("/searches/new").text)["token"]
    form = {"token": token, "name": "floods", "q": "flood (dam", "webhook": "http://10.0.0.5/"}
    answer = editor.post("/searches", data=form)
    assert answer.status_code == 400
    assert "10.0.0.5 is not public" in answer.text
    assert 'value="flood (dam"' in answer.text
    assert "character 7" in editor.post("/searches", data=form | {"webhook": ""}).text
    assert editor.post("/searches", data={"token": token, "name": "x", "each": "thing"}).status_code == 400


def test_messages_that_were_given_up_are_tried_again_those_of_this_search_alone(editor, context):
    token = fields_of(editor.get("/searches/new").text)["token"]
    for name in ("floods", "others"):
        editor.post("/searches", data={"token": token, "name": name, "q": "flood", "webhook": HOOK})
    publish(context, "a1", "The flood came.")
    match_changes(context)

    class Deaf:
        def send(self, message):
            raise NotifierError("it answers 410", is_final=True)

    searches = [find_search(context, name).search for name in ("floods", "others")]
    send_waiting(context.store, {search.webhook_name: Deaf() for search in searches}, context.clock)
    page = editor.get(f"/searches/{searches[0].id}").text
    assert "1 message was not taken, and given up" in page
    assert "it answers 410" in page
    assert "1 not delivered" in editor.get("/searches").text
    editor.post(f"/searches/{searches[0].id}/resend", data={"token": token})
    with context.store.read() as connection:
        states = {
            each.notifier: each.state
            for each in context.store.deliveries.list_deliveries(connection, list(DeliveryState))
        }
    assert states == {searches[0].webhook_name: DeliveryState.WAITING, searches[1].webhook_name: DeliveryState.DEAD}


def test_nothing_is_changed_without_session_token_or_from_another_site(editor, stranger, context):
    token = fields_of(editor.get("/searches/new").text)["token"]
    editor.post("/searches", data={"token": token, "name": "floods", "q": "flood"})
    place = f"/searches/{find_search(context, 'floods').search.id}"
    for path in ("/searches", place, f"{place}/pause", f"{place}/remove", f"{place}/resend"):
        form = {"name": "x", "paused": "true"}
        assert stranger.post(path, data=form | {"token": token}).status_code == 401
        assert editor.post(path, data=form).status_code == 403
        foreign = {"Sec-Fetch-Site": "cross-site"}
        assert editor.post(path, data=form | {"token": token}, headers=foreign).status_code == 403
    search = find_search(context, "floods").search
    assert (search.text, search.paused) == ("flood", False)
