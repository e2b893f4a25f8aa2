import functools
import json
import threading
import time

from bench.sampled_newswire import Sampler, TimedExecutor


def spend_time(ended):
    while not ended.is_set():
        sum(range(1000))


def test_cpu_time_is_put_down_to_the_function_that_a_thread_is_in(tmp_path):
    ended = threading.Event()
    thread = threading.Thread(target=spend_time, args=(ended,))
    thread.start()
    sampler = Sampler(tmp_path / "notes.json")
    for _ in range(10):
        sampler.look()
        time.sleep(0.02)
    ended.set()
    thread.join()
    sampler.end()
    notes = json.loads((tmp_path / "notes.json").read_text())
    busiest = max(notes["alone"], key=notes["alone"].get)
    assert busiest == "tests/test_bench_sampled_newswire.py:spend_time"
    assert notes["with_callees"][busiest] == notes["alone"][busiest]
    assert sum(notes["by_stage"].values()) <= notes["process_cpu"]


def test_calls_on_threads_are_counted_and_timed_by_function():
    with TimedExecutor(2) as executor:
        assert list(executor.map(len, ["a", "bc"])) == [1, 2]
        assert executor.submit(functools.partial(sum, range(300_000))).result() == 44999850000
    assert TimedExecutor.calls["len"][0] == 2
    assert TimedExecutor.calls["sum"][1] > TimedExecutor.calls["len"][1] > 0
