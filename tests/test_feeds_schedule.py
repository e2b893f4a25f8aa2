from __future__ import annotations

import datetime as dt
import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.feed_records import ArrivalRate, FeedGap, FeedState
from pipeline.feeds.feed_diff import FeedDiff
from pipeline.feeds.schedule import PollPlan, PollResult, is_full_request, next_state, plan_polls, state_after_outage
from pipeline.records import Outcome, Reason
from pipeline.settings import PollSettings, Source

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
QUARTER = 15 * MINUTE
ADAPTIVE = PollPlan(usual=QUARTER, shortest=3 * MINUTE, longest=DAY)
FIXED = PollPlan(usual=QUARTER, shortest=QUARTER, longest=DAY, fixed=True)
READ = PollResult(outcome=Outcome.DONE, etag='"new"', last_modified="later", body_hash="b2")
SAME = PollResult(outcome=Outcome.DROPPED, reason=Reason.NOT_MODIFIED)


def state(**changes):
    base = {"url": "https://outlet.example/feed", "source": "outlet", "due": NOW, "polled": NOW - QUARTER}
    base |= {"etag": '"old"', "body_hash": "b1"}
    return FeedState(**{**base, **changes})


def arrival_rate(a_day, days=14, **changes):
    """Return the arrival rate of a feed that published evenly."""
    return ArrivalRate(**{"at": NOW, "count": a_day * days, "span": 24 * days, "last": NOW - HOUR, **changes})


def arrivals(a_day, window=1000, **changes):
    base = {
        "arrival_rate": arrival_rate(a_day),
        "entry_keys": b"",
        "window": window,
        "newest": NOW,
        "earliest": None,
        "gap": None,
    }
    return FeedDiff(**{**base, **changes})


def failed(reason, outcome=Outcome.RETRY, **more):
    return PollResult(outcome=outcome, reason=reason, detail="why", **more)


def wait(before, result, found=None, scheduled=ADAPTIVE):
    """Return the wait without its jitter, which is a tenth at most."""
    return next_state(before, result, found, NOW, scheduled).due - NOW


def about(measured, expected):
    return 0.99 * expected <= measured <= 1.11 * expected


def test_a_feed_that_was_read_has_its_validators_kept_and_its_failures_forgotten():
    after = next_state(state(failures=3, strain=2, error="x"), READ, arrivals(100), NOW, ADAPTIVE)
    assert (after.etag, after.last_modified, after.body_hash) == ('"new"', "later", "b2")
    assert (after.failures, after.strain, after.error, after.polled, after.succeeded) == (0, 0, None, NOW, NOW)


def test_an_unchanged_feed_counts_as_a_success_and_keeps_what_is_not_renewed():
    after = next_state(state(failures=3), SAME, None, NOW, ADAPTIVE)
    assert (after.etag, after.body_hash, after.failures, after.succeeded) == ('"old"', "b1", 0, NOW)
    assert about(after.due - NOW, QUARTER)


def test_a_failure_keeps_the_validators_and_says_why_and_since_when():
    after = next_state(state(succeeded=NOW - DAY), failed(Reason.TIMEOUT), None, NOW, ADAPTIVE)
    assert (after.etag, after.body_hash, after.succeeded) == ('"old"', "b1", NOW - DAY)
    assert (after.failures, after.error, after.failing_since) == (1, "timeout: why", NOW)
    assert next_state(after, failed(Reason.TIMEOUT), None, NOW + DAY, ADAPTIVE).failing_since == NOW


def test_feeds_that_were_added_together_are_soon_spread_over_their_interval():
    waits = [
        wait(state(url=f"http://a{number}.example/feed", polled=None), READ, arrivals(100)) for number in range(200)
    ]
    assert all(0.25 * QUARTER <= one <= QUARTER for one in waits)
    assert min(waits) < 0.3 * QUARTER
    assert max(waits) > 0.95 * QUARTER


def test_the_first_wait_is_as_long_as_the_server_asks():
    new = state(polled=None)
    asking = msgspec.structs.replace(READ, fresh_seconds=600.0)
    assert wait(new, asking, arrivals(100)) >= dt.timedelta(minutes=10)
    assert wait(new, failed(Reason.TIMEOUT)) >= QUARTER


@pytest.mark.parametrize(("a_day", "minutes"), [(100, 15), (400, 7.5), (25, 30), (1, 150)])
def test_the_interval_falls_with_the_square_root_of_what_is_published(a_day, minutes):
    assert about(wait(state(), READ, arrivals(a_day)), minutes * MINUTE)


def test_intervals_stay_between_the_shortest_and_the_longest():
    assert about(wait(state(), READ, arrivals(100_000)), 3 * MINUTE)
    dead = arrival_rate(0, last=NOW - 300 * DAY)
    assert about(wait(state(), READ, arrivals(0, arrival_rate=dead)), DAY)


def test_a_small_document_is_read_before_it_has_turned_over():
    assert about(wait(state(), READ, arrivals(96, window=100)), QUARTER)
    assert about(wait(state(), READ, arrivals(240, window=2)), 6 * MINUTE)


def test_a_burst_is_followed():
    calm, burst = arrivals(24), arrivals(24, arrival_rate=arrival_rate(24, recent=20.0))
    assert wait(state(), READ, burst) < wait(state(), READ, calm) / 3


def test_an_interval_that_a_person_set_is_kept():
    assert about(wait(state(), READ, arrivals(10_000), FIXED), QUARTER)
    assert about(wait(state(), READ, arrivals(0.1), FIXED), QUARTER)


@pytest.mark.parametrize(
    ("hint", "expected"), [(None, QUARTER), (0, QUARTER), (60, QUARTER), (3600, HOUR), (10.0**12, DAY), (-5, QUARTER)]
)
def test_a_servers_hint_is_honoured_between_the_interval_and_a_day(hint, expected):
    assert about(wait(state(), PollResult(outcome=Outcome.DONE, fresh_seconds=hint), None), expected)
    assert about(wait(state(), failed(Reason.TOO_MANY_REQUESTS, retry_after=hint)), expected)
    assert about(wait(state(), PollResult(outcome=Outcome.DONE, fresh_seconds=hint), arrivals(100, 10_000)), expected)


def test_a_hint_is_not_followed_so_long_that_entries_scroll_off():
    slow = PollResult(outcome=Outcome.DONE, fresh_seconds=86400.0)
    assert about(wait(state(), slow, arrivals(240, window=100)), 5 * HOUR)


def test_a_declared_period_is_believed_as_long_as_what_arrives_bears_it_out():
    daily = PollResult(outcome=Outcome.DONE, declared_seconds=86400.0)
    assert about(wait(state(), daily, arrivals(0.5)), DAY)
    assert about(wait(state(), daily, arrivals(100)), QUARTER)


def test_failures_back_off_by_their_weight_and_end_at_a_week():
    def after(count, reason):
        return wait(state(failures=count, strain=0.25 * count), failed(reason))

    assert [after(n, Reason.CONNECTION) // QUARTER for n in (0, 3, 7, 39)] == [1, 1, 2, 10]
    hard = [wait(state(strain=float(n)), failed(Reason.FORBIDDEN)) // QUARTER for n in (0, 1, 4)]
    assert hard == [1, 2, 5]
    assert about(wait(state(strain=29.0, every=7200.0), failed(Reason.NOT_FEED)), DAY)
    assert about(wait(state(failures=10**9, strain=1e9), failed(Reason.CONNECTION)), 7 * DAY)


def test_a_failing_feed_is_not_asked_more_often_than_while_all_went_well():
    assert about(wait(state(every=7200.0), failed(Reason.TIMEOUT)), 2 * HOUR)


def test_a_404_that_comes_back_is_forgiven_at_once():
    missing = state()
    for _ in range(5):
        missing = next_state(missing, failed(Reason.NOT_FOUND, Outcome.DROPPED), None, NOW, ADAPTIVE)
    assert missing.failures == 5
    again = next_state(missing, READ, arrivals(100), NOW, ADAPTIVE)
    assert (again.failures, again.failing_since) == (0, None)
    assert about(again.due - NOW, QUARTER)


def test_a_feed_that_says_it_is_gone_is_asked_daily_then_weekly_and_never_given_up():
    gone = failed(Reason.GONE, Outcome.DROPPED)
    assert about(wait(state(), gone), DAY)
    assert about(wait(state(failures=2), gone), 7 * DAY)
    assert about(wait(state(failures=1000), gone), 7 * DAY)


def test_what_has_listed_nothing_for_half_a_year_is_asked_weekly():
    empty = arrivals(0, window=0, newest=None)
    first = next_state(state(), READ, empty, NOW - 181 * DAY, ADAPTIVE)
    assert first.empty_since == NOW - 181 * DAY
    assert about(wait(first, SAME), 7 * DAY)
    assert next_state(first, READ, arrivals(10), NOW, ADAPTIVE).empty_since is None


def test_a_sitemap_that_fills_gaps_is_due_again_only_when_it_is_called():
    assert wait(state(role="sitemap"), READ, arrivals(100)) > 1000 * DAY
    assert about(wait(state(role="sitemap"), failed(Reason.TIMEOUT)), QUARTER)


def test_feeds_added_together_spread_and_always_alike():
    def dues():
        return [
            next_state(state(url=f"https://{n}.example/"), READ, arrivals(100), NOW, ADAPTIVE).due for n in range(100)
        ]

    assert len(set(dues())) == 100
    assert dues() == dues()


def test_once_a_day_a_feed_is_asked_for_in_full():
    assert is_full_request(state(polled=None), NOW)
    assert is_full_request(state(polled=NOW, etag=None), NOW)
    polls = [NOW + QUARTER * n for n in range(8 * 96)]
    full = [later for earlier, later in itertools.pairwise(polls) if is_full_request(state(polled=earlier), later)]
    assert len(full) in {7, 8}
    assert {later - earlier for earlier, later in itertools.pairwise(full)} == {DAY}


def test_an_index_of_sitemaps_is_always_asked_for_in_full():
    assert is_full_request(state(polled=NOW, format="sitemapindex"), NOW)


def test_a_server_whose_304_kept_an_entry_back_is_asked_in_full_for_a_month():
    before = state(polled=NOW - HOUR, read=NOW - DAY, unmodified=NOW - HOUR, arrival_rate=arrival_rate(10))
    old, fresh = arrivals(10, earliest=NOW - 5 * HOUR), arrivals(10, earliest=NOW - HOUR / 2)
    after = next_state(before, READ, old, NOW, ADAPTIVE)
    assert after.lied == NOW
    assert is_full_request(msgspec.structs.replace(after, polled=NOW), NOW + MINUTE)
    assert next_state(before, READ, fresh, NOW, ADAPTIVE).lied is None


def test_a_feed_that_was_never_new_and_all_is_at_once_was_kept_back_too():
    gap = FeedGap(feed="f", source="s", since=NOW - DAY, until=NOW - HOUR, missed=9)
    before = state(polled=NOW - HOUR, read=NOW - DAY, unmodified=NOW - HOUR, arrival_rate=arrival_rate(10))
    assert next_state(before, READ, arrivals(10, gap=gap), NOW, ADAPTIVE).lied == NOW


def test_a_failure_that_was_ours_is_not_held_against_a_feed():
    before = state(failures=0, every=60.0)
    after = state_after_outage(before, NOW, ADAPTIVE)
    assert msgspec.structs.replace(after, due=NOW) == before
    assert 5 * MINUTE <= after.due - NOW <= 10 * MINUTE


def test_a_sources_own_interval_comes_before_the_general_one():
    assert plan_polls(None, PollSettings()) == ADAPTIVE
    assert plan_polls(Source(name="a"), PollSettings()) == ADAPTIVE
    assert plan_polls(Source(name="a", interval_minutes=2), PollSettings()).usual == 2 * MINUTE
    assert plan_polls(Source(name="a", interval_minutes=2), PollSettings()).fixed
    assert plan_polls(None, PollSettings(interval_minutes=0.1)).shortest == 0.1 * MINUTE


@given(
    st.sampled_from(Reason),
    st.sampled_from(Outcome),
    st.integers(0, 10**6),
    st.none() | st.floats(allow_nan=False),
    st.floats(0.05, 10**5),
    st.floats(0, 10**6),
    st.integers(0, 10**4),
)
def test_the_next_poll_is_never_before_the_shortest_nor_much_after_a_week(
    reason, outcome, failures, hint, minutes, a_day, window
):
    every = dt.timedelta(minutes=minutes)
    scheduled = PollPlan(usual=every, shortest=min(every, 3 * MINUTE), longest=max(every, DAY))
    result = PollResult(outcome=outcome, reason=reason, fresh_seconds=hint, declared_seconds=hint, retry_after=hint)
    before = state(failures=failures, strain=0.5 * failures)
    found = arrivals(a_day, window) if result.succeeded else None
    assert min(every, 3 * MINUTE) <= wait(before, result, found, scheduled) <= max(every, 7 * DAY) * 1.1
