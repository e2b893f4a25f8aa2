"""Facts about processes that may be killed: what becomes of an item that loops, eats memory, crashes or raises."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time

import pytest

from pipeline.errors import ItemError, WorkersError
from pipeline.records import Outcome, Reason
from pipeline.workers import Workers

kept = []


def work(item):  # noqa: C901  (each case is one line)
    """Do what the item says: run in a worker, so it has to be importable there."""
    match item:
        case "loop":
            while True:
                pass
        case "crash":
            os.abort()
        case "eat":
            return len(bytearray(4 * 1024**3))
        case "refuse":
            raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, "nothing in it")
        case "bug":
            raise ZeroDivisionError
        case "exit":
            os._exit(0)
        case "grow":
            kept.append(bytearray(500 * 1024**2))
            return os.getpid()
        case "unsendable":
            return lambda: None
        case "slow":
            time.sleep(0.2)
    return os.getpid() if item == "who" else item


def workers(count=1, seconds=20.0, **more):
    return Workers(work, count=count, seconds=seconds, **more)


def test_results_come_in_the_order_of_the_items():
    with workers(count=2) as pool:
        assert list(pool.map(["slow", 1, 2, "slow", 3])) == ["slow", 1, 2, "slow", 3]


def test_an_item_that_loops_is_stopped_and_the_others_go_on():
    with workers(seconds=1.0) as pool:
        first, second = pool.map(["loop", "next"])
    assert (first.outcome, first.reason) == (Outcome.QUARANTINED, Reason.TOO_SLOW)
    assert "1 s" in first.detail
    assert second == "next"


def test_an_item_that_crashes_its_process_is_lost_alone():
    with workers() as pool:
        first, second = pool.map(["crash", "next"])
    assert (first.outcome, first.reason) == (Outcome.QUARANTINED, Reason.CRASHED)
    assert second == "next"


def test_an_item_that_needs_too_much_memory_is_refused():
    with workers(memory_mb=1024) as pool:
        first, second = pool.map(["eat", "next"])
    assert (first.outcome, first.reason) == (Outcome.QUARANTINED, Reason.TOO_LARGE)
    assert second == "next"


def test_an_item_error_comes_back_whole():
    with workers() as pool:
        (error,) = pool.map(["refuse"])
    assert (error.outcome, error.reason, error.detail) == (Outcome.DROPPED, Reason.NO_TEXT, "nothing in it")


def test_an_item_error_among_the_items_is_handed_on_in_its_place():
    error = ItemError(Outcome.RETRY, Reason.ARCHIVE, "away")
    with workers() as pool:
        assert list(pool.map([1, error, 2])) == [1, error, 2]


def test_an_error_of_ours_is_raised():
    with workers() as pool, pytest.raises(ZeroDivisionError):
        list(pool.map(["bug"]))


def test_an_endless_input_is_read_only_a_little_ahead():
    read = []

    def items():
        for number in itertools.count():
            read.append(number)
            yield number

    with workers() as pool:
        made = pool.map(items())
        assert [next(made) for _ in range(3)] == [0, 1, 2]
    assert len(read) < 20


def test_a_worker_is_replaced_after_some_items():
    with workers(recycle=2) as pool:
        assert len(set(pool.map(["who"] * 6))) >= 2


def test_a_worker_that_ends_by_itself_without_an_answer_is_replaced():
    with workers() as pool:
        first, second = pool.map(["exit", "next"])
    assert (first.outcome, first.reason) == (Outcome.QUARANTINED, Reason.CRASHED)
    assert second == "next"


def test_a_worker_that_is_killed_while_it_waits_loses_at_most_one_item_and_is_replaced():
    with workers() as pool:
        (pid,) = pool.map(["who"])
        os.kill(pid, signal.SIGKILL)
        made = list(pool.map(["who", "who"]))
    assert made[-1] not in {pid, None}
    assert sum(isinstance(one, ItemError) for one in made) <= 1


def test_a_result_that_cannot_be_sent_is_an_error_of_ours():
    with workers() as pool:
        with pytest.raises(TypeError, match="can't be sent"):
            list(pool.map(["unsendable"]))
        assert list(pool.map([1])) == [1]


def test_an_error_of_ours_tells_where_in_the_worker_it_arose():
    with workers() as pool, pytest.raises(ZeroDivisionError) as caught:
        list(pool.map(["bug"]))
    assert "in work" in caught.value.__notes__[0]


@pytest.mark.parametrize("count", [1, 3])
def test_workers_without_room_for_their_modules_fail_and_say_so(count):
    with workers(count=count, memory_mb=60) as pool, pytest.raises(WorkersError, match="raise memory_mb"):
        list(pool.map(range(100)))


FAULTY = """
import sys
sys.path.insert(0, {folder!r})
import {module}
from pipeline.workers import Workers, preload
from pipeline.errors import WorkersError
{module}.broken.write_text("x")
with Workers({module}.work, count=2, seconds=5) as pool:
    try:
        print(list(pool.map(range(50))))
    except WorkersError as error:
        print("WorkersError:", error)
"""
# each can be imported by the program and not by its workers
FAULTS = {
    "raises": 'raise RuntimeError("no licence")',
    "is_missing": "import no_such_module",
    "ends": "import os; os._exit(3)",
    "crashes": "import os; os.abort()",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_workers_that_die_at_their_start_are_one_clear_error_and_nobody_waits(tmp_path, fault):
    (tmp_path / f"{fault}.py").write_text(
        "import pathlib\n"
        f"broken = pathlib.Path({str(tmp_path / 'broken')!r})\n"
        "def work(item): return item\n"
        f"if broken.exists():\n    {FAULTS[fault]}\n"
    )
    program = FAULTY.format(folder=str(tmp_path), module=fault)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.startswith("WorkersError: "), done.stderr
    assert done.stdout.count("\n") == 1


ORPHANING = """
import os, time
from pipeline.workers import Workers
from tests.test_workers import work
pool = Workers(work, count=1, seconds=1.0)
print(pool.submit("who").result(), flush=True)
pool.submit("loop")
time.sleep(0.5)
os.kill(os.getpid(), 9)
"""


@pytest.mark.slow
def test_a_worker_whose_program_was_killed_ends_by_itself():
    done = subprocess.run([sys.executable, "-c", ORPHANING], stdout=subprocess.PIPE, text=True, check=False, timeout=60)
    pid = int(done.stdout)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.2)
    pytest.fail("it still runs")


def test_a_worker_that_has_grown_is_replaced():
    with workers() as pool:
        grown, after, again = pool.map(["grow", "who", "who"])
    assert grown != after
    assert after == again
