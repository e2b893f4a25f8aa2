"""A search line is read aloud, completed and, where it can't be read, kept to be mended."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from pipeline.errors import UsageError
from pipeline.index import open_index
from pipeline.settings import IndexSettings
from pipeline.web.app import create_search_app
from pipeline.web.search_params import parse_search_params
from tests.helpers.query_corpus import corpus


@pytest.fixture(scope="module", name="client")
def _client(tmp_path_factory):
    index = open_index(f"sqlite:///{tmp_path_factory.mktemp('index')}/index.db", IndexSettings())
    index.prepare()
    assert index.upsert(corpus()) == []
    with TestClient(create_search_app(index), base_url="http://localhost") as client:
        yield client
    index.close()


def test_an_answer_says_how_the_line_was_read(client):
    answer = client.get("/api/search", params={"q": "flood sourc:Northwire NOT dam"}).json()
    assert answer["understood"] == 'flood AND "sourc:Northwire" AND NOT dam'
    [warning] = answer["warnings"]
    assert warning["position"] == 7
    assert "did you mean source?" in warning["message"]
    page = client.get("/", params={"q": "flood sourc:Northwire"}).text
    assert "Read as" in page
    assert "did you mean source?" in page
    assert "Read as" not in client.get("/", params={"q": "flood dam"}).text
    assert "Read as" in client.get("/", params={"q": "flood dam OR water"}).text
    assert "Read as" not in client.get("/", params={"q": "flood NOT dam"}).text


def test_a_line_that_cannot_be_read_is_a_400_that_names_the_character_and_stays_in_the_form(client):
    answer = client.get("/api/search", params={"q": "flood (dam"})
    assert answer.status_code == 400
    assert "character 7" in answer.json()["error"]
    page = client.get("/", params={"q": "flood (dam"})
    assert page.status_code == 400
    assert 'value="flood (dam"' in page.text
    assert "character 7" in page.text


def test_a_million_words_are_a_400(client):
    assert client.get("/api/search", params={"q": "a " * 10_000}).status_code == 400
    with pytest.raises(UsageError, match="q: expected"):  # longer than any request's head
        parse_search_params([("q", "a " * 1_000_000)])


def test_what_finds_nothing_is_respelt_on_the_page(client):
    page = client.get("/", params={"q": "flod", "match": "any"}).text
    assert 'Did you mean <a href="/?q=flood&amp;match=any"><bdi>flood</bdi></a>?' in page


def test_any_of_the_words_is_enough_if_asked_for(client):
    assert client.get("/api/search", params={"q": "flood zzz"}).json()["total"] == 0
    answer = client.get("/api/search", params={"q": "flood zzz", "match": "any", "fresh": "true"}).json()
    assert answer["total"] > 0
    assert answer["understood"] == "flood OR zzz"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("flood peo", {"field": "people", "value": None, "count": None, "line": "people:"}),
        ("flood people:sou", {"field": "people", "value": "Ana Sousa", "line": 'people:"Ana Sousa"'}),
        ("dai", {"field": "source", "value": "Daily Example", "line": 'source:"Daily Example"'}),
        ("flood ", None),
        ("(", None),
    ],
)
def test_a_line_is_completed(client, line, expected):
    completions = client.get("/api/complete", params={"q": line}).json()
    assert (completions == []) if expected is None else (expected.items() <= completions[0].items())
