"""What editors read over HTTP: copy groups, corrections, stories and entities."""

from __future__ import annotations

import datetime as dt

import pytest
from starlette.testclient import TestClient

from pipeline.records import Stage
from pipeline.stages import run_one
from pipeline.web.app import create_app
from tests.helpers.arriving import NOW, arrive, through
from tests.helpers.copies import OTHER, WIRE
from tests.test_cluster import CHOIR, HARBOUR
from tests.test_editorial_stories import tell

ADDRESS = "https://evening.example/a2"


@pytest.fixture
def client(context):
    """A service that knows no key, over a ledger that the test fills."""
    return TestClient(create_app(context), base_url="http://localhost", raise_server_exceptions=False)


@pytest.fixture
def copies(context, client):
    """A service whose ledger knows a text, and a copy of its beginning."""
    arrive(context, "a1", WIRE, agency="AP")
    arrive(context, "a2", "\n".join(WIRE.split("\n")[:2]), source="Evening", seen=1.5)
    run_one(context, Stage.DEDUPE)
    return client


@pytest.fixture
def stories(context, client):
    """A service whose ledger has two stories: sa of the articles a and b, sc of c and d."""
    tell(context, ("a", WIRE), ("c", OTHER), ("b", HARBOUR), ("d", CHOIR))
    return client


@pytest.fixture
def entities(context, client):
    """A service whose ledger has an article with two people."""
    arrive(context, "a", "Hilda Clerk won the race on Sunday, said Tom Berg. Clerk smiled.")
    through(context)
    return client


def test_a_group_is_told_by_the_id_or_the_address_of_an_article(copies):
    shown = copies.get("/api/copies/a2").json()
    assert (shown["group"], shown["lead"]["primary"], shown["lead"]["agency"]) == ("a1", "a1", "AP")
    assert [(one["id"], one["source"]) for one in shown["members"]] == [("a1", "Daily"), ("a2", "Evening")]
    assert (shown["copies"][1]["kind"], shown["copies"][1]["behind"]) == ("truncated", 90)
    assert copies.get("/api/copies", params={"address": ADDRESS}).json() == shown


def test_an_article_that_dedupe_has_not_decided_on_is_in_no_group(copies, context):
    arrive(context, "c1", WIRE, seen=9.0)
    assert copies.get("/api/copies/c1").json()["group"] is None


def test_two_articles_are_compared_whichever_is_named_first(copies):
    for first, second in ((ADDRESS, "a1"), ("a1", "a2")):
        compared = copies.get("/api/copies/compare", params={"one": first, "other": second}).json()
        assert (compared["earlier"], compared["later"], compared["verdict"]) == ("a1", "a2", "copy")


def test_corrections_tell_who_still_says_what_was_corrected_and_all_of_them_what_nobody_does(copies, context):
    assert copies.get("/api/corrections").json() == []
    corrected = WIRE.replace("six cranes", "five cranes").replace("three ships", "four ships")
    arrive(context, "a3", corrected, seen=3.0)  # the first outlet's own text under another address
    run_one(context, Stage.DEDUPE)
    (told,) = copies.get("/api/corrections").json()
    assert ("six cranes" in told["old"], "five cranes" in told["new"]) == (True, True)
    assert [one["url"] for one in told["copies"]] == [ADDRESS]
    assert [len(one["copies"]) for one in copies.get("/api/corrections?all=true").json()] == [1, 0]
    assert copies.get("/api/corrections", params={"since": NOW + dt.timedelta(hours=1)}).json() == []


def test_stories_are_listed_with_their_sizes_as_many_as_asked_for(stories):
    assert [(one["facts"]["id"], one["size"]) for one in stories.get("/api/stories").json()] == [("sc", 2), ("sa", 2)]
    assert len(stories.get("/api/stories?limit=1&largest=true").json()) == 1
    assert stories.get("/api/stories?since=2999-01-01").json() == []


def test_entities_are_found_by_name_and_type(entities):
    assert [e["id"] for e in entities.get("/api/entities?text=clerk").json()] == ["person:hilda-clerk"]
    assert entities.get("/api/entities?text=clerk&kind=ORG").json() == []


def test_an_entity_is_shown_with_its_forms_and_articles(entities):
    shown = entities.get("/api/entities/person:hilda-clerk").json()
    assert shown["articles"] == ["a"]
    assert [w["surface"] for w in shown["written"]] == ["Hilda Clerk"]


@pytest.mark.parametrize(
    ("path", "status", "why"),
    [
        ("copies/nobody", 404, "nobody: no article with this address or id is known"),
        ("copies?address=https://nobody.example/", 404, "no article"),
        ("corrections?since=soon", 400, "since: 'soon' is not a day or time"),
        ("corrections?since=2020-01-01", 400, "since: at most 31 days ago"),
        ("stories/s-nobody/changes", 404, "s-nobody: no story has or had this id"),
        ("stories?limit=0", 400, "limit: from 1 to 1000"),
        ("stories?since=soon", 400, "since: 'soon' is not a day or time"),
        ("stories?largest=perhaps", 422, "largest: input should be a valid boolean"),
        ("entities/person:nobody", 404, "person:nobody"),
        ("entities?limit=0", 400, "limit: from 1 to 1000"),
        ("entities?kind=DOG", 422, "kind: "),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_line(client, path, status, why):
    answer = client.get(f"/api/{path}")
    assert (answer.status_code, why in answer.json()["error"]) == (status, True), answer.text
