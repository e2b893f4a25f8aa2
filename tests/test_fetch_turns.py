from __future__ import annotations

import collections

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fetch.turns import AHEAD_SECONDS, MOST_PER_HOST, HostQueue, WaitingTurn, choose_turns, turns_within

SECONDS = st.floats(0, 1000, allow_nan=False)
WAITING = st.lists(
    st.builds(WaitingTurn, st.integers(0, 40).map(str), st.sampled_from("abcde"), st.integers(0, 20)),
    unique_by=lambda turn: turn.host,
)


@given(ready_in=SECONDS, delay=SECONDS, taken=st.integers(0, 50))
def test_no_more_is_taken_on_than_can_be_asked_within_the_next_seconds(ready_in, delay, taken):
    turns = turns_within(ready_in, delay, taken=taken)
    assert 0 <= turns <= MOST_PER_HOST
    assert turns == 0 or ready_in + (turns - 1) * delay <= AHEAD_SECONDS * (1 + 1e-9)
    assert turns > 0 or ready_in > AHEAD_SECONDS or taken >= MOST_PER_HOST


def test_a_host_with_two_minutes_between_requests_gets_one_turn_and_the_usual_one_a_few():
    assert turns_within(0.0, 120.0) == 1
    assert turns_within(60.0, 120.0) == 0
    assert turns_within(0.0, 1.0) == AHEAD_SECONDS + 1
    assert turns_within(0.0, 0.0) == MOST_PER_HOST
    assert turns_within(0.0, 0.0, taken=MOST_PER_HOST) == 0


@given(waiting=WAITING, room=st.integers(-3, 60), per_provider=st.integers(1, 10), taken=st.integers(0, 12))
def test_what_is_chosen_keeps_all_limits_and_leaves_no_room_that_somebody_wants(waiting, room, per_provider, taken):
    before = {"a": taken}
    chosen = choose_turns(waiting, room=room, per_provider=per_provider, taken=before)
    by_host = {turn.host: turn for turn in waiting}
    by_provider = collections.Counter(before)
    for host, turns in chosen.items():
        assert 1 <= turns <= by_host[host].turns
        by_provider[by_host[host].provider] += turns
    assert sum(chosen.values()) <= max(room, 0)
    assert all(count <= max(per_provider, before.get(provider, 0)) for provider, count in by_provider.items())
    if sum(chosen.values()) < room:
        left = (turn for turn in waiting if chosen.get(turn.host, 0) < turn.turns)
        assert all(by_provider[turn.provider] >= per_provider for turn in left)


@given(waiting=WAITING, room=st.integers(1, 60))
def test_no_host_gets_a_second_turn_before_those_ahead_of_it_got_their_first(waiting, room):
    chosen = choose_turns(waiting, room=room, per_provider=1000, taken={})
    wanted = [turn.host for turn in waiting if turn.turns]
    assert list(chosen) == wanted[: len(chosen)]
    if any(turns > 1 for turns in chosen.values()):
        assert len(chosen) == len(wanted)


@given(
    delays=st.dictionaries(st.integers(0, 30).map(str), st.floats(0.5, 30), min_size=1, max_size=25),
    room=st.integers(1, 5),
)
def test_no_host_starves_however_busy_the_others_are(delays, room):
    queue, next_start, asked = HostQueue(), dict.fromkeys(delays, 0.0), collections.defaultdict(list)
    for host in delays:
        queue.add(host, 0.0)
    now = 0.0
    for _ in range(200):
        now += 0.5
        waiting = [
            WaitingTurn(host, host, turns_within(max(next_start[host] - now, 0.0), delays[host]))
            for host in queue.ready(now)
        ]
        for host, turns in choose_turns(waiting, room=room, per_provider=99, taken={}).items():
            for _ in range(turns):
                start = max(now, next_start[host])
                asked[host].append(start)
                next_start[host] = start + delays[host]
            queue.discard(host)
            queue.add(host, next_start[host] - AHEAD_SECONDS / 2)
    passes = len(delays) / room
    for host, delay in delays.items():
        starts = asked[host]
        gaps = [later - earlier for earlier, later in zip([0.0, *starts], [*starts, now], strict=True)]
        assert max(gaps) <= delay + AHEAD_SECONDS + 0.5 * (passes + 2)
        assert all(gap >= delay - 1e-9 for gap in gaps[1:-1])


def test_a_host_waits_once_and_those_that_are_ready_keep_their_order():
    queue = HostQueue()
    for host, at in (("late", 5.0), ("a", 2.0), ("b", 1.0), ("a", 0.0)):
        queue.add(host, at)
    assert list(queue.ready(2.0)) == ["b", "a"]
    assert queue.next_ready() == 5.0
    queue.discard("b")
    queue.add("b", 1.0)
    queue.discard("late")
    assert (list(queue.ready(2.0)), queue.next_ready(), len(queue)) == (["a", "b"], None, 2)


@pytest.mark.parametrize("room", [64])
def test_ten_thousand_hosts_that_wait_are_not_looked_at_for_one_that_is_chosen(room):
    looked = 0

    def waiting():
        nonlocal looked
        for number in range(10_000):
            looked += 1
            yield WaitingTurn(str(number), str(number), 5)

    assert sum(choose_turns(waiting(), room=room, per_provider=8, taken={}).values()) == room
    assert looked <= room + 1
