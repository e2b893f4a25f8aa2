from __future__ import annotations

import datetime as dt

import pytest

from pipeline.feed_records import FeedState
from pipeline.feeds.redirects import apply_redirect, permanent_target
from pipeline.fetch.client import Hop
from pipeline.records import Reason

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
OLD, NEW = "https://old.example/feed", "https://new.example/feed"


def state(url=OLD, **changes):
    return FeedState(url=url, source="a", due=NOW, **changes)


def after_days(targets, before=None):
    """Return the state after a good poll a day, each led to one of ``targets``."""
    made = before or state()
    for day, target in enumerate(targets):
        made = apply_redirect(made, target, NOW + day * DAY, succeeded=True)
    return made


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((), None),
        ((301,), NEW),
        ((308, 301), NEW),
        ((302,), None),
        ((302, 301), None),
        ((301, 302), "https://b.example/"),
    ],
)
def test_a_chain_leads_as_far_as_it_is_permanent(statuses, expected):
    places = [OLD, "https://b.example/"][: len(statuses)]
    hops = [Hop(place, status) for place, status in zip(places, statuses, strict=True)]
    assert permanent_target(hops, NEW if hops else OLD) == expected


def test_an_address_moves_after_seven_days_of_the_same_answer_and_not_before():
    assert after_days([NEW] * 7).address is None
    assert after_days([NEW] * 8).address == NEW


def test_another_answer_in_between_starts_the_week_anew():
    assert after_days([NEW] * 5 + [None] + [NEW] * 7).address is None
    assert after_days([NEW] * 5 + ["https://else.example/"] + [NEW] * 7).address is None
    assert after_days([NEW] * 5 + [None] + [NEW] * 8).address == NEW


def test_a_poll_that_found_no_feed_moves_nothing():
    made = state()
    for day in range(10):
        made = apply_redirect(made, NEW, NOW + day * DAY, succeeded=False)
    assert (made.address, made.moved_to) == (None, None)


def test_https_for_the_same_address_is_taken_at_once():
    assert apply_redirect(state("http://a.example/f?x=1"), "https://a.example/f?x=1", NOW, succeeded=True).address
    assert apply_redirect(state("http://a.example/f"), "https://a.example/g", NOW, succeeded=True).address is None
    assert apply_redirect(state("https://a.example/f"), "http://a.example/f", NOW, succeeded=True).address is None


def test_a_new_address_that_is_lost_gives_way_to_the_old_one():
    lost = state(address=NEW, failures=3, reason=Reason.NOT_FOUND)
    assert apply_redirect(lost, None, NOW, succeeded=False).address is None
    down = state(address=NEW, failures=30, reason=Reason.TIMEOUT)
    assert apply_redirect(down, None, NOW, succeeded=False).address == NEW
