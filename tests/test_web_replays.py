"""Replays over HTTP: as JSON, and as a page that people read before they decide."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from pipeline.records import Stage
from pipeline.replay.dry_run import compare_replay
from pipeline.replay.plan import plan_replay
from pipeline.store import Selection
from pipeline.web.app import create_app
from tests.helpers.replaying import NOTE, change_rule, open_newsroom, publish, url


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A service over a newsroom with one replay, whose dry run is over."""
    folder = tmp_path_factory.mktemp("newsroom")
    with open_newsroom(folder) as context:
        publish(context, stages=(Stage.EXTRACT, Stage.DEDUPE))
    change_rule(folder)
    with open_newsroom(folder) as context:
        compare_replay(context, plan_replay(context, Stage.EXTRACT, Selection(), "<b>ines</b>").n)
        yield TestClient(create_app(context), base_url="http://localhost", raise_server_exceptions=False)


def test_a_replay_is_told_with_its_counts_and_how_articles_would_read_otherwise(client):
    told = client.get("/api/replays/1").json()
    assert (told["state"], told["total"], told["waiting"]) == ("compared", 8, 3)
    assert told["counts"]["fields"] == {"text": 3, "cut": 3}
    assert told["articles"][0]["article"]["url"] == url(1)
    assert {"field": "text", "removed": [NOTE], "added": []} in told["articles"][0]["article"]["fields"]
    assert [each["n"] for each in client.get("/api/replays", params={"limit": 5}).json()] == [1]


def test_the_page_shows_what_would_go_and_what_would_come_and_takes_no_markup_from_outside(client):
    page = client.get("/replays/1")
    assert page.status_code == 200
    assert f"<del>{NOTE}</del>" in page.text
    assert "3 of 8 articles would read otherwise" in page.text
    assert "<b>ines" not in page.text
    assert 'href="/replays/1"' in client.get("/replays").text


@pytest.mark.parametrize("number", ["2", "0", "-1", "9" * 30])
def test_a_replay_that_is_not_there_is_not_found(client, number):
    assert client.get(f"/api/replays/{number}").status_code == 404
    assert client.get(f"/replays/{number}").status_code == 404
