"""newswire alerts shows what is wrong, tries notifiers, watches, and keeps what nobody took."""

from __future__ import annotations

import json

import pytest
from aiohttp import web
from click.testing import CliRunner

from pipeline.cli import cli
from pipeline.errors import NewswireError
from tests.helpers.support import write_config

# a disk of which more than all must be free is always too full
ALWAYS_WRONG = "[alerts]\nhold_minutes = 0.0\nevery_seconds = 0.01\ndisk_percent = 101.0\n"


@pytest.fixture
def environment(tmp_path):
    return {
        "NEWSWIRE_HOME": str(tmp_path),
        "NEWSWIRE_CONFIG": str(write_config(tmp_path / "config", ())),
        "NEWSWIRE_WEBHOOK_KEY_OPS": "k",
    }


def configure(tmp_path, *lines):
    (tmp_path / "config" / "newswire.toml").write_text(ALWAYS_WRONG + "\n".join(lines), encoding="utf-8")


def call(environment, *arguments, code=0):
    done = CliRunner().invoke(cli, ["alerts", *arguments], env=environment)
    assert done.exit_code == code, done.output
    return done


def refusal(environment, *arguments):
    """What is said to whom calls it wrongly, or whose settings are wrong."""
    with pytest.raises(NewswireError) as caught:
        CliRunner().invoke(cli, ["alerts", *arguments], env=environment, catch_exceptions=False)
    return str(caught.value)


def webhook(url, name="ops", networks='["127.0.0.0/8"]'):
    return f'allow_addresses = {networks}\n[[alerts.webhook]]\nname = "{name}"\nurl = "{url}"'


def test_what_is_wrong_is_shown_with_what_to_do_also_by_status_and_top(environment, tmp_path):
    assert call(environment).stdout == "nothing is wrong\n"
    configure(tmp_path)
    shown = call(environment).stdout
    for part in (f"{tmp_path} (ledger, index): ", "since ", "do: make room", "see: http://127.0.0.1:8000/operations"):
        assert part in shown
    (alert,) = json.loads(call(environment, "--json").stdout)["alerts"]
    assert (alert["state"], alert["rule"], alert["subject"]) == ("open", "disk", str(tmp_path))
    assert "1 alert: newswire alerts" in CliRunner().invoke(cli, ["status"], env=environment).stdout
    assert "\nalert: /" in CliRunner().invoke(cli, ["top", "--once"], env=environment).stdout
    for command in (["status", "--json"], ["top", "--json"]):
        assert "GB are free" in json.loads(CliRunner().invoke(cli, command, env=environment).stdout)["alerts"][0]
    assert "over: " in call(environment, "end", alert["id"]).stdout
    assert "no open alert" in refusal(environment, "end", "nothing")


def test_a_test_message_goes_through_each_notifier_and_what_fails_is_named(environment, tmp_path, site):
    assert "no notifier is configured" in refusal(environment, "test")
    site.page("/hook", "")
    configure(tmp_path, "log = true", webhook(site.url("/hook")))
    assert call(environment, "test").stdout == "log: sent\nops: sent\n"
    site.page("/hook", "no", status=500)
    assert "ops: it answered 500: no" in call(environment, "test", "ops", code=1).output
    assert "no notifier 'desk'" in refusal(environment, "test", "desk")


def test_a_message_that_nobody_takes_is_listed_and_sent_again(environment, tmp_path, site):
    site.page("/hook", "gone", status=410)
    configure(tmp_path, webhook(site.url("/hook")))
    call(environment, "watch", "--once")
    (dead,) = json.loads(call(environment, "dead", "--json").stdout)
    assert (dead["state"], dead["error"]) == ("dead", "it answered 410: gone")
    assert "it answered 410: gone" in call(environment, "dead").stdout
    assert "1 messages were given up" in call(environment).stderr
    assert "or say --all" in refusal(environment, "resend")
    assert "1 will be sent again" in call(environment, "resend", str(dead["number"])).stdout
    bodies = []

    async def answer(request):
        bodies.append(await request.json())
        return web.Response()

    site.handlers["/hook"] = answer
    beat = tmp_path / "looked"
    call(environment, "watch", "--once", "--beat", str(beat))
    assert [event["event"] for event in bodies[0]["events"]] == ["opened"]
    assert beat.exists()
    assert json.loads(call(environment, "dead", "--json").stdout) == []


def test_a_mistake_in_the_settings_is_named(environment, tmp_path):
    configure(tmp_path, 'off = ["disks"]')
    assert "off" in refusal(environment, "watch", "--once")
    configure(tmp_path, "hold = 2")
    assert "unknown key alerts.hold" in refusal(environment, "watch", "--once")
    configure(tmp_path, '[[alerts.webhook]]\nname = "desk"\nurl = "http://a.example/"')
    assert "NEWSWIRE_WEBHOOK_KEY_DESK" in refusal(environment, "watch", "--once")
