"""Publishers' own systems hand in articles: whole or by address, again and again without harm."""

from __future__ import annotations

import json
import re

import pytest
from starlette.testclient import TestClient

from pipeline.editorial.explain import explain_name
from pipeline.records import Stage
from pipeline.web.app import create_app
from tests.helpers.newsstand import WORDS, newsstand, page
from tests.helpers.transactions import ask

KEY = {"Authorization": "Bearer s3cret"}
ARTICLE = {
    "url": "https://agency.example/bridge",
    "source": "Agency",
    "title": "Bridge to be mended",
    "text": WORDS,
    "authors": ["Ana Ruiz"],
    "published": "2026-11-20T10:00:00Z",
}


@pytest.fixture
def stand(tmp_path):
    with newsstand(tmp_path, api_key="s3cret") as made:
        yield made


@pytest.fixture
def client(stand):
    with TestClient(create_app(stand.context), base_url="http://localhost", raise_server_exceptions=False) as made:
        yield made


def send(client, sent, **headers):
    return client.post("/ingest", json=sent, headers={**KEY, **headers})


def test_an_article_that_is_sent_is_searchable_after_the_next_run_and_explained_by_its_id(stand, client):
    answer = send(client, ARTICLE)
    assert answer.status_code == 202
    assert answer.json()["status"] == "accepted"
    name = answer.json()["id"]
    assert client.get(f"/api/explain?address={name}").json()["item"]["stage"] == "dedupe"
    stand.run(poll=False)
    document = stand.context.index.get(name)
    assert (document.title, document.source, document.authors) == ("Bridge to be mended", "Agency", ("Ana Ruiz",))
    assert document.text == WORDS


def test_what_is_sent_twice_is_known_and_changes_nothing(stand, client):
    first = send(client, ARTICLE).json()
    assert send(client, ARTICLE).json() == {**first, "status": "known"}
    stand.run(poll=False)
    again = send(client, {**ARTICLE, "url": "http://www.agency.example/bridge/?utm_source=x"})
    assert again.json() == {**first, "status": "known"}
    assert stand.run(poll=False)[Stage.INDEX].taken == 0
    assert stand.context.index.count() == 1


def test_what_is_sent_with_another_text_is_the_next_version(stand, client):
    name = send(client, ARTICLE).json()["id"]
    stand.run(poll=False)
    answer = send(client, {**ARTICLE, "text": WORDS + "\nThe mayor regretted it."})
    assert answer.json() == {"id": name, "status": "changed", "code": 202}
    stand.run(poll=False)
    assert stand.context.index.get(name).version == 2
    assert explain_name(stand.context, name).versions[1].change.added == ("The mayor regretted it.",)


def test_a_correction_before_the_first_run_is_still_the_first_version(stand, client):
    name = send(client, ARTICLE).json()["id"]
    assert send(client, {**ARTICLE, "title": "Bridge to be torn down"}).json()["status"] == "changed"
    stand.run(poll=False)
    assert (stand.context.index.get(name).version, stand.context.index.get(name).title) == (1, "Bridge to be torn down")


def test_an_address_that_is_sent_is_fetched(stand, client):
    stand.site.page("/x", page("Museum opens on Sunday", "The museum opens its doors on Sunday at ten. " * 4))
    name = send(client, {"url": stand.site.url("/x"), "source": "Outlet"}).json()["id"]
    assert send(client, {"url": stand.site.url("/x?utm_medium=mail")}).json()["status"] == "known"
    stand.run(poll=False)
    assert stand.context.index.get(name).title == "Museum opens on Sunday"


def test_an_article_whose_page_could_not_be_fetched_can_be_sent_whole(stand, client):
    stand.site.page("/x", status=404)
    name = send(client, {"url": stand.site.url("/x")}).json()["id"]
    stand.run(poll=False)
    assert send(client, {**ARTICLE, "url": stand.site.url("/x")}).json() == {
        "id": name,
        "status": "changed",
        "code": 202,
    }
    stand.run(poll=False)
    assert stand.context.index.get(name).text == WORDS


def test_an_article_without_an_address_is_known_by_its_publishers_id_or_by_its_text(client):
    plain = {key: value for key, value in ARTICLE.items() if key != "url"}
    one = send(client, {**plain, "id": "story-1"}).json()
    assert send(client, {**plain, "id": "story-1", "title": "Another"}).json()["id"] == one["id"]
    assert send(client, {**plain, "id": "story-1", "source": "Others"}).json()["id"] != one["id"]
    by_text = send(client, plain).json()
    assert send(client, plain).json() == {**by_text, "status": "known"}


def test_several_are_answered_one_by_one_and_the_bad_ones_cost_only_themselves(stand, client):
    sent = [ARTICLE, {"tittle": "x", "text": "y"}, "nonsense", {"title": "no text"}, {**ARTICLE, "url": "ftp://x"}]
    answer = send(client, sent)
    assert answer.status_code == 202
    codes = [one["code"] for one in answer.json()["items"]]
    assert codes == [202, 422, 422, 422, 422]
    errors = [one.get("error", "") for one in answer.json()["items"][1:]]
    for error, words in zip(errors, ["did you mean 'title'", "JSON object", "text", "not an http"], strict=True):
        assert words in error
    stand.run(poll=False)
    assert stand.context.index.count() == 1


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({**ARTICLE, "published": "yesterday"}, "ISO 8601"),
        ({**ARTICLE, "authors": "Ana"}, "authors"),
        ({**ARTICLE, "text": " "}, "text"),
        ({**ARTICLE, "url": 7}, "url is a string"),
        ({**ARTICLE, "source": ["x"]}, "source"),
        ({"url": "nonsense"}, "not an http"),
        ({"url": "https://a.example/", "title": 1}, "strings"),
        ({**ARTICLE, "from_feed": True}, "unknown field 'from_feed'"),
        ({"id": True, "text": WORDS}, "id is a string"),
        ({}, "text"),
    ],
)
def test_what_cannot_be_taken_in_is_a_422_that_says_why(client, sent, words):
    answer = send(client, sent)
    assert answer.status_code == 422
    assert words in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{", "not JSON"),
        ("7", "JSON object"),
        ("[]", "1 to 500"),
        (json.dumps([1] * 501), "501"),
        (b"\xff", "not JSON"),
    ],
)
def test_a_body_that_is_no_article_is_a_400(client, body, words):
    answer = client.post("/ingest", content=body, headers=KEY)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_a_body_that_is_too_large_is_a_413(client, stand):
    answer = send(client, {**ARTICLE, "text": "x" * stand.context.settings.extract.max_bytes})
    assert answer.status_code == 413


def test_without_the_key_nothing_is_written(stand, client):
    answer = client.post("/ingest", json=ARTICLE)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "API key" in answer.json()["error"]
    assert ask(stand.context.store).ledger.find_article(ARTICLE["url"]) is None


def test_an_article_that_is_being_worked_on_is_a_409_that_says_when_to_come_back(stand, client):
    send(client, ARTICLE)
    ask(stand.context.store).ledger.claim(Stage.DEDUPE, stand.now, limit=1, seconds=60)
    answer = send(client, {**ARTICLE, "title": "Other"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (409, "60")


def test_an_article_that_was_taken_down_is_a_410(stand, client):
    name = send(client, ARTICLE).json()["id"]
    item = ask(stand.context.store).ledger.find_article(name)
    ask(stand.context.store).admin.remove_articles([item], stand.now)
    assert send(client, ARTICLE).status_code == 410
    assert send(client, {"url": ARTICLE["url"]}).status_code == 410


def test_what_was_handed_in_is_told_as_such(stand, client):
    name = send(client, ARTICLE).json()["id"]
    (event,) = explain_name(stand.context, name).history
    assert (event.stage, event.outcome, event.detail) == ("poll", "done", "handed in")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"rights": ["noindex"]}, "not to be indexed: its rights say noindex"),
        ({"image": "javascript:alert(1)"}, "bad record: image is not an http or https address"),
        ({"canonical_url": "//agency.example"}, "bad record: canonical_url is not an http or https address"),
    ],
)
def test_what_may_not_be_indexed_or_shown_is_refused(stand, client, more, why):
    answer = send(client, ARTICLE | more)
    assert (answer.status_code, answer.json()["error"]) == (422, why)
    assert ask(stand.context.store).ledger.find_article(ARTICLE["url"]) is None


BAD_ADDRESSES = [
    "javascript:alert(1)",
    "file:///etc/passwd",
    "ftp://agency.example/1",
    "data:text/html,x",
    "http://[::1",
    "http://a b/",
    "http://agency.example:99999/",
    "http://agency.example/" + "a" * 300_000,
]


@pytest.mark.parametrize("url", BAD_ADDRESSES)
def test_what_is_no_address_is_refused_with_a_reason(client, url):
    for sent in ({**ARTICLE, "url": url}, {"url": url}, {**ARTICLE, "image": url}, {**ARTICLE, "canonical_url": url}):
        answer = send(client, sent)
        assert answer.status_code == 422
        assert "address" in answer.json()["error"]
        assert len(answer.content) < 1000


@pytest.mark.parametrize("url", ["http://agency.example/\0", "http://agency.example/a\nb", "http://agency.exa\tmple/"])
def test_an_address_with_control_characters_is_refused(client, url):
    assert send(client, {**ARTICLE, "url": url}).status_code == 422
    assert send(client, {"url": url}).status_code == 422


def test_a_password_in_an_address_is_neither_kept_nor_shown(stand, client):
    links = {"canonical_url": "https://a:pw2@agency.example/c", "image": "https://a:pw3@agency.example/i"}
    name = send(client, {**ARTICLE, **links, "url": "http://user:pw1@agency.example/bridge"}).json()["id"]
    assert name == send(client, ARTICLE).json()["id"]
    only = send(client, {"url": "http://user:pw4@agency.example/x"}).json()["id"]
    refused = send(client, {"url": "ftp://user:pw5@agency.example/x"})
    stand.run(poll=False)
    shown = [client.get(f"/api/explain?address={key}").text for key in (name, only)]
    shown += [client.get(f"/articles/{name}").text, client.get("/api/search").text, refused.text]
    assert not re.search(r"pw\d", "".join(shown))
    assert stand.context.index.get(name).url == "http://agency.example/bridge"


def test_control_characters_are_cut_out_of_what_is_sent(stand, client):
    fields = {"title": "Flood a\0b headline", "authors": ["Ana\x1b Ruiz"], "tags": ["a\0"], "text": f"\x07{WORDS}\0"}
    name = send(client, {**ARTICLE, **fields}).json()["id"]
    stand.run(poll=False)
    document = stand.context.index.get(name)
    assert (document.title, document.authors, document.text) == ("Flood ab headline", ("Ana Ruiz",), WORDS)
    assert send(client, {**ARTICLE, "source": "A\0B"}).status_code == 422
    assert send(client, {**ARTICLE, "text": "\0\x01"}).status_code == 422


def test_any_json_is_an_answer_below_500(client):
    bodies = [
        b"[" * 200_000 + b"]" * 200_000,
        b'{"a":' * 200_000,
        b'{"text": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'"\\ud800"',
        b'{"text": "\\ud800"}',
        b"NaN",
        b'{"embargoed": 5, "text": "a"}',
        b'{"embargoed": {}, "text": "a"}',
        b"\xff\xfe",
        b'{"id": ' + b"9" * 5000 + b', "text": "a"}',
        b'{"id": ' + b"9" * 400 + b', "text": "a"}',
        b'{"id": 1e300, "text": "a"}',
        b"",
        b"null",
        b"[]",
        b"[null, 1, []]",
    ]
    for body in bodies:
        answer = client.post("/ingest", content=body, headers=KEY)
        assert 400 <= answer.status_code < 500, body[:40]
        assert client.post("/api/copies/decisions", content=body, headers=KEY).status_code == 400


def test_a_body_that_says_that_it_is_too_large_is_refused_before_it_comes(client):
    answer = client.post("/ingest", content=iter([b"x"]), headers={**KEY, "Content-Length": "1000000000"})
    assert answer.status_code == 413
