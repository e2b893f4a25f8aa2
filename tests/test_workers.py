"""Facts about processes that may be killed: what becomes of an item that loops, eats memory, crashes or raises."""

from __future__ import annotations

import itertools
import os
import time

import pytest

from pipeline.errors import ItemError
from pipeline.records import Outcome, Reason
from pipeline.workers import Workers


def work(item):
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
