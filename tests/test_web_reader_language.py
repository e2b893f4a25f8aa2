"""Pages and answers call names as their reader does, and say what that depends on."""

from __future__ import annotations

import html
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from pipeline.index import open_index
from pipeline.records import Article
from pipeline.settings import IndexSettings
from pipeline.web.app import create_search_app
from pipeline.web.reader_language import choose_language, main_language
from tests.helpers import support

KNOWN = frozenset({"de", "fr", "no"})


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        ("", "", ""),
        ("de", "fr", "de"),
        ("pt-BR", "", "pt"),
        ("!", "fr", "fr"),
        ("", "de-AT,de;q=0.9,en;q=0.5", "de"),
        ("", "en-GB,en;q=0.9,de;q=0.8", "en"),
        ("", "de;q=0.3, fr ; q=0.7", "fr"),
        ("", "de;q=0,fr;q=0.1", "fr"),
        ("", "tlh,nb;q=0.5", "no"),
        ("", "*", ""),
        ("", "de;q=oh,xx", ""),
    ],
)
def test_the_language_that_is_asked_for_comes_before_the_browsers(asked, accepted, language):
    assert choose_language(asked, accepted, KNOWN) == language


@given(st.text(), st.text(alphabet="deEfr-_;q=0.1 ,*"))
def test_whatever_a_browser_sends_a_language_or_none_is_chosen(asked, accepted):
    language = choose_language(asked, accepted, KNOWN)
    assert language in {main_language(asked), "", "en", *KNOWN}


@pytest.fixture(scope="module", name="client")
def _client(tmp_path_factory):
    index = open_index(f"sqlite:///{tmp_path_factory.mktemp('index')}/index.db", IndexSettings())
    index.prepare()
    article = Article(id=f"{1:020x}", title="Rain", text="It rains.", language="de")
    document = msgspec.structs.replace(support.document(article), places=("Vienna",), countries=("AT",), source="Daily")
    assert index.upsert([document]) == []
    with TestClient(create_search_app(index), base_url="http://localhost") as client:
        yield client
    index.close()


def text_of(answer):
    assert answer.status_code == 200, answer.text
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", answer.text)))


@pytest.mark.parametrize("path", ["/", f"/articles/{1:020x}", "/facets/places"])
def test_a_page_names_places_in_the_language_of_its_reader(client, path):
    assert "Wien" in text_of(client.get(path, params={"lang": "de"}))
    assert "Wien" in text_of(client.get(path, headers={"Accept-Language": "de-AT,en;q=0.5"}))
    assert "Vienna" in text_of(client.get(path, headers={"Accept-Language": "en,de;q=0.5"}))
    assert "Vienna" in text_of(client.get(path))


def test_codes_have_their_names_in_the_readers_language_too(client):
    shown = text_of(client.get("/", params={"lang": "de"}))
    assert "Österreich" in shown
    assert "Deutsch" in shown


def test_a_facet_leads_on_by_the_usual_value_in_the_same_language(client):
    page = client.get("/", params={"lang": "de"}).text
    link = next(link for link in re.findall(r'href="([^"]*places=[^"]*)"', page) if "exclude" not in link)
    assert html.unescape(link) == "/?lang=de&places=Vienna"
    assert "1 result" in text_of(client.get(html.unescape(link)))


def test_caches_are_told_that_a_page_depends_on_the_browsers_language(client):
    page = client.get("/", headers={"Accept-Language": "de"})
    assert "Accept-Language" in page.headers["Vary"]
    unchanged = client.get("/", headers={"Accept-Language": "de", "If-None-Match": page.headers["ETag"]})
    assert unchanged.status_code == 304
    assert "Accept-Language" in unchanged.headers["Vary"]
    assert client.get("/", headers={"If-None-Match": page.headers["ETag"]}).status_code == 200
    assert "Accept-Language" not in client.get("/api/v1/search").headers.get("Vary", "")


def test_the_api_gives_labels_in_the_language_that_is_asked_for_and_no_other(client):
    params = {"facets": "places,countries,source"}
    facets = client.get("/api/v1/search", params=params | {"lang": "de"}).json()["facets"]
    assert facets["places"] == [{"value": "Vienna", "count": 1, "label": "Wien"}]
    assert facets["countries"] == [{"value": "AT", "count": 1, "label": "Österreich"}]
    assert facets["source"] == [{"value": "Daily", "count": 1, "label": "Daily"}]
    plain = client.get("/api/v1/search", params=params, headers={"Accept-Language": "de"}).json()["facets"]
    assert plain["places"] == [{"value": "Vienna", "count": 1}]


def test_a_language_that_is_none_is_refused_by_the_api(client):
    answer = client.get("/api/v1/search", params={"lang": "deutsch!"})
    assert answer.status_code == 400
    assert "lang" in answer.json()["detail"]
