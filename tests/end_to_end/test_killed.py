"""Stages that are killed at any moment and run again end with the same index as those that nobody disturbed.

The stages run one after the other, so that the order in which articles come is the same each time; a stream that is
killed is the subject of test_killed_anywhere.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pipeline.demo.server import serve_newsroom
from pipeline.index import open_index
from pipeline.settings import IndexSettings
from tests.helpers.support import documents, drop_postgres, elasticsearch_alias, make_postgres, write_config

# Runs the stages one after the other, and kills itself (SIGKILL) in the transaction that saves a batch of the named
# stage: after everything is written and before it is committed, the moment at which most could be lost. For index that
# is after the documents are in the index.
KILLER = """
import os, signal, sys
from pipeline.stages import open_context, run_all
from pipeline.store.feeds import FeedStates
from pipeline.store.ledger import Ledger

stage, batch = sys.argv.pop(1), int(sys.argv.pop(1))
finish, save, calls = Ledger.finish, FeedStates.save, []

def die_at(what):
    calls.append(what)
    if calls.count(stage) == batch:
        os.kill(os.getpid(), signal.SIGKILL)

def killing_finish(self, connection, now_at, *arguments, **more):
    saved = finish(self, connection, now_at, *arguments, **more)
    connection.exec_driver_sql("SELECT 1")
    die_at(str(now_at))
    return saved

def killing_save(self, connection, state):
    saved = save(self, connection, state)
    die_at("poll")
    return saved

Ledger.finish, FeedStates.save = killing_finish, killing_save
with open_context() as context:
    run_all(context)
"""
STAGES = ("poll", "fetch", "extract", "dedupe", "enrich", "cluster", "index")


@pytest.fixture(scope="module")
def newsroom():
    with serve_newsroom() as server:
        yield server


@pytest.fixture(scope="module")
def config(newsroom, tmp_path_factory):
    return write_config(tmp_path_factory.mktemp("config"), newsroom.sources)


def run(environment, *kill):
    command = [sys.executable, "-c", KILLER, *(kill or ("nothing", "1"))]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


def kill_in_each_stage(environment, batch):
    """Run until a batch of the first stage kills it, again until one of the next stage does, and then undisturbed."""
    for stage in STAGES:
        assert run(environment, stage, str(batch)).returncode == -9, stage
    done = run(environment)
    assert done.returncode == 0, done.stderr


def embedded(config, home):
    return {"NEWSWIRE_CONFIG": str(config), "NEWSWIRE_HOME": str(home)}


@pytest.fixture(scope="module")
def undisturbed(config, tmp_path_factory):
    home = tmp_path_factory.mktemp("undisturbed")
    done = run(embedded(config, home))
    assert done.returncode == 0, done.stderr
    index = open_index(f"sqlite:///{home}/index.db", IndexSettings())
    made = documents(index)
    index.close()
    assert len(made) > 50
    return made


@pytest.mark.slow
def test_killed_in_stage_after_stage_it_still_ends_the_same(config, undisturbed, tmp_path):
    environment = embedded(config, tmp_path)
    kill_in_each_stage(environment, batch=1)
    index = open_index(f"sqlite:///{tmp_path}/index.db", IndexSettings())
    assert documents(index) == undisturbed
    index.close()


@pytest.mark.slow
def test_the_same_run_twice_adds_nothing(config, undisturbed, tmp_path):
    environment = embedded(config, tmp_path)
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.cli", "run", "--now", "--json"],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert '"new":' not in done.stdout.replace('"new":0', "")
    index = open_index(f"sqlite:///{tmp_path}/index.db", IndexSettings())
    names = ("url", "title", "text", "authors", "published", "people", "is_primary")  # whatever came first
    found, expected = (
        {i: [document[name] for name in names] for i, document in each.items()}
        for each in (documents(index), undisturbed)
    )
    assert found == expected
    index.close()


@pytest.mark.servers
def test_killed_in_stage_after_stage_the_cluster_index_is_the_same(newsroom, undisturbed, tmp_path):
    config = write_config(tmp_path / "config", newsroom.sources)
    store = make_postgres()
    with elasticsearch_alias() as alias:
        with (config / "newswire.toml").open("a", encoding="utf-8") as file:
            file.write(f'[index]\nalias = "{alias}"\n')
        address = os.environ["NEWSWIRE_TEST_ELASTICSEARCH"]
        environment = {
            "NEWSWIRE_CONFIG": str(config),
            "NEWSWIRE_HOME": str(tmp_path),
            "NEWSWIRE_STORE_URL": store,
            "NEWSWIRE_INDEX_URL": address,
        }
        kill_in_each_stage(environment, batch=2)
        index = open_index(address, IndexSettings(alias=alias))
        assert documents(index) == undisturbed
        index.close()
    drop_postgres(store)
