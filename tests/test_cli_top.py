"""newswire top shows what programs keep in the ledger, on a terminal and without one."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import pty
import signal
import subprocess
import sys
import termios

import pytest
from click.testing import CliRunner

from pipeline.cli import cli
from pipeline.figures import FigureWindow, ProgramFigures, RunFigures
from pipeline.records import Outcome, Stage
from pipeline.store import Store
from tests.helpers.support import REPO

ALTERNATE, MAIN = b"\x1b[?1049h", b"\x1b[?1049l"  # the screens that a terminal shows


@pytest.fixture
def environment(tmp_path):
    """The environment of a command whose ledger knows one program, on another host."""
    now = dt.datetime.now(dt.UTC)
    counts = RunFigures()
    counts.stage(Stage.FETCH).add(Outcome.DONE)
    counts.searchable_seconds.add(2.0)
    store = Store(f"sqlite:///{tmp_path}/ledger.db")
    store.programs.save(
        ProgramFigures(
            program="far.example/7/a",
            version="1",
            command="run --follow",
            started=now,
            beat=now + dt.timedelta(hours=1),  # its clock is ahead, so that it runs as long as the test does
            total=counts,
            windows=(FigureWindow(seconds=2.0, figures=counts),),
        )
    )
    store.close()
    return {
        "NEWSWIRE_HOME": str(tmp_path),
        "NEWSWIRE_STORE_URL": f"sqlite:///{tmp_path}/ledger.db",
        "NEWSWIRE_CONFIG": str(REPO / "config"),
        "TERM": "xterm",
    }


def call(*arguments, environment):
    done = CliRunner().invoke(cli, arguments, env=environment)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_one_picture_can_be_printed(environment):
    lines = call("top", "--once", environment=environment).splitlines()
    assert lines[0].startswith("running: 1 program, 0.5 articles/s, p50 2.0 s p95 2.0 s")
    assert [line.split()[0] for line in lines[2:9]] == list(Stage)
    assert any(line.startswith("far.example 7 run") for line in lines)


def test_one_json_document_can_be_printed(environment):
    (line,) = call("top", "--json", environment=environment).splitlines()
    plain = json.loads(line)
    assert (plain["running"], plain["articles_per_second"]) == (1, 0.5)
    assert plain["programs"][0]["program"] == "far.example/7/a"


def test_the_status_tells_of_running_programs(environment):
    assert "\nrunning: 1 program, 0.5 articles/s, p50 2.0 s p95 2.0 s\n" in call("status", environment=environment)
    plain = json.loads(call("status", "--json", environment=environment))
    assert plain["programs"]["searchable_seconds"]["since_start"]["count"] == 1


def heed_interrupts():
    """Let Ctrl-C end a command even where the tests run in the background of a shell, which ignores it for them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def take_terminal():
    """Let a command have the terminal that it writes to for its own."""
    heed_interrupts()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def start(*arguments, environment, **streams):
    command = [sys.executable, "-m", "pipeline.cli", "top", *arguments]
    environment = {**os.environ, **environment}
    streams = {"preexec_fn": heed_interrupts} | streams
    return subprocess.Popen(command, env=environment, cwd=REPO, **streams)


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "begins"), [([], " articles/s searchable"), (["--json"], '"running":1')])
def test_without_a_terminal_lines_are_printed_again_and_again(environment, arguments, begins):
    with start("--every", "0.2", *arguments, environment=environment, stdout=subprocess.PIPE, text=True) as watching:
        lines = [watching.stdout.readline() for _ in range(3)]
        watching.send_signal(signal.SIGINT)
        watching.stdout.close()
    assert [begins in line for line in lines] == [True] * 3
    assert watching.returncode == 0


def read_until(terminal, wanted):
    """Return what a terminal is sent, up to ``wanted``."""
    sent = b""
    while wanted not in sent:
        sent += os.read(terminal, 65536)
    return sent


@pytest.mark.slow
@pytest.mark.parametrize(("ending", "code"), [(b"q", 0), (b"\x03", 0), (signal.SIGTERM, 128 + signal.SIGTERM)])
def test_a_terminal_is_left_as_it_was(environment, ending, code):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    before = termios.tcgetattr(theirs)
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    # a session of its own, whose terminal it is: Ctrl-C is its interrupt
    own = {"start_new_session": True, "preexec_fn": take_terminal}
    with start(environment=environment, **streams, **own) as watching:
        read_until(ours, ALTERNATE)
        picture = read_until(ours, b"far.example")
        if isinstance(ending, bytes):
            os.write(ours, ending)
        else:
            watching.send_signal(ending)
        read_until(ours, MAIN)
    assert b"running: 1 program" in picture
    assert watching.returncode == code
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)


@pytest.mark.slow
def test_a_dumb_terminal_gets_lines(environment):
    ours, theirs = pty.openpty()
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    with start(environment={**environment, "TERM": "dumb"}, **streams) as watching:
        sent = read_until(ours, b"\n")
        watching.send_signal(signal.SIGINT)
    os.close(ours)
    os.close(theirs)
    assert b" articles/s searchable" in sent
    assert b"\x1b" not in sent
