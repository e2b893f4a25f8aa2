"""newswire stories: what an editor sees and changes, and what refuses."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from pipeline.cli.ledger import explain_command
from pipeline.cli.stories import stories_command
from pipeline.errors import UsageError
from pipeline.records import Stage
from pipeline.stages import open_context, run_one
from tests.helpers.copies import OTHER, WIRE
from tests.helpers.support import REPO
from tests.test_cluster import CHOIR, HARBOUR
from tests.test_editorial_stories import tell


@pytest.fixture
def newswire(tmp_path, monkeypatch):
    """Run a command on a ledger with two stories; return what it prints."""
    monkeypatch.setenv("NEWSWIRE_HOME", str(tmp_path))
    monkeypatch.setenv("NEWSWIRE_CONFIG", str(REPO / "config"))
    with open_context() as context:
        tell(context, ("a", WIRE), ("c", OTHER), ("b", HARBOUR), ("d", CHOIR))
        run_one(context, Stage.INDEX)

    def call(*arguments, command=stories_command):
        return CliRunner().invoke(command, arguments, catch_exceptions=False).output

    return call


def test_stories_are_listed_with_their_sizes(newswire):
    found = json.loads(newswire("list", "--json"))
    assert sorted((one["facts"]["id"], one["size"], one["groups"]) for one in found) == [("sa", 2, 2), ("sc", 2, 2)]
    lines = newswire("list", "--largest", "--limit", "1").splitlines()
    assert lines[0].split() == ["story", "articles", "texts", "span", "title"]
    assert len(lines) == 2


def test_an_editor_merges_renames_splits_and_takes_back(newswire):
    assert "one story now: sa;" in newswire("merge", "sa", "sc", "--by", "ana", "--note", "one festival")
    newswire("rename", "sc", " The   week in Port Ansel ", "--by", "ana")
    shown = newswire("show", "sc")
    assert shown.startswith("The week in Port Ansel\nsa  4 articles")
    assert "ids that lead here: sc" in shown
    assert "ana: sc became part of sa: one festival" in shown
    assert "two stories now: sa and sd;" in newswire("split", "sa", "d", "--by", "ana")
    newswire("undo", "1", "--by", "ana")
    shown = json.loads(newswire("show", "sc", "--json"))
    assert [article["id"] for article in shown["articles"]] == ["c"]
    assert [change["kind"] for change in json.loads(newswire("show", "sa", "--json"))["changes"]] == [
        "merge",
        "rename",
        "split",
        "split",
    ]


def test_a_story_is_named_by_its_articles_too(newswire):
    assert newswire("show", "d") == newswire("show", "sc")


def test_an_article_explains_why_it_is_in_its_story(newswire):
    newswire("merge", "sc", "sa", "--by", "ana")
    told = newswire("b", command=explain_command)
    assert "  story: sc (it is like it, 0." in told
    assert "ana: sa became part of sc" in told
    assert "it opened one" in newswire("c", command=explain_command)


def test_repair_says_what_it_would_do(newswire):
    assert "0 would be merged" in newswire("repair", "--days", "9999", "--dry-run")


def test_what_is_not_there_is_refused(newswire):
    with pytest.raises(UsageError, match="no story has or had this id"):
        newswire("show", "s-nobody")
    with pytest.raises(UsageError, match="no article"):
        newswire("split", "sa", "nobody")
    with pytest.raises(UsageError, match="say a title"):
        newswire("rename", "sa")
