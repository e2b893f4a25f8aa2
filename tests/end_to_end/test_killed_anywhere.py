"""Killed at moments drawn from a seed, again and again, newswire loses nothing and has nothing twice."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.helpers.support import REPO


def play(tmp_path, *options):
    command = [sys.executable, str(REPO / "bench/kill.py"), "--keep", str(tmp_path), "--host", "127.0.57.", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_a_few_dozen_rounds_leave_all_in_order(tmp_path):
    played = play(tmp_path, "--rounds", "24", "--era", "12", "--seed", "5")
    assert played["rounds"] == 24
    assert played["faults"] == 0
    assert played["killed"]["main"] > 6


@pytest.mark.slow
def test_a_loss_is_told(tmp_path):
    """The loop sees what it is to see: a run whose articles are taken out of the ledger behind its back."""
    thief = tmp_path / "thief.py"
    thief.write_text(
        "import sys\n"
        "import sqlalchemy as sa\n"
        f"sys.path.insert(0, {str(REPO / 'bench')!r})\n"
        "import kill\n"
        "honest = kill.Era._run_quietly\n"
        "def rob(era, starter):\n"
        "    honest(era, starter)\n"
        "    with sa.create_engine(era.environment.store_url).begin() as connection:\n"
        "        connection.execute(sa.text('DELETE FROM items WHERE seq = (SELECT min(seq) FROM items)'))\n"
        "kill.Era._run_quietly = rob\n"
        "sys.exit(kill.main(['--rounds', '1', '--seed', '5', '--host', '127.0.58.']))\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, str(thief)], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "was listed, and is not in the ledger" in done.stdout
    assert "index: the index has a document of" in done.stdout
