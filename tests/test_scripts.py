"""The scripts that start real servers say clearly what is wrong, and keep what a server had when it is killed."""

from __future__ import annotations

import secrets
import socket
import subprocess

import pytest
import sqlalchemy as sa

from tests.helpers.support import REPO

SERVERS = pytest.mark.parametrize("script", ["elasticsearch", "postgres"])


def call(script, *words):
    return subprocess.run([REPO / "scripts" / script, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("script", ["elasticsearch", "postgres", "services", "airflow", "pip"])
def test_without_a_verb_the_usage_is_shown(script):
    done = call(script)
    assert done.returncode == 2
    assert f"scripts/{script} " in done.stdout + done.stderr


@SERVERS
def test_an_unknown_option_is_wrong_use(script):
    done = call(script, "start", "--colour", "red")
    assert (done.returncode, done.stderr) == (2, f"{script}: unknown option --colour\n")


@SERVERS
def test_an_option_without_a_value_is_wrong_use(script):
    done = call(script, "start", "--port")
    assert (done.returncode, done.stderr) == (2, f"{script}: option --port needs a value\n")


@SERVERS
def test_a_port_that_is_taken_is_named(script):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = call(script, "start", "--name", "nobody", "--port", port)
    assert done.returncode == 1
    assert done.stderr == f"{script}: port {port} is taken; choose another with --port\n"


@SERVERS
def test_to_stop_what_does_not_run_is_no_error(script):
    done = call(script, "stop", "--name", "nobody")
    assert done.returncode == 0
    assert "does not run" in done.stderr


@pytest.mark.servers
def test_a_killed_postgres_starts_again_with_its_data():
    name = f"test-{secrets.token_hex(4)}"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    start = ("start", "--name", name, "--port", port)
    try:
        engine = sa.create_engine(call("postgres", *start).stdout.strip(), poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE kept AS SELECT 7 AS value")
        assert call("postgres", *start).returncode == 0  # it runs already
        assert call("postgres", "wipe", "--name", name).returncode == 1  # not while it runs
        call("postgres", "kill", "--name", name)
        assert call("postgres", *start).returncode == 0
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT value FROM kept").scalar() == 7
    finally:
        call("postgres", "stop", "--name", name)
        assert call("postgres", "wipe", "--name", name).returncode == 0
