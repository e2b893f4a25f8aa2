"""Threads get the lock in the order in which they asked for it."""

from __future__ import annotations

import threading
import time

from pipeline.store.fair_lock import FairLock

LONG = 60.0


def waiting(lock):
    return len(lock._waiting)


def test_the_lock_goes_to_whoever_has_waited_longest():
    lock, order, threads = FairLock(), [], []
    assert lock.acquire(LONG)

    def work(number):
        assert lock.acquire(LONG)
        order.append(number)
        lock.release()

    for number in range(5):
        threads.append(threading.Thread(target=work, args=(number,)))
        threads[-1].start()
        while waiting(lock) <= number:
            time.sleep(0.001)
    lock.release()
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4]
    assert lock.acquire(0)  # it is free again


def test_who_waits_in_vain_leaves_the_queue_and_blocks_nobody():
    lock = FairLock()
    assert lock.acquire(LONG)
    assert not lock.acquire(0.01)
    assert waiting(lock) == 0
    lock.release()
    assert lock.acquire(0)
