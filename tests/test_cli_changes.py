"""Facts about following changes, giving out keys, and exporting a search, on the command line."""

from __future__ import annotations

import csv
import io
import json

import pytest
from click.testing import CliRunner

from pipeline.cli.changes import changes_command
from pipeline.cli.export import export_command
from pipeline.cli.keys import keys_command
from pipeline.errors import UnknownError, UsageError
from tests.helpers.arriving import arrive, through

pytestmark = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
TEXTS = ("The dam above the town leaks, the mayor said.", "The harbour of Lisbon opens again after the storm.")


@pytest.fixture
def run(context, monkeypatch, tmp_path):
    monkeypatch.setenv("NEWSWIRE_HOME", str(tmp_path))
    monkeypatch.setenv("NEWSWIRE_STORE_URL", context.environment.store_url)
    for name, text in zip("ab", TEXTS, strict=True):
        arrive(context, name, text)
    through(context)

    def call(command, *args):
        done = CliRunner().invoke(command, [str(arg) for arg in args])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    return call


def test_changes_go_on_from_the_cursor_that_was_printed(run, context):
    done = run(changes_command)
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["a", "b"]
    cursor = done.stderr.strip().rpartition(" ")[2]
    assert run(changes_command, "--since", cursor).stdout == ""
    arrive(context, "c", "A court in Porto has freed three engineers.")
    through(context)
    (line,) = run(changes_command, "--since", cursor, "--without-documents").stdout.splitlines()
    assert (json.loads(line)["id"], json.loads(line)["document"]) == ("c", None)
    with pytest.raises(UsageError, match="cursor"):
        run(changes_command, "--since", "forged")


def test_what_a_search_finds_is_exported(run):
    done = run(export_command, "--query", "dam", "--format", "csv", "--field", "id", "--field", "source")
    assert list(csv.reader(io.StringIO(done.stdout))) == [["id", "source"], ["a", "Daily"]]
    assert run(export_command, "--filter", "source=Nobody").stdout == ""
    with pytest.raises(UsageError, match="--since"):
        run(export_command, "--query", "dam", "--since", "2026-11-20")
    with pytest.raises(UsageError, match="no such field"):
        run(export_command, "--field", "titel")


def test_a_key_is_shown_once_listed_without_itself_and_revoked(run):
    key = run(keys_command, "add", "Ana", "--scope", "read", "--scope", "export").stdout.strip()
    assert len(key) > 40
    listed = run(keys_command, "list").stdout
    assert key not in listed
    assert listed.splitlines()[1].split()[:4] == ["1", "Ana", "export", "read"]
    assert json.loads(run(keys_command, "list", "--json").stdout)[0]["scopes"] == "export read"
    run(keys_command, "revoke", 1)
    assert "revoked" in run(keys_command, "list").stdout
    with pytest.raises(UnknownError, match="no key 1"):
        run(keys_command, "revoke", 1)
