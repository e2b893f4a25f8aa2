"""The pages of copies: who printed a text first, who followed how much later, and what each changed."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from pipeline.web.app import create_app
from tests import test_web
from tests.helpers.arriving import arrive, change, through
from tests.helpers.copies import OTHER, WIRE
from tests.test_editorial_corrections import CORRECTED
from tests.test_web import NEWS, ORIGINAL, links, text_of

index, client = test_web.index, test_web.client


@pytest.fixture
def newsroom(context):
    """A service with an agency's text, two copies of it and another article."""
    arrive(context, "w1", WIRE, source="Coastwire", published=0.0)
    arrive(context, "a1", "PORT ANSEL - " + WIRE, source="Daily", seen=1.0, published=1.0)
    arrive(context, "a2", "\n".join(WIRE.split("\n")[:3]), source="Evening", seen=2.0, published=2.5)
    arrive(context, "b1", OTHER, source="Evening", seen=2.0)
    through(context)
    with TestClient(create_app(context), base_url="http://localhost") as client:
        yield client


def test_a_group_of_copies_says_who_was_first_and_how_it_spread(newsroom):
    (link,) = {link for link in links(newsroom.get("/?q=cranes").text) if link.startswith("/copies/")}
    assert "2 copies in 2 outlets" in text_of(newsroom.get("/?q=cranes").text)
    page = newsroom.get(link).text
    shown = text_of(page)
    assert "3 articles in 3 outlets" in shown
    assert "first in Coastwire" in shown
    assert "· 1 h later" in shown
    assert "the last 2 h 30 min later" in shown
    assert len(re.findall(r'<rect class="bar"', page)) == 3
    assert newsroom.get("/copies/unknown").status_code == 404


def test_two_articles_stand_side_by_side_with_what_they_share(newsroom):
    page = newsroom.get("/compare?one=a2&other=w1").text
    shown = text_of(page)
    assert "Coastwire was first, Evening 2 h 30 min later." in shown
    assert "<del>Transport minister" in page or "<del>The authority diverted" in page
    assert '<mark class="shared">The harbour authority' in page
    assert "100% of its words stand in the other one" in shown
    apart = text_of(newsroom.get("/compare?one=w1&other=b1").text)
    assert "no copies of each other" in apart
    assert "0% of its words" in apart


@pytest.mark.parametrize("query", ["", "?one=w1", "?one=w1&other=zz", "?one=%00&other=w1"])
def test_what_can_not_be_compared_is_a_page_that_says_so(newsroom, query):
    assert newsroom.get(f"/compare{query}").status_code in {400, 404}


def test_a_copy_that_still_has_the_corrected_sentence_says_so_wherever_it_is_shown(newsroom, context):
    assert "corrected sentence" not in newsroom.get("/").text
    change(context, "w1", CORRECTED)
    through(context)
    hit = newsroom.get("/?q=cranes")
    assert "2 still have a corrected sentence" in text_of(hit.text)
    copy = newsroom.get("/?q=cranes&source=Daily").text
    badge = next(link for link in links(copy) if link.startswith("/compare"))
    assert "still has the corrected sentence" in text_of(copy)
    compared = newsroom.get(badge).text
    assert "still has the corrected sentence" in text_of(compared)
    assert re.findall(r"<(?:del|ins)>(.*?)</(?:del|ins)>", compared.replace("\n", " "))
    group = next(link for link in links(hit.text) if link.startswith("/copies/"))
    assert "2 of them still have what was corrected" in text_of(newsroom.get(group).text)
    change(context, "a1", CORRECTED)
    through(context)
    assert "1 still has a corrected sentence" in text_of(newsroom.get("/?q=cranes").text)


def test_copies_are_shown_without_a_ledger_too(client):
    assert "2 articles in 2 outlets" in text_of(client.get(f"/copies/{ORIGINAL}").text)
    shown = client.get(f"/compare?one={ORIGINAL}&other={NEWS[1].id}").text
    assert "Evening Example was first" in text_of(shown)
    assert "<script>" not in shown
