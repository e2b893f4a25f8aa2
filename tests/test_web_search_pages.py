"""The search page: values chosen and left out, counts over time, and all values of a facet, by links alone."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from pipeline.web.search_params import SearchParams, parse_search_params
from tests import test_web
from tests.test_web import document, links, text_of

client, index = test_web.client, test_web.index


def facet_of(page, heading):
    """Return value → count of a facet on a page."""
    part = re.search(rf"<summary>{heading}</summary>(.*?)</details>", page, re.DOTALL)
    rows = re.findall(r'class="value[^"]*"[^>]*><bdi>(.*?)</bdi> <span class="count">(\d+)', part[1]) if part else []
    return {html.unescape(value): int(count) for value, count in rows}


def asked(link):
    return parse_qsl(urlsplit(link).query)


def test_a_second_value_of_a_facet_can_be_chosen(client):
    page = client.get("/?copies=all&source=Daily+Example").text
    assert facet_of(page, "Outlets") == {"Daily Example": 2, "Evening Example": 1, "Tagblatt": 1}
    assert facet_of(page, "People") == {"Ana Sousa": 1, "Jo Kim": 1}
    both = next(link for link in links(page) if "source=Daily+Example&source=Tagblatt" in link)
    assert "3 results" in text_of(client.get(both).text)


def test_a_value_can_be_left_out_and_taken_back(client):
    link = next(
        link for link in links(client.get("/?copies=all").text) if asked(link)[-1:] == [("exclude", "source:Tagblatt")]
    )
    page = client.get(link).text
    assert "3 results" in text_of(page)
    assert "outlets without Tagblatt" in text_of(page)
    assert facet_of(page, "Outlets")["Tagblatt"] == 1
    assert "/?copies=all" in links(page)


def test_originals_alone_can_be_counted(client):
    link = next(link for link in links(client.get("/").text) if asked(link) == [("count", "originals")])
    assert facet_of(client.get(link).text, "Outlets") == {"Daily Example": 2, "Tagblatt": 1}


def test_a_bar_of_the_picture_narrows_the_search_to_its_time(client):
    page = client.get("/?copies=all").text
    assert re.search(r'<svg class="bars"', page)
    bar = next(link for link in links(page) if ("since", "2026-03-09T11:00Z") in asked(link))
    narrowed = client.get(bar).text
    assert "1 result" in text_of(narrowed)
    assert 'type="text" name="since" value="2026-03-09T11:00Z"' in narrowed


def test_an_interval_that_does_not_fit_any_more_gives_way_on_the_page_alone(client, index):
    index.upsert([document(8, "Old", "Long ago.", published=document(8, "", "").published.replace(year=1999))])
    assert "By month" in text_of(client.get("/?interval=hour&copies=all").text)
    assert client.get("/api/search?interval=hour&copies=all").status_code == 400
    assert client.get("/?interval=hour&q=x&since=soon").status_code == 400


def test_all_values_of_a_facet_have_a_page_that_is_searched(client):
    page = client.get("/facets/people?q=fled&copies=all&text=SOU").text
    assert re.findall(r"<bdi>(Ana Sousa|Jo Kim)</bdi>", page) == ["Ana Sousa"]
    assert ("people", "Ana Sousa") in asked(next(link for link in links(page) if "people=Ana" in link))
    assert "/?q=fled&copies=all" in links(page)
    assert "None has these letters" in text_of(client.get("/facets/people?text=zzz").text)
    assert client.get("/facets/title").status_code == 404
    assert client.get("/facets/people?text=%00").status_code == 400


def test_the_interface_counts_over_time_and_says_how_often_a_hit_was_copied(client):
    answer = client.get(
        "/api/search?interval=hour&by=source&share=true&exclude=source:Tagblatt&sort=oldest&q=fled"
    ).json()
    assert answer["histogram"] == {
        "interval": "hour",
        "field": "source",
        "values": ["Daily Example", "Evening Example"],
        "buckets": [
            {"start": "2026-03-09T10:00:00Z", "count": 1, "values": [0, 1], "all": 1, "share": 1.0},
            {"start": "2026-03-09T11:00:00Z", "count": 1, "values": [1, 0], "all": 1, "share": 1.0},
        ],
    }
    assert [(hit["document"]["title"], hit["copies"], hit["outlets"]) for hit in answer["hits"]] == [
        ("Dam <script>alert(1)</script> leaks", 1, 1)
    ]
    assert client.get("/api/search").json()["histogram"] is None
    within = client.get("/api/search?facets=people&within=people:KIM").json()
    assert within["facets"]["people"] == [{"value": "Jo Kim", "count": 1}]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("exclude=Tagblatt", "exclude: write it as field:value"),
        ("exclude=title:x", "can't filter or count by 'title'"),
        ("within=people:", "within: write it as field:value"),
        ("interval=year", "interval: invalid enum value 'year'"),
        ("by=source", "name an interval"),
        ("last=week", "last: expected `str` matching regex"),
        ("count=words", "count: invalid enum value 'words'"),
    ],
)
def test_what_makes_no_sense_is_explained(client, query, words):
    answer = client.get(f"/api/search?{query}")
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_so_many_hours_or_days_until_now_narrow_what_other_bounds_leave(client):
    assert client.get("/api/search?last=24h").json()["total"] == 0
    assert client.get("/api/search?last=9999d").json()["total"] == 3
    assert client.get("/api/search?last=9999d&since=2026-03-10").json()["total"] == 0


def test_choosing_a_value_ends_its_exclusion_and_the_other_way_round():
    chosen = SearchParams(filters={"source": ("A",)})
    assert chosen.toggle_exclusion("source", "A") == "?exclude=source%3AA"
    excluded = parse_search_params([("exclude", "source:A"), ("exclude", "source:B:C"), ("share", "true")])
    assert excluded.exclude == {"source": ("A", "B:C")}
    assert excluded.toggle_filter("source", "A") == "?share=true&exclude=source%3AB%3AC&source=A"
    assert parse_search_params(excluded.changed_params()) == excluded
