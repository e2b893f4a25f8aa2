"""Messages are sent in order, each once; what isn't taken is tried again, later and later, and given up at last."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.alert_records import Delivery, DeliveryState, Message
from pipeline.notifiers import NotifierError, send_waiting
from pipeline.notifiers.retrying import MOST_ATTEMPTS, after_attempt
from tests.helpers.support import NOW

MINUTE = dt.timedelta(minutes=1)


class Recorder:
    """Takes messages, but for those that it was told not to."""

    def __init__(self, *faults):
        self.faults, self.taken = list(faults), []

    def send(self, message):
        if self.faults and (fault := self.faults.pop(0)):
            raise fault
        self.taken.append(message.id)


def message(name, at=NOW):
    return Message(id=name, at=at, subject=name, text=name)


def put(store, *names, notifiers=("a",)):
    with store.write() as connection:
        for name in names:
            store.deliveries.add(connection, notifiers, message(name))


def listed(store, state=DeliveryState.DEAD):
    with store.read() as connection:
        return store.deliveries.list_deliveries(connection, [state])


def send(store, recorder, minutes=0, name="a"):
    return send_waiting(store, {name: recorder}, lambda: NOW + minutes * MINUTE)


def test_messages_are_sent_once_in_their_order(store):
    put(store, "1", "2", "3", notifiers=("a", "b"))
    a, b = Recorder(), Recorder()
    assert send(store, a) == 3
    assert send(store, a) == 0
    assert send(store, b, name="b") == 3
    assert a.taken == b.taken == ["1", "2", "3"]


def test_a_message_that_is_not_taken_holds_the_later_ones_back_until_it_is(store):
    put(store, "1", "2")
    recorder = Recorder(NotifierError("away"), NotifierError("away"))
    assert [send(store, recorder, minutes) for minutes in (0, 0.5, 1, 2, 3, 4)] == [0, 0, 0, 0, 2, 0]
    assert recorder.taken == ["1", "2"]


def test_a_message_that_will_never_be_taken_is_listed_until_a_person_sends_it_again(store):
    put(store, "1", "2")
    recorder = Recorder(NotifierError("it answered 410", is_final=True))
    assert send(store, recorder) == 1
    (dead,) = listed(store)
    assert (dead.message.id, dead.error, dead.attempts) == ("1", "it answered 410", 1)
    with store.write() as connection:
        assert store.deliveries.revive(connection, [dead.n + 7], NOW) == 0
        assert store.deliveries.revive(connection, [dead.n], NOW) == 1
    assert send(store, recorder) == 1
    assert recorder.taken == ["2", "1"]
    assert listed(store) == []


def test_a_message_that_another_program_is_sending_is_left_to_it_until_its_lease_ends(store):
    put(store, "1", "2")
    with store.write() as connection:
        store.deliveries.claim(connection, "a", NOW, 300)
    recorder = Recorder()
    assert [send(store, recorder, minutes) for minutes in (0, 4.9, 5.1)] == [0, 0, 2]


def test_messages_of_a_notifier_that_is_gone_are_given_up_and_old_ones_forgotten(store):
    put(store, "1", notifiers=("a", "gone"))
    send(store, Recorder())
    with store.write() as connection:
        store.deliveries.give_up(connection, ["a"], NOW, "no such notifier")
        assert listed(store) == []  # it isn't old yet
        store.deliveries.give_up(connection, ["a"], NOW + MINUTE, "no such notifier")
    assert [dead.notifier for dead in listed(store)] == ["gone"]
    with store.write() as connection:
        store.deliveries.delete_old(connection, sent=NOW + MINUTE, dead=NOW)
    assert (len(listed(store)), len(listed(store, DeliveryState.SENT))) == (1, 0)


@given(st.lists(st.one_of(st.none(), st.floats(0, 10_000)), max_size=30))
def test_attempts_come_later_and_later_and_end(waits):
    delivery = Delivery(n=1, notifier="a", state=DeliveryState.WAITING, message=message("1"), due=NOW)
    now, intervals = NOW, []
    for wait in waits[:MOST_ATTEMPTS]:
        delivery = after_attempt(delivery, NotifierError("away", retry_after=wait), now)
        intervals.append((delivery.due - now) / MINUTE)
        if delivery.state is DeliveryState.DEAD:
            break
        assert 1 <= intervals[-1] <= 60
        now = delivery.due
    assert (delivery.state is DeliveryState.DEAD) is (len(waits) >= MOST_ATTEMPTS)
    if waits and not any(waits):
        assert intervals == [min(2**n, 60) for n in range(len(intervals))][: MOST_ATTEMPTS - 1] + [0] * (
            len(waits) >= MOST_ATTEMPTS
        )
    assert after_attempt(delivery, None, now).state is DeliveryState.SENT


def test_a_fault_of_ours_is_not_taken_for_the_receivers(store):
    put(store, "1")
    with pytest.raises(ZeroDivisionError):
        send(store, Recorder(ZeroDivisionError()))
    assert send(store, Recorder(), 6) == 1
