"""Facts about processes that may be killed: what becomes of an item that loops, eats memory, crashes or raises."""

from __future__ import annotations

import contextlib
import errno
import itertools
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
from multiprocessing import forkserver
from pathlib import Path

import pytest

from pipeline import workers as preloading
from pipeline.errors import ItemError, WorkersError
from pipeline.records import Outcome, Reason
from pipeline.worker_turnover import worker_turnover
from pipeline.workers import Workers
from tests.helpers.support import REPO

kept = []


def work(item):  # noqa: C901, PLR0912  (each case is one line)
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
        case "sleep":
            time.sleep(600)
        case ("once", path):
            return sleep_at_the_first_call(path)
        case ("always", path):
            Path(path).write_text(str(os.getpid()))
            time.sleep(600)
    return os.getpid() if item == "who" else item


def sleep_at_the_first_call(path):
    """Note this process's number and sleep, unless a number is noted already."""
    if not Path(path).exists():
        Path(path).write_text(str(os.getpid()))
        time.sleep(600)
    return os.getpid()


@pytest.fixture(autouse=True, scope="module")
def _quick_fork_server():
    """Have a fork server here that is ready soon after it was killed, as it imports little."""
    preloaded = list(preloading._preloaded)
    preloading._preloaded[:] = ["pipeline.fork_server"]
    forkserver._forkserver._stop()
    yield
    preloading._preloaded[:] = preloaded
    forkserver._forkserver._stop()


def workers(count=1, seconds=20.0, **more):
    return Workers(work, count=count, seconds=seconds, **more)


def test_processes_can_be_started_before_there_is_an_item():
    with Workers(work, count=2, seconds=60) as pool:
        pool.start()
        until = time.monotonic() + 120
        while len(pids := pool.pids()) < 2:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert set(pool.map(["who"] * 4)) <= set(pids)


def test_an_item_that_takes_long_lets_those_behind_it_go_first(tmp_path):
    with Workers(work, count=2, seconds=60) as pool:
        results = pool.map_soon([("once", str(tmp_path / "pid")), 1, 2])
        assert sorted(next(results)[0] for _ in range(2)) == [1, 2]
        pool.give_up()
        with pytest.raises(WorkersError):
            next(results)


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


def test_a_worker_that_is_killed_while_it_waits_loses_nothing_and_is_replaced():
    with workers() as pool:
        (pid,) = pool.map(["who"])
        os.kill(pid, signal.SIGKILL)
        first, second = pool.map(["who", "who"])
    assert first == second != pid


def wait_for_text(path):
    """Return what a worker writes to a file."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if path.exists() and (text := path.read_text()):
            return text
        time.sleep(0.01)
    raise AssertionError(path)


def test_the_item_of_a_worker_that_is_killed_goes_to_another_one_and_one_line_tells_of_it(tmp_path, caplog):
    with workers(name="pages") as pool:
        future = pool.submit(("once", str(tmp_path / "pid")))
        pid = int(wait_for_text(tmp_path / "pid"))
        os.kill(pid, signal.SIGKILL)
        assert pool.wait_result(future) != pid
    (line,) = [record.getMessage() for record in caplog.records]
    assert f"pages: worker {pid} was ended by SIGKILL, while it had ('once'" in line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_ends_a_program_is_left_to_it_by_its_workers_and_what_they_are_forked_from(number):
    with workers() as pool:
        (pid,) = pool.map(["who"])
        server = fork_server()
        for process in (pid, server):
            os.kill(process, number)
        assert list(pool.map(["slow", "who"])) == ["slow", pid]
        assert is_running(server)
    assert not is_running(pid)


def test_a_program_that_ends_without_closing_its_workers_takes_them_with_it():
    program = (
        "from pipeline.workers import Workers; import tests.test_workers as t\n"
        "pool = Workers(t.work, count=1, seconds=60.0)\n"
        "print(pool.wait_result(pool.submit('who')), flush=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=REPO, check=False)
    assert done.returncode == 0, done.stderr
    assert not is_running(int(done.stdout))


def test_an_item_whose_workers_are_killed_again_and_again_is_tried_later(tmp_path):
    with workers() as pool:
        future = pool.submit(("always", str(tmp_path / "pid")))
        for _ in range(3):
            os.kill(int(wait_for_text(tmp_path / "pid")), signal.SIGKILL)
            (tmp_path / "pid").unlink()
        error = pool.wait_result(future)
        assert pool.wait_result(pool.submit("next")) == "next"
    assert (error.outcome, error.reason, error.tried) == (Outcome.RETRY, Reason.CRASHED, False)
    assert "3 times" in error.detail


def fork_server():
    return forkserver._forkserver._forkserver_pid


def test_workers_outlive_the_process_that_they_were_forked_from(tmp_path):
    with workers(count=2) as pool:
        (pid,) = pool.map(["who"])
        future = pool.submit(("once", str(tmp_path / "pid")))
        busy = int(wait_for_text(tmp_path / "pid"))
        os.kill(fork_server(), signal.SIGKILL)
        assert set(pool.map(["who"] * 4)) >= {pid} - {busy}
        os.kill(busy, signal.SIGKILL)
        assert pool.wait_result(future) != busy


def test_a_worker_that_loops_is_stopped_although_the_process_that_it_was_forked_from_is_gone(tmp_path):
    with workers(seconds=2.0) as pool:
        future = pool.submit(("always", str(tmp_path / "pid")))
        pid = int(wait_for_text(tmp_path / "pid"))
        os.kill(fork_server(), signal.SIGKILL)
        assert pool.wait_result(future).reason is Reason.TOO_SLOW
        assert pool.wait_result(pool.submit("next")) == "next"
    assert not is_running(pid)


def test_whatever_is_killed_at_whatever_moment_all_results_come(tmp_path):
    """A seeded loop that kills workers and the process that they are forked from, while two threads use the pool."""
    choice, results, stop = random.Random(7), {}, threading.Event()
    with workers(count=2) as pool:

        def use(first):
            results[first] = list(pool.map(("slow" if n % 5 == 0 else n) for n in range(first, first + 40)))

        def kill():
            started = 0  # workers, when what they are forked from was killed last: it is given time to start one
            while not stop.wait(choice.random() * 0.3):
                with pool._lock:
                    victims = [worker.pid for worker in pool._active]
                victims += [fork_server()] if choice.random() < 0.1 and worker_turnover().started > started else []
                if victims:
                    victim = choice.choice(victims)
                    started = worker_turnover().started if victim == fork_server() else started
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(victim, signal.SIGKILL)

        users = [threading.Thread(target=use, args=(first,)) for first in (0, 100)]
        killer = threading.Thread(target=kill)
        for thread in (*users, killer):
            thread.start()
        for thread in users:
            thread.join()
        stop.set()
        killer.join()
    for first in (0, 100):
        expected = [("slow" if n % 5 == 0 else n) for n in range(first, first + 40)]
        lost = [result for result in results[first] if isinstance(result, ItemError)]
        assert all(error.outcome is Outcome.RETRY for error in lost)
        assert [r for r in results[first] if not isinstance(r, ItemError)] == [
            e for e, r in zip(expected, results[first], strict=True) if not isinstance(r, ItemError)
        ]


def test_where_no_worker_can_be_started_the_items_at_hand_fail_and_later_ones_are_tried_again(monkeypatch):
    room = threading.Event()
    start = multiprocessing.context.ForkServerProcess._Popen

    def refuse(process):
        if not room.is_set():
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        return start(process)

    monkeypatch.setattr(multiprocessing.context.ForkServerProcess, "_Popen", staticmethod(refuse))
    with workers(count=2) as pool:
        with pytest.raises(WorkersError, match=r"no worker process can be started: .* temporarily unavailable"):
            list(pool.map(range(20)))
        room.set()
        assert list(pool.map(range(20))) == list(range(20))


@pytest.mark.parametrize("others", [0, 1])
def test_whatever_error_starting_a_worker_ends_with_reaches_who_waits_and_later_items_are_tried_again(
    monkeypatch, others
):
    begun = itertools.count()
    room = threading.Event()
    start = multiprocessing.context.ForkServerProcess._Popen

    def break_down(process):
        if next(begun) >= others and not room.is_set():
            raise LookupError("a fault of the program")
        return start(process)

    monkeypatch.setattr(multiprocessing.context.ForkServerProcess, "_Popen", staticmethod(break_down))
    with workers(count=2) as pool:
        waiting = [pool.submit("slow") for _ in range(20)]
        with pytest.raises(LookupError, match="a fault of the program"):
            [pool.wait_result(future) for future in waiting]
        room.set()
        assert list(pool.map(range(20))) == list(range(20))


def test_where_no_thread_can_be_started_for_a_worker_that_is_said_and_the_pool_is_closed_as_ever(monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(WorkersError, match="can't start new thread"), workers() as pool:
        pool.start()


def test_where_only_one_worker_can_be_started_it_does_the_work_of_all(monkeypatch):
    started = []
    start = multiprocessing.context.ForkServerProcess._Popen

    def start_once(process):
        if started:
            raise OSError(errno.ENOMEM, "Cannot allocate memory")
        started.append(start(process))
        return started[0]

    monkeypatch.setattr(multiprocessing.context.ForkServerProcess, "_Popen", staticmethod(start_once))
    with workers(count=3) as pool:
        (pid,) = pool.map(["who"])
        assert set(pool.map(["who"] * 30)) == {pid}


def test_several_threads_share_a_pool_and_each_gets_its_own_results():
    results = {}
    with workers(count=2) as pool:

        def use(first):
            results[first] = list(pool.map(range(first, first + 50)))

        threads = [threading.Thread(target=use, args=(first,)) for first in (0, 1000, 2000)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(pool._threads) <= 2
    assert results == {first: list(range(first, first + 50)) for first in (0, 1000, 2000)}


def test_what_a_caller_had_read_ahead_is_left_out_when_it_gives_up(tmp_path):
    with workers() as pool:
        results = pool.map(["bug", "slow", "slow", "slow", ("once", str(tmp_path / "pid"))])
        with pytest.raises(ZeroDivisionError):
            next(results)
        assert pool.wait_result(pool.submit("more")) == "more"
    assert not (tmp_path / "pid").exists()


def test_work_that_is_given_up_ends_at_once_and_says_so(tmp_path):
    with workers() as pool:
        busy, waiting = pool.submit(("always", str(tmp_path / "pid"))), pool.submit("next")
        wait_for_text(tmp_path / "pid")
        pool.give_up()
        for future in (busy, waiting, pool.submit("later")):
            with pytest.raises(WorkersError, match="given up"):
                pool.wait_result(future)


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
from multiprocessing import forkserver
from pipeline.worker_turnover import worker_turnover
from pipeline.workers import Workers
from tests.helpers.support import REPO
from tests.test_workers import work
pool = Workers(work, count=2, seconds=1.0)
loop = pool.submit("loop")
time.sleep(0.5)
print(pool.submit("who").result(), *[w.pid for w in pool._active], forkserver._forkserver._forkserver_pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_the_workers_of_a_program_that_was_killed_end_by_themselves():
    done = subprocess.run([sys.executable, "-c", ORPHANING], stdout=subprocess.PIPE, text=True, check=False, timeout=60)
    remaining = {int(pid) for pid in done.stdout.split()}
    assert len(remaining) == 3
    deadline = time.monotonic() + 60
    while remaining and time.monotonic() < deadline:
        remaining = {pid for pid in remaining if is_running(pid)}
        time.sleep(0.05)
    assert not remaining


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_workers_are_counted_by_what_became_of_them():
    before = worker_turnover()
    with workers() as pool:
        list(pool.map(["grow", "who"]))
    grown = worker_turnover()
    assert (grown.started - before.started, grown.replaced - before.replaced) == (2, 1)
    with workers() as pool:
        list(pool.map(["crash", "next"]))
    assert worker_turnover().died > grown.died


def test_a_worker_that_has_grown_is_replaced():
    with workers() as pool:
        grown, after, again = pool.map(["grow", "who", "who"])
    assert grown != after
    assert after == again
