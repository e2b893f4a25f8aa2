from __future__ import annotations

import multiprocessing

import pytest

from pipeline.process_parent import as_parent
from pipeline.workers import Workers


@pytest.fixture
def daemon():
    config = multiprocessing.current_process()._config
    config["daemon"] = True
    yield config
    del config["daemon"]


def test_a_daemon_may_start_processes_in_the_block_and_is_one_still(daemon):
    with as_parent():
        assert not daemon.get("daemon")
    assert daemon["daemon"] is True


def test_who_is_no_daemon_stays_so():
    with as_parent():
        pass
    assert not multiprocessing.current_process()._config.get("daemon")


def test_workers_start_in_a_daemon_as_in_a_task_that_celery_runs(daemon):
    with Workers(abs, count=1, seconds=60) as pool:
        assert list(pool.map([-1, -2])) == [1, 2]
