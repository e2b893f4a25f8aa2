from __future__ import annotations

import datetime as dt

from pipeline.feed_records import FeedState
from pipeline.feeds.outage import is_conclusive, is_outage
from pipeline.records import Reason

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def polled(host, reason=None, *, failures=0, succeeded=NOW):
    url = f"https://{host}.example/feed"
    return FeedState(url=url, source=host, due=NOW, failures=failures, succeeded=succeeded), reason


def test_most_hosts_failing_at_once_is_our_outage():
    assert is_outage([polled(n, Reason.CONNECTION) for n in range(5)])
    assert is_outage([polled(n, Reason.TIMEOUT) for n in range(6)] + [polled(n) for n in range(10, 16)])


def test_some_of_many_failing_is_theirs():
    assert not is_outage([polled(n, Reason.CONNECTION) for n in range(6)] + [polled(n) for n in range(10, 20)])


def test_few_hosts_prove_nothing():
    assert not is_outage([polled(n, Reason.CONNECTION) for n in range(4)])
    assert not is_outage([polled("one", Reason.CONNECTION)] * 50)


def test_what_was_failing_before_or_never_answered_proves_nothing():
    assert not is_outage([polled(n, Reason.CONNECTION, failures=3) for n in range(50)])
    assert not is_outage([polled(n, Reason.CONNECTION, succeeded=None) for n in range(50)])


def test_servers_that_answer_with_an_error_are_reached():
    assert not is_outage([polled(n, Reason.SERVER_ERROR) for n in range(50)])
    errors = [polled(n, Reason.SERVER_ERROR) for n in range(10, 20)]
    assert not is_outage([polled(n, Reason.CONNECTION) for n in range(5)] + errors)


def test_a_host_that_answers_for_one_feed_is_reached():
    pairs = [pair for n in range(10) for pair in (polled(n, Reason.TIMEOUT), polled(n))]
    assert not is_outage(pairs)


def test_too_few_failures_prove_nothing_until_a_host_answers_or_more_fail():
    few = [polled(n, Reason.TIMEOUT) for n in range(4)]
    assert not is_conclusive(few)
    assert not is_conclusive([*few, polled("broken", Reason.TIMEOUT, failures=3)])
    assert is_conclusive([*few, polled("well")])
    assert is_conclusive([*few, polled("one more", Reason.CONNECTION)])
