from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from pipeline import cli as cli_module
from pipeline.cli import cli
from tests.helpers.support import REPO


def test_the_list_of_commands_says_of_each_what_its_own_help_begins_with():
    summaries = dict(cli_module._summaries(45))
    for name in cli.list_commands(None):
        command = cli.get_command(None, name)
        assert command.name == name
        assert summaries[name] == command.get_short_help_str(45), name
        assert summaries[name]


def test_help_version_and_completion_import_no_command():
    program = (
        "import os, sys\n"
        "from click.testing import CliRunner\n"
        "from pipeline.cli import cli\n"
        "for arguments in ['--help'], ['--version'], []: CliRunner().invoke(cli, arguments)\n"
        "os.environ.update(COMP_WORDS='newswire se', COMP_CWORD='1', _NEWSWIRE_COMPLETE='bash_complete')\n"
        "try: cli.main(prog_name='newswire')\n"
        "except SystemExit: pass\n"
        "heavy = {'sqlalchemy', 'lxml', 'numpy', 'fastapi', 'aiohttp', 'trafilatura', 'pipeline.store'}\n"
        "print('imported:', sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=REPO, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["plain,search", "plain,searches", "plain,serve", "imported: []"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shells_completion_is_printed(shell):
    done = CliRunner().invoke(cli, env={"_NEWSWIRE_COMPLETE": f"{shell}_source"}, prog_name="newswire")
    assert "_NEWSWIRE_COMPLETE" in done.output


@pytest.mark.parametrize(
    ("words", "offered"),
    [("newswire takedown --d", "--dry-run"), ("newswire stories r", "rename"), ("newswire --l", "--log-json")],
)
def test_options_and_inner_commands_are_completed(words, offered):
    env = {"_NEWSWIRE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = CliRunner().invoke(cli, env=env, prog_name="newswire")
    assert f"plain,{offered}" in done.output.splitlines()


def test_a_misspelt_command_is_answered_with_the_nearest_one():
    done = CliRunner().invoke(cli, ["reindx"])
    assert (done.exit_code, "No such command 'reindx'. Did you mean 'reindex'?" in done.output) == (2, True)
    assert "Did you mean" not in CliRunner().invoke(cli, ["qqqq"]).output


def test_completion_is_documented_as_it_is_called():
    text = (REPO / "docs" / "commands.md").read_text()
    for shell in ("bash", "zsh", "fish"):
        assert f"_NEWSWIRE_COMPLETE={shell}_source newswire" in text
    assert os.environ.get("_NEWSWIRE_COMPLETE") is None


HUGE = "9" * 30


@pytest.mark.parametrize(
    "arguments",
    [
        ["export", "--since", HUGE],
        ["entities", "list", "--limit", HUGE],
        ["stories", "list", "--limit", HUGE],
        ["stories", "repair", "--days", "1e300"],
        ["expire", "--history-days", "1e300"],
        ["feeds", "health", "--hours", "1e300"],
        ["decisions", "--limit", HUGE],
        ["run", "--limit", HUGE],
        ["serve", "--port", "65536"],
        ["serve", "--port", "0"],
        ["stories", "list", "--since", "0001-01-01T00:00+14:00"],
        ["corrections", "--since", "9999-12-31T23:59:59-14:00"],
        ["redo", "index", "--until", "-1"],
        ["search", "--since", "2026-13-45"],
    ],
)
def test_a_number_or_time_out_of_range_is_wrong_use(arguments):
    done = CliRunner().invoke(cli, arguments)
    assert (done.exit_code, "Error: Invalid value" in done.output) == (2, True), done.output


def test_every_command_that_prints_a_table_has_json():
    def commands(group, path):
        for name in group.list_commands(None):
            command = group.get_command(None, name)
            yield from (
                commands(command, f"{path} {name}") if hasattr(command, "commands") else [(f"{path} {name}", command)]
            )

    with_json = {path for path, command in commands(cli, "") if any("--json" in p.opts for p in command.params)}
    printing = (
        "status, run, import, index, check, corrections, copies show, copies compare, decisions, stories list, "
        "stories show, entities list, entities show, entities decisions, feeds list, feeds check, feeds health, "
        "feeds simulate, feeds add, search, explain, retry, redo, reindex, takedown"
    )
    assert {f" {name}" for name in printing.split(", ")} <= with_json
