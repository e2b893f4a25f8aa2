"""Which articles are new to a search, and when digests are due."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.saved_searches.rules import NEW, UNDER_WAY, new_articles, next_digest, to_query
from pipeline.search_records import ArticleArrival, DigestRhythm, MatchScope, SavedSearch
from tests.helpers.support import NOW

HOUR = dt.timedelta(hours=1)
SEARCH = SavedSearch(id="s", name="n", created=NOW, begins=7)
times = st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2030, 1, 1), timezones=st.just(dt.UTC))


@pytest.mark.parametrize(
    ("came", "was_indexed", "is_new"),
    [
        (NOW + HOUR, False, True),
        (NOW, True, True),  # what came behind it cannot have been searchable: a history that began anew says so
        (NOW - HOUR, False, True),
        (NOW - HOUR, True, False),
        (NOW - UNDER_WAY - HOUR, False, False),
    ],
)
def test_what_came_before_a_search_was_saved_is_new_only_where_it_was_under_way(came, was_indexed, is_new):
    indexed_before = {"a"} if was_indexed else set()
    assert new_articles(SEARCH, [ArticleArrival("a", came)], indexed_before, NOW + HOUR) == ["a"] * is_new


def test_what_comes_to_match_long_after_it_came_is_no_news():
    arrival = ArticleArrival("a", NOW + HOUR)
    assert new_articles(SEARCH, [arrival], (), NOW + HOUR + NEW) == ["a"]
    assert new_articles(SEARCH, [arrival], (), NOW + HOUR + NEW + HOUR) == []


@given(times, st.sampled_from([DigestRhythm.HOURLY, DigestRhythm.DAILY, DigestRhythm.WEEKLY]), st.integers(0, 23))
def test_the_next_digest_is_within_one_period_and_those_after_it_are_a_period_apart(now, rhythm, hour):
    period = {"hourly": HOUR, "daily": 24 * HOUR, "weekly": 7 * 24 * HOUR}[rhythm]
    first = next_digest(rhythm, now, hour)
    assert now < first <= now + period
    assert next_digest(rhythm, first, hour) == first + period
    assert (first.minute, first.second) == (0, 0)
    if rhythm is not DigestRhythm.HOURLY:
        assert first.hour == hour
    if rhythm is DigestRhythm.WEEKLY:
        assert first.weekday() == 0


def test_what_is_sent_at_once_is_never_due():
    assert next_digest(DigestRhythm.NOW, NOW, 6) is None


def test_a_search_of_originals_asks_for_primary_articles_alone():
    search = SavedSearch(id="s", name="n", created=NOW, begins=0, scope=MatchScope.ORIGINAL, filters={"source": ("A",)})
    query = to_query(search, size=3, ids=["a", "b"])
    assert (query.filters, query.ids, query.size) == ({"source": ("A",), "is_primary": ("true",)}, ("a", "b"), 3)
