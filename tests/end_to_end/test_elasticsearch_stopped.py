"""Elasticsearch is taken away in the middle of a run: the run fails cleanly at index, and the next one catches up."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys

import pytest

from pipeline.demo.server import serve_newsroom
from pipeline.index import open_index
from pipeline.settings import IndexSettings
from tests.helpers.support import REPO, write_config

NAME = f"stopping-{secrets.token_hex(4)}"  # of the node; another run on this machine has its own
# `newswire run --once` whose second batch of documents finds the server gone, as if it had been stopped just then
STOPPER = """
import subprocess, sys
from pipeline.cli import main
from pipeline.index._elasticsearch import ElasticsearchIndex

upsert, calls = ElasticsearchIndex.upsert, []

def upsert_and_stop(self, documents):
    calls.append(len(documents))
    if len(calls) == 2:
        subprocess.run([{script!r}, "stop", "--name", {name!r}], check=True)
    return upsert(self, documents)

ElasticsearchIndex.upsert = upsert_and_stop
main()
"""


def node(verb, *arguments):
    command = [str(REPO / "scripts/elasticsearch"), verb, "--name", NAME, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def elasticsearch():
    port = 10_000 + secrets.randbelow(20_000)  # below those that the system hands out
    yield node("start", "--port", str(port), "--heap", "512m")
    node("stop")
    node("wipe")


@pytest.mark.servers
def test_stopped_in_the_middle_nothing_is_lost(elasticsearch, tmp_path):
    with serve_newsroom() as newsroom:
        environment = {
            **os.environ,
            "NEWSWIRE_HOME": str(tmp_path),
            "NEWSWIRE_CONFIG": str(write_config(tmp_path / "config", newsroom.sources)),
            "NEWSWIRE_INDEX_URL": elasticsearch,
        }
        stopper = STOPPER.format(script=str(REPO / "scripts/elasticsearch"), name=NAME)
        cut = subprocess.run(
            [sys.executable, "-c", stopper, "run", "--once"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert cut.returncode == 1
        assert "Traceback" not in cut.stderr
        assert elasticsearch in cut.stderr.splitlines()[-1]
        node("start", "--port", elasticsearch.rpartition(":")[2], "--heap", "512m")
        again = subprocess.run(
            [sys.executable, "-m", "pipeline.cli", "run", "--once"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert again.returncode == 0, again.stderr
        index = open_index(elasticsearch, IndexSettings())
        index.refresh()
        assert index.count() == len(newsroom.newsroom.expected.articles)
        index.close()
