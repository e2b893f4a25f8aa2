from __future__ import annotations

import contextlib
import multiprocessing

import billiard
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


def run_workers(shown):
    with Workers(abs, count=1, seconds=60) as pool:
        shown.write_text(repr(list(pool.map([-1, -2]))), encoding="ascii")


@pytest.mark.parametrize("others", [0, 1], ids=["in its first child", "where the parent has workers too"])
def test_workers_start_in_a_process_of_celerys_pool(tmp_path, others):
    shown = tmp_path / "shown"
    with contextlib.ExitStack() as parents_own:
        for _ in range(others):
            pool = parents_own.enter_context(Workers(abs, count=1, seconds=60))
            assert list(pool.map([-3])) == [3]
        task = billiard.get_context("fork").Process(target=run_workers, args=(shown,), daemon=True)
        task.start()
        task.join()
        assert shown.read_text(encoding="ascii") == "[1, 2]"
        assert [list(pool.map([-4])) for _ in range(others)] == [[4]] * others


def test_workers_start_in_a_daemon_as_in_a_task_that_celery_runs(daemon):
    with Workers(abs, count=1, seconds=60) as pool:
        assert list(pool.map([-1, -2])) == [1, 2]
