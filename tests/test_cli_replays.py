"""newswire redo --dry-run and newswire replays: looked at, rejected or applied in a terminal."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from pipeline.cli import cli
from tests.helpers.replaying import NOTE, change_rule, open_newsroom, publish


@pytest.fixture
def newswire(tmp_path, monkeypatch):
    """Return a function that runs a command on a newsroom whose cleaning rules have changed."""
    with open_newsroom(tmp_path) as context:
        publish(context)
    change_rule(tmp_path)
    (tmp_path / "config" / "newswire.toml").write_text("[extract]\ntimeout_seconds = 300.0\n[run]\nworkers = 1\n")
    (tmp_path / "config" / "feeds.toml").write_text('[[source]]\nname = "Post"\nfeeds = ["https://post.example/"]\n')
    monkeypatch.setenv("NEWSWIRE_HOME", str(tmp_path))
    monkeypatch.setenv("NEWSWIRE_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("NEWSWIRE_STORE_URL", f"sqlite:///{tmp_path}/ledger.db")
    monkeypatch.setenv("NEWSWIRE_INDEX_URL", f"sqlite:///{tmp_path}/index.db")
    monkeypatch.setenv("NEWSWIRE_ARCHIVE_URL", str(tmp_path / "archive"))
    return lambda *arguments: CliRunner().invoke(cli, arguments)


def test_everything_is_sent_back_only_where_that_is_said(newswire):
    refused = newswire("redo", "extract")
    assert (refused.exit_code, isinstance(refused.exception, SystemExit)) != (0, False)
    assert "all 8 articles go back to extract: say --yes" in str(refused.exception) + refused.output
    assert newswire("redo", "extract", "--yes").output == "8 go back to extract with the next run\n"
    assert newswire("redo", "fetch", "--dry-run").output == "0 would go back to fetch\n"


def test_a_dry_run_is_looked_at_and_applied(newswire):
    shown = newswire("redo", "extract", "--source", "Post", "--dry-run")
    assert "1 of 2 articles would read otherwise: cut 1, text 1" in shown.output
    assert f"text: [-{NOTE}-]" in shown.output
    assert "replay 1 is done: 1 of 2" in newswire("replays", "apply", "1").output
    told = json.loads(newswire("replays", "show", "1", "--json").output)
    assert (told["state"], told["sent"], told["counts"]["agreed"]) == ("done", 1, 1)
    assert "done" in newswire("replays", "list").output
    again = newswire("replays", "reject", "1")
    assert "replay 1 can't be rejected: it is done" in str(again.exception) + again.output
