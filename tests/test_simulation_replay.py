from __future__ import annotations

import pytest

from pipeline.simulation.policies import DuplicateShare, EntryFrequency, FixedInterval, adaptive_policy
from pipeline.simulation.replay import RIVALS, match_requests, replay_trace, summarise_by_kind
from pipeline.simulation.traces import Trace, invent_traces

DAYS = 14
END, HALF = 24.0 * DAYS, 12.0 * DAYS


def play(trace, policy):
    return replay_trace(trace, policy, since=HALF, until=END)


def trace(*arrivals, **changes):
    return Trace(**{"name": "t", "kind": "k", "arrivals": arrivals, **changes})


def test_a_fixed_interval_makes_as_many_requests_as_fit_and_sees_all_within_it():
    seen = play(trace(*(h + 0.1 for h in range(int(END)))), FixedInterval(15))
    assert seen.requests == HALF * 4
    assert max(seen.delays) <= 15
    assert (len(seen.delays), seen.missed) == (HALF, 0)


def test_what_scrolls_off_between_two_polls_is_missed():
    burst = [HALF + 1.001 + n / 1000 for n in range(50)]
    seen = play(trace(*burst, window=20), FixedInterval(60))
    assert (len(seen.delays), seen.missed) == (20, 30)


def test_a_server_that_lies_is_never_seen_by_who_believes_it():
    liar = trace(*(h / 1.0 for h in range(int(END))), lies=1.0)
    assert play(liar, EntryFrequency()).delays == []
    assert play(liar, adaptive_policy("t", 15)).missed == 0


def test_a_dead_feed_costs_little_and_is_never_given_up():
    dead = play(trace(0.5), adaptive_policy("t", 15))
    assert 7 <= dead.requests < play(trace(0.5), FixedInterval(15)).requests / 20


def test_a_server_that_fails_is_asked_less_and_found_again():
    ailing = trace(*(h / 2 for h in range(2 * int(END))), window=500, broken=((HALF + 1, HALF + 25),))
    seen = play(ailing, adaptive_policy("t", 15))
    assert seen.missed == 0
    assert max(seen.delays) < 60 * 34


def test_known_entries_lengthen_and_new_ones_shorten_the_interval_of_rss_fetchers_rule():
    quiet, busy = trace(1.0), trace(*(h / 10 for h in range(int(10 * END))))
    assert play(quiet, DuplicateShare()).requests < HALF / 6
    assert play(busy, DuplicateShare()).requests > HALF / 6


def test_the_traces_are_the_same_for_a_seed_and_others_for_another():
    assert invent_traces(7, 2, 1) == invent_traces(7, 2, 1)
    assert invent_traces(7, 2, 1) != invent_traces(7, 2, 2)
    kinds = {one.kind for one in invent_traces(7, 1, 1)}
    assert {"steady", "newsroom", "nightly silence", "weekly", "dead", "lying server"} <= kinds
    assert all(list(one.arrivals) == sorted(one.arrivals) for one in invent_traces(7, 2, 1))


@pytest.mark.slow
@pytest.mark.parametrize("rule", RIVALS)
@pytest.mark.parametrize("seed", [2])
def test_with_as_many_requests_ours_is_sooner_than_each_other_rule(rule, seed):
    made = invent_traces(28, 2, seed)
    theirs = [replay_trace(one, RIVALS[rule](), since=14 * 24, until=28 * 24) for one in made]
    allowed = sum(one.requests for one in theirs)
    _, ours = match_requests(made, allowed, 15, since=14 * 24, until=28 * 24)
    before, after = summarise_by_kind(rule, made, theirs)[-1], summarise_by_kind("ours", made, ours)[-1]
    assert after.requests <= before.requests
    assert after.median < before.median
    assert before.p95 is None or after.p95 < before.p95
