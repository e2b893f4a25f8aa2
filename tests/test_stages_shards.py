"""How many shards a run has, and that shards side by side share what waits: nothing is taken twice."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time

import pytest

from pipeline.intake.submissions import submit_article
from pipeline.settings import Settings
from pipeline.stages import Context
from pipeline.stages.shards import choose_shards
from tests.helpers.newsstand import page
from tests.helpers.support import places
from tests.helpers.web import serve


@pytest.mark.parametrize(("batches", "most", "count"), [(0, 4, 1), (0.4, 4, 1), (1.0, 4, 1), (1.2, 4, 2), (50, 4, 4)])
def test_a_run_has_a_shard_for_each_batch_that_waits_up_to_the_slots_of_the_pool(batches, most, count):
    assert choose_shards(batches, most) == count


FETCH = """
import json, sys, time
from pathlib import Path
from pipeline.stages import run_stage
Path(sys.argv[1]).touch()
while not Path(sys.argv[2]).exists():
    time.sleep(0.01)
print(json.dumps(run_stage("fetch", seconds=60)))
"""


@pytest.mark.slow
def test_three_workers_on_one_ledger_share_the_pages_and_fetch_none_twice(tmp_path, store_url):
    with contextlib.ExitStack() as stack:
        sites = [stack.enter_context(serve(f"127.0.0.{n}")) for n in range(2, 14)]
        urls = {site.page(f"/{n}", page(f"Title {n}")) for site in sites for n in range(6)}
        config = tmp_path / "config"
        config.mkdir()
        ports = [site.port for site in sites]
        (config / "newswire.toml").write_text(
            f'[fetch]\nallow_addresses = ["127.0.0.0/8"]\nallow_ports = {ports}\nper_host_delay_seconds = 0.3\n'
            "concurrency = 1\nobey_robots = false\n"
        )
        environment = places(tmp_path, store_url)
        with Context(Settings(), [], environment, config=config) as context, context.store.write() as connection:
            for url in sorted(urls):
                submit_article(context, connection, {"url": url})
        variables = {
            "NEWSWIRE_CONFIG": str(config),
            "NEWSWIRE_HOME": str(tmp_path),
            "NEWSWIRE_STORE_URL": store_url,
            "NEWSWIRE_ARCHIVE_URL": environment.archive_url,
        }
        ready = [tmp_path / f"ready{n}" for n in range(3)]
        workers = [
            subprocess.Popen(
                [sys.executable, "-c", FETCH, file, tmp_path / "go"],
                env=os.environ | variables,
                stdout=subprocess.PIPE,
                text=True,
            )
            for file in ready
        ]
        until = time.monotonic() + 120
        while not all(file.exists() for file in ready) and time.monotonic() < until:
            time.sleep(0.05)
        (tmp_path / "go").touch()
        counts = [json.loads(worker.communicate(timeout=120)[0]) for worker in workers]
    asked = [site.url(request.path) for site in sites for request in site.requests]
    assert sorted(asked) == sorted(urls)
    assert sum(count["done"] for count in counts) == len(urls)
    assert sum(count["done"] > 0 for count in counts) > 1  # one that is slow to begin may find nothing left
