"""What readers see of names, stories, corrections and versions: pages over a ledger."""

from __future__ import annotations

import html
import re

import pytest
from starlette.testclient import TestClient

from pipeline.decisions import DecisionAuthor
from pipeline.editorial.entities import hide_entity, merge_entities, rename_entity
from pipeline.web.app import create_app
from tests.helpers.arriving import arrive, change, through
from tests.helpers.copies import WIRE

ANA = DecisionAuthor(name="Ana", note="it is so")


def text_of(answer):
    assert answer.status_code == 200, answer.text
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", answer.text)))


@pytest.fixture
def client(context):
    return TestClient(create_app(context), base_url="http://localhost", raise_server_exceptions=False)


@pytest.fixture
def names(context, client):
    """A service whose ledger has three articles that name Hilda Clerk, two of them with Tom Berg."""
    texts = (
        "Hilda Clerk won the race in Paris on Sunday, said Tom Berg. Clerk smiled.",
        "Tom Berg thanked Hilda Clerk for a race that nobody in Berlin will forget.",
        "Hilda Clerk rests in Vienna, where it rains.",
    )
    for number, text in enumerate(texts):
        arrive(context, f"a{number}", text, seen=number, published=24.0 * number)
    through(context)
    return client


def test_a_name_has_a_page_that_shows_when_with_whom_where_and_how_it_is_written(names):
    page = names.get("/entities/person:hilda-clerk")
    shown = text_of(page)
    assert "Person Hilda Clerk" in shown
    assert "3 articles" in shown
    assert re.search(r"With people Tom Berg 2", shown)
    assert "Daily 3" in shown
    assert re.search(r"How it is written .* Hilda Clerk", shown)
    assert page.text.count("<rect") >= 3
    day = next(link for link in re.findall(r'href="([^"]*since=[^"]*)"', page.text))
    assert "1 result" in text_of(names.get(html.unescape(day)))


def test_a_name_stands_with_those_alone_that_its_own_articles_name(names, context):
    arrive(context, "b1", "Ana Sousa met Rui Costa in Rome on Monday, said Ana Sousa.", seen=9)
    through(context)
    assert "Ana Sousa" in text_of(names.get("/entities/person:rui-costa"))
    shown = text_of(names.get("/entities/person:hilda-clerk"))
    assert "Tom Berg" in shown
    assert "Ana Sousa" not in shown


def test_a_name_is_shown_as_the_reader_calls_it_with_its_usual_one(names):
    [entity] = [row for row in names.get("/api/v1/entities?text=Vienna&lang=de").json() if row["name"] == "Vienna"]
    assert entity["label"] == "Wien"
    shown = text_of(names.get(f"/entities/{entity['id']}?lang=de"))
    assert "Wien usually Vienna" in shown
    assert "usually" not in text_of(names.get(f"/entities/{entity['id']}"))
    assert "Wien" in text_of(names.get("/entities?text=Vienna", headers={"Accept-Language": "de"}))
    answer = names.get(f"/api/v1/entities/{entity['id']}?lang=de").json()
    assert (answer["entity"]["name"], answer["label"]) == ("Vienna", "Wien")
    assert "label" not in names.get(f"/api/v1/entities/{entity['id']}").json()


def test_names_are_found_by_a_part_of_them_and_by_kind(names):
    shown = text_of(names.get("/entities?text=clerk&kind=PERSON"))
    assert "Hilda Clerk" in shown
    assert "Tom Berg" not in shown
    assert "No name here holds that" in text_of(names.get("/entities?text=zzz"))
    assert names.get("/entities?kind=ANIMAL").status_code == 400
    assert names.get("/entities/person:nobody").status_code == 404


def test_a_name_that_editors_merged_or_hid_says_so(names, context):
    merge_entities(context, "person:tom-berg", "person:hilda-clerk", ANA)
    led = names.get("/entities/person:tom-berg", follow_redirects=False)
    assert (led.status_code, led.headers["Location"]) == (307, "/entities/person%3Ahilda-clerk")
    rename_entity(context, "person:hilda-clerk", "Hilda <b>Clerk</b>", ANA)
    assert "&lt;b&gt;" in names.get("/entities/person:hilda-clerk").text
    hide_entity(context, "person:hilda-clerk", ANA)
    assert "Editors have hidden this name" in text_of(names.get("/entities/person:hilda-clerk"))


def test_an_article_marks_its_names_and_the_words_of_the_search(names):
    page = names.get("/articles/a0?q=race+-rain").text
    assert '<a class="name" href="/entities/person%3Ahilda-clerk">Hilda Clerk</a>' in page
    assert '<span class="name">Clerk</span>' in page
    assert "<mark>race</mark>" in page
    assert names.get("/articles/a0/cite.bib").text.startswith("@article{newswire-a0,")
    ris = names.get("/articles/a0/cite.ris")
    assert ris.headers["Content-Disposition"] == 'attachment; filename="a0.ris"'
    assert names.get("/articles/nothing/cite.bib").status_code == 404


def test_stories_are_listed_and_an_empty_index_says_so(names, client):
    assert client.get("/stories?language=xx").status_code == 200
    assert "as of" in text_of(names.get("/stories"))


def test_a_correction_is_shown_with_the_copies_that_still_have_it(context, client):
    assert "None in this time" in text_of(client.get("/corrections"))
    arrive(context, "a1", WIRE, agency="AP")
    arrive(context, "a2", "\n".join(WIRE.split("\n")[:2]), source="Evening", seen=1.5)
    through(context)
    change(context, "a1", WIRE.replace("six cranes", "five cranes"))
    through(context)
    page = client.get("/corrections?days=31")
    assert "<del>six</del> <ins>five</ins>" in page.text
    assert "1 outlet still has it as it stood" in text_of(page)
    assert "/articles/a2" in page.text
    assert client.get("/corrections?days=500").status_code == 422
    versions = client.get("/articles/a1/versions")
    assert "2 versions of the text" in text_of(versions)
    assert "<del>six</del> <ins>five</ins>" in versions.text
    assert "the first" in text_of(client.get("/articles/a2/versions")).lower()
    assert client.get("/articles/nothing/versions").status_code == 404
