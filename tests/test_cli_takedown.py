from __future__ import annotations

import contextlib
import json

import pytest
from click.testing import CliRunner

from pipeline.cli import cli, takedown
from pipeline.errors import UsageError
from tests.helpers.arriving import arrive


@pytest.fixture
def call(context, monkeypatch):
    """Return a function that calls newswire takedown on an article; ``answer`` is typed at a terminal."""
    arrive(context, "a1", "A dam leaks above the town, and nobody knows for how long.")
    monkeypatch.setattr(takedown, "open_context", lambda: contextlib.nullcontext(context))

    def run(*options, answer=None):
        runner = CliRunner()
        with monkeypatch.context() as patch, runner.isolation(input=answer) as streams:
            if answer is not None:
                patch.setattr(takedown.sys.stdin, "isatty", lambda: True)
            code = 0
            try:
                cli.main(["takedown", "a1", *options], standalone_mode=False)
            except UsageError as error:
                code = error
            return code, streams[0].getvalue().decode(), streams[1].getvalue().decode()

    return run


def state(context):
    with context.store.read() as connection:
        return context.store.ledger.find_article(connection, "a1").state


def test_without_a_terminal_it_refuses(call, context):
    error, _, _ = call()
    assert "say --yes, or --dry-run to see what it would remove" in str(error)
    error, _, _ = call("--json")
    assert "say --yes" in str(error)
    assert state(context) != "removed"


def test_a_dry_run_shows_the_article_and_removes_nothing(call, context):
    code, _, said = call("--dry-run")
    assert code == 0
    assert "a1" in said
    assert said.endswith("nothing was removed\n")
    _, out, _ = call("--dry-run", "--json")
    assert (json.loads(out)["id"], json.loads(out)["removed"]) == ("a1", False)
    assert state(context) != "removed"


def test_it_asks_and_obeys(call, context):
    _, _, said = call(answer="n\n")
    assert "Remove it for good? [y/N]: " in said
    assert said.endswith("nothing was removed\n")
    assert state(context) != "removed"
    _, _, said = call(answer="y\n")
    assert said.endswith("taken down\n")
    assert state(context) == "removed"


def test_yes_does_not_ask(call, context):
    _, out, said = call("--yes", "--json")
    assert json.loads(out)["removed"] is True
    assert "for good" not in said
    assert state(context) == "removed"
    assert json.loads(call("--yes", "--json")[1])["removed"] is False
