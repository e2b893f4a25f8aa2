"""Results are waited for in order, and what takes long keeps nothing else waiting."""

from __future__ import annotations

import math
import threading
from concurrent.futures import Future

from pipeline.result_waiting import WaitingLine, wait_until_done


def done(value):
    future = Future()
    future.set_result(value)
    return future


def line_of(*futures, **options):
    line = WaitingLine(**options)
    for number, future in enumerate(futures):
        line.add(number, future)
    return line


def test_what_is_done_is_taken_in_order():
    line = line_of(done("a"), done("b"), done("c"))
    assert [line.take().number for _ in range(3)] == [0, 1, 2]
    assert len(line) == 0


def test_what_takes_long_lets_those_behind_it_go_first():
    slow = Future()
    line = line_of(slow, done("b"), Future(), done("d"), patience=0.0)
    assert [line.take().number for _ in range(2)] == [1, 3]
    slow.set_result("a")
    assert line.take().number == 0


def test_with_endless_patience_the_order_holds():
    slow = Future()
    line = line_of(slow, done("b"), meanwhile=lambda: slow.set_result("a"), patience=math.inf)
    assert [line.take().number for _ in range(2)] == [0, 1]


def test_something_else_is_done_again_and_again_until_a_result_is_there():
    future, calls = Future(), []

    def meanwhile():
        calls.append(None)
        if len(calls) == 3:
            future.set_result("late")

    wait_until_done(future, meanwhile)
    assert (future.result(), len(calls)) == ("late", 3)


def test_a_future_that_is_cancelled_or_fails_is_done():
    cancelled, failed = Future(), Future()
    cancelled.cancel()
    threading.Timer(0.01, failed.set_exception, [TimeoutError()]).start()
    for future in (cancelled, failed):
        wait_until_done(future)
        assert future.done()


def test_what_still_waits_can_be_cancelled():
    futures = [Future(), Future()]
    line_of(*futures).cancel()
    assert all(future.cancelled() for future in futures)
