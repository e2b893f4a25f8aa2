"""newswire search: filters, facets and counts over time on a terminal and as JSON."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from pipeline.cli.search import search_command
from pipeline.index import open_index
from pipeline.settings import IndexSettings
from tests.helpers.support import REPO
from tests.test_web import NEWS


@pytest.fixture
def search(tmp_path, monkeypatch):
    """Run newswire search with arguments over four articles; return its result."""
    monkeypatch.setenv("NEWSWIRE_HOME", str(tmp_path))
    monkeypatch.setenv("NEWSWIRE_CONFIG", str(REPO / "config"))
    index = open_index(f"sqlite:///{tmp_path}/index.db", IndexSettings())
    index.prepare()
    assert index.upsert(NEWS) == []
    index.close()
    return lambda *arguments: CliRunner().invoke(search_command, arguments)


def test_a_hit_says_how_often_it_was_copied_and_values_are_left_out(search):
    shown = search("--exclude", "source=Tagblatt", "--fold").output
    assert "1 others in 1 outlet" in shown
    assert shown.endswith("2 found in 3 articles\n")


def test_facets_are_searched_and_count_originals_alone(search):
    shown = search("--facet", "people", "--within", "people=KIM", "--count", "originals", "--facet-size", "1").output
    assert shown.endswith("people: Jo Kim (1)\n")


def test_counts_over_time_are_a_table_without_the_hours_in_which_nothing_was_found(search):
    lines = search("fled", "--size", "0", "--interval", "hour", "--by", "source", "--share").output.splitlines()
    assert lines[0] == "2 found"
    assert lines[1].split("  ")[0] == "hour"
    assert lines[1].endswith("of all  share    Daily Example  Evening Example")
    assert [line.split() for line in lines[2:]] == [
        ["2026-03-09", "10:00", "1", "1", "100.00%", "0", "1"],
        ["2026-03-09", "11:00", "1", "1", "100.00%", "1", "0"],
    ]
    answer = json.loads(search("fled", "--interval", "week", "--json").output)
    assert answer["histogram"]["buckets"] == [{"start": "2026-03-09T00:00:00Z", "count": 2}]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--exclude", "Tagblatt"], "--exclude 'Tagblatt': write it as field=value"),
        (["--interval", "year"], "intervals: auto, hour, day, week, month"),
        (["--by", "source"], "name an interval"),
        (["--count", "words"], "counts: articles, originals"),
    ],
)
def test_wrong_use_is_explained(search, arguments, words):
    result = search(*arguments)
    assert result.exit_code != 0
    assert words in str(result.exception) + result.output
