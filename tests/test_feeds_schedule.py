from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.feeds.schedule import Result, interval, is_full, next_state
from pipeline.records import FeedState, Outcome, Reason
from pipeline.settings import Settings, Source

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
QUARTER = dt.timedelta(minutes=15)
DAY = dt.timedelta(hours=24)
READ = Result(outcome=Outcome.DONE, etag='"new"', last_modified="later", body_hash="b2")
SAME = Result(outcome=Outcome.DROPPED, reason=Reason.NOT_MODIFIED)


def state(**changes):
    base = {"url": "https://outlet.example/feed", "source": "outlet", "due": NOW, "etag": '"old"', "body_hash": "b1"}
    return FeedState(**{**base, **changes})


def failed(reason, outcome=Outcome.RETRY, **more):
    return Result(outcome=outcome, reason=reason, detail="why", **more)


def waits(result, failures=0, every=QUARTER):
    """Return the wait without its jitter, at most a tenth."""
    after = next_state(state(failures=failures), result, NOW, every)
    return after.due - NOW


def about(wait, expected):
    return expected <= wait <= expected * 1.1


def test_a_feed_that_was_read_is_due_after_its_interval_with_its_validators_kept():
    after = next_state(state(failures=3, error="x"), READ, NOW, QUARTER)
    assert about(after.due - NOW, QUARTER)
    assert (after.etag, after.last_modified, after.body_hash) == ('"new"', "later", "b2")
    assert (after.failures, after.error, after.polled, after.succeeded) == (0, None, NOW, NOW)


def test_an_unchanged_feed_counts_as_a_success_and_keeps_what_is_not_renewed():
    after = next_state(state(failures=3), SAME, NOW, QUARTER)
    assert (after.etag, after.body_hash, after.failures, after.succeeded) == ('"old"', "b1", 0, NOW)
    assert about(after.due - NOW, QUARTER)


def test_a_failure_keeps_the_validators_and_says_why():
    after = next_state(state(succeeded=NOW - DAY), failed(Reason.TIMEOUT), NOW, QUARTER)
    assert (after.etag, after.body_hash, after.succeeded) == ('"old"', "b1", NOW - DAY)
    assert (after.failures, after.error) == (1, "timeout: why")


@pytest.mark.parametrize(
    ("hint", "expected"),
    [(None, QUARTER), (0, QUARTER), (60, QUARTER), (3600, dt.timedelta(hours=1)), (10.0**12, DAY), (-5, QUARTER)],
)
def test_a_servers_hint_is_honoured_between_the_interval_and_a_day(hint, expected):
    assert about(waits(Result(outcome=Outcome.DONE, fresh_seconds=hint)), expected)
    assert about(waits(failed(Reason.TOO_MANY_REQUESTS, retry_after=hint)), expected)


def test_failures_back_off_and_those_that_need_a_person_faster():
    assert [waits(failed(Reason.CONNECTION), n) // QUARTER for n in (0, 1, 3)] == [1, 2, 4]
    hard = failed(Reason.NOT_FEED, Outcome.DROPPED)
    assert [waits(hard, n) // QUARTER for n in (0, 1, 3)] == [2, 4, 8]
    assert about(waits(failed(Reason.CONNECTION), 10**9), DAY)


def test_a_404_that_comes_back_is_forgiven_at_once():
    missing = state()
    for _ in range(5):
        missing = next_state(missing, failed(Reason.NOT_FOUND, Outcome.DROPPED), NOW, QUARTER)
    assert missing.failures == 5
    assert next_state(missing, READ, NOW, QUARTER).failures == 0


def test_a_feed_that_says_it_is_gone_is_asked_daily_then_weekly_and_never_given_up():
    gone = failed(Reason.GONE, Outcome.DROPPED)
    assert about(waits(gone), DAY)
    assert about(waits(gone, 2), 7 * DAY)
    assert about(waits(gone, 1000), 7 * DAY)


def test_feeds_added_together_spread_and_always_alike():
    dues = [next_state(state(url=f"https://{n}.example/"), READ, NOW, QUARTER).due for n in range(100)]
    assert len(set(dues)) == 100
    assert dues == [next_state(state(url=f"https://{n}.example/"), READ, NOW, QUARTER).due for n in range(100)]


def test_once_a_day_a_feed_is_asked_for_in_full():
    assert is_full(state(), NOW)
    assert is_full(state(polled=NOW, etag=None), NOW)
    polls = [NOW + QUARTER * n for n in range(8 * 96)]
    full = [later for earlier, later in itertools.pairwise(polls) if is_full(state(polled=earlier), later)]
    assert len(full) in {7, 8}
    assert {later - earlier for earlier, later in itertools.pairwise(full)} == {DAY}


def test_a_sources_own_interval_comes_before_the_general_one():
    assert interval(None, Settings()) == QUARTER
    assert interval(Source(name="a"), Settings()) == QUARTER
    assert interval(Source(name="a", interval_minutes=2), Settings()) == dt.timedelta(minutes=2)


@given(
    st.sampled_from(Reason),
    st.sampled_from(Outcome),
    st.integers(0, 10**6),
    st.none() | st.floats(allow_nan=False),
    st.floats(0, 10**5),
)
def test_the_next_poll_is_never_before_the_interval_nor_much_after_a_week(reason, outcome, failures, hint, minutes):
    every = dt.timedelta(minutes=minutes)
    result = Result(outcome=outcome, reason=reason, fresh_seconds=hint, retry_after=hint)
    assert every <= waits(result, failures, every) <= max(every, 7 * DAY) * 1.1
