from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from pipeline.feed_records import HostState
from pipeline.fetch.turns import AHEAD_SECONDS
from pipeline.stages.host_turns import Wish, plan_turns

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
SECONDS = st.floats(0, 500)
TIMES = st.none() | st.floats(-500, 500).map(lambda seconds: NOW + dt.timedelta(seconds=seconds))
STATES = st.builds(
    HostState, host=st.just("a"), next_turn=TIMES, held_until=TIMES, crawl_delay=st.none() | st.floats(0, 120)
)
WISHES = st.builds(
    Wish,
    host=st.just("a"),
    turns=st.integers(0, 8),
    next_start_in=st.none() | SECONDS,
    reserved_for=SECONDS,
    held_for=SECONDS,
    crawl_delay=st.none() | st.floats(0, 120),
)


def ahead(at):
    return (at - NOW).total_seconds()


@given(state=STATES, wish=WISHES, usual=st.floats(0, 60))
def test_the_turns_that_are_granted_are_in_the_ledger_before_any_request_starts(state, wish, usual):
    saved, grant = plan_turns(state, wish, NOW, usual)
    delay = max(usual, grant.crawl_delay or 0.0)
    first = max(grant.ready_in, grant.held_for)
    if wish.turns:
        assert ahead(saved.next_turn) >= first + wish.turns * delay - 1e-3
    assert ahead(saved.next_turn) >= max(grant.ready_in, wish.reserved_for) - 1e-3
    assert grant.reserved_for <= ahead(saved.next_turn) + 1e-3


@given(state=STATES, wish=WISHES, usual=st.floats(0, 60))
def test_the_turn_and_the_hold_that_another_program_left_are_kept(state, wish, usual):
    taken = wish._replace(next_start_in=None)
    saved, grant = plan_turns(state, taken, NOW, usual)
    delay = max(usual, grant.crawl_delay or 0.0)
    if state.next_turn and ahead(state.next_turn) <= 2 * AHEAD_SECONDS:
        assert grant.ready_in >= ahead(state.next_turn) - 1e-3
    if state.held_until and state.held_until > NOW:
        assert saved.held_until == state.held_until
    assert grant.ready_in <= 2 * AHEAD_SECONDS + 5 * delay + 1e-3


def test_a_turn_that_a_clock_wrote_which_was_an_hour_ahead_is_not_waited_for():
    state = HostState(host="a", next_turn=NOW + dt.timedelta(hours=1))
    assert plan_turns(state, Wish("a", 1), NOW, 1.0)[1].ready_in < 15


def test_a_host_that_is_given_back_keeps_only_the_turns_that_it_had():
    state = HostState(host="a", next_turn=NOW + dt.timedelta(seconds=30))
    saved, _ = plan_turns(state, Wish("a", 0, next_start_in=4.0), NOW, 5.0)
    assert saved.next_turn == NOW + dt.timedelta(seconds=4)
