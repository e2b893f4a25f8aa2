"""newswire status says how far operations were sent, and why nothing takes them."""

from __future__ import annotations

import json

from click.testing import CliRunner

from pipeline.cli import cli
from tests.helpers.support import write_config

NOBODY = "http://127.0.0.1:9"


def status(environment, *options):
    done = CliRunner().invoke(cli, ["status", *options], env=environment)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_status_says_how_far_operations_were_sent_and_why_they_wait(tmp_path):
    environment = {
        "NEWSWIRE_HOME": str(tmp_path),
        "NEWSWIRE_CONFIG": str(write_config(tmp_path / "config", ())),
        "NEWSWIRE_OPERATIONS_URL": None,
    }
    assert "operations" not in status(environment)
    assert json.loads(status(environment, "--json"))["operations"] is None
    environment["NEWSWIRE_OPERATIONS_URL"] = NOBODY
    assert "operations: none sent yet; none waits\n" in status(environment)
    ran = CliRunner().invoke(cli, ["run"], env=environment)
    assert ran.exit_code == 0, ran.output
    assert "not taken since 20" in status(environment)
    told = json.loads(status(environment, "--json"))["operations"]
    assert NOBODY in told["fault"]["what"]
    assert (told["position"], told["waiting"], told.get("sent")) == (0, 0, None)
