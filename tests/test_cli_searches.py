"""newswire searches saves searches, shows, tests and removes them."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from pipeline.cli import cli
from pipeline.errors import NewswireError
from tests.helpers.searching import Clock, open_program, publish
from tests.helpers.support import write_config


@pytest.fixture
def environment(tmp_path, site):
    config = write_config(tmp_path / "config", ())
    with (config / "newswire.toml").open("a", encoding="utf-8") as file:
        file.write('[searches]\nallow_addresses = ["127.0.0.0/8"]\n')
    return {
        "NEWSWIRE_HOME": str(tmp_path),
        "NEWSWIRE_CONFIG": str(config),
        "NEWSWIRE_SEARCHES_KEY": "sixteen-characters-and-more",
    }


def call(environment, *arguments, code=0):
    done = CliRunner().invoke(cli, ["searches", *arguments], env=environment)
    assert done.exit_code == code, done.output
    return done


def refusal(environment, *arguments):
    with pytest.raises(NewswireError) as caught:
        CliRunner().invoke(cli, ["searches", *arguments], env=environment, catch_exceptions=False)
    return str(caught.value)


def test_a_search_is_saved_shown_tried_and_removed(environment, tmp_path, site):
    from pipeline.settings import load_settings

    with open_program(tmp_path, Clock(), load_settings(tmp_path / "config")) as context:
        publish(context, "a1", "The flood came.")
    hook = site.page("/hook", "")
    saved = json.loads(
        call(environment, "add", "floods", "flood", "--each", "story", "--webhook", hook, "--json").stdout
    )
    assert (saved["name"], saved["q"], saved["each"], saved["matches"]) == ("floods", "flood", "story", 1)
    assert saved["webhook_key"].startswith("whsec_")
    shown = call(environment, "show", saved["id"]).stdout
    assert f"atom: http://127.0.0.1:8000/searches/{saved['id']}.atom" in shown
    assert call(environment, "list").stdout.splitlines()[1].split() == ["floods", "flood", "story", "1", "webhook"]
    assert call(environment, "test", "floods").stdout == "1 articles match now\nwebhook: sent\n"
    del site.handlers["/hook"]
    failed = call(environment, "test", "floods", code=1)
    assert "it answered 404" in failed.stderr
    assert call(environment, "pause", "floods").stdout == "rests: floods\n"
    assert call(environment, "list").stdout.splitlines()[1].split()[-1] == "rests"
    assert call(environment, "resume", "floods").stdout == "goes on: floods\n"
    assert call(environment, "remove", "floods").stdout == "removed: floods\n"
    assert json.loads(call(environment, "list", "--json").stdout) == []


def test_what_can_not_be_saved_is_refused_in_one_line(environment):
    call(environment, "add", "floods", "flood")
    for arguments, why in (
        (("add", "floods"), "there is a saved search 'floods' already"),
        (("add", "two\nlines"), "is no name for a search"),
        (("add", "x", "--filter", "colour=red"), "can't filter or count by 'colour'"),
        (("add", "x", "--filter", "source"), "write it as field=value"),
        (("add", "x", "--webhook", "http://10.0.0.1/"), "10.0.0.1 is not public"),
        (("add", "x", "--mail", "ana@example.org"), "searches.mail"),
        (("add", "x", "--digest", "daily"), "only mails are gathered"),
        (("show", "y"), "there is no saved search 'y'"),
        (("remove", "y"), "there is no saved search 'y'"),
    ):
        assert why in refusal(environment, *arguments)


def test_whoever_watches_alerts_tells_readers_too(environment, tmp_path, site):
    from pipeline.settings import load_settings

    hook = site.page("/hook", "")
    call(environment, "add", "floods", "flood", "--webhook", hook)
    from pipeline.context import utc_now

    with open_program(tmp_path, utc_now, load_settings(tmp_path / "config")) as context:
        publish(context, "a1", "The flood came.")
    for _ in range(2):
        done = CliRunner().invoke(cli, ["alerts", "watch", "--once"], env=environment)
        assert done.exit_code == 0, done.output
    assert site.paths() == ["/hook"]
