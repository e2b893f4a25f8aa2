from __future__ import annotations

import datetime as dt
import hashlib

from hypothesis import given
from hypothesis import strategies as st

from pipeline.feed_records import FeedState
from pipeline.feeds.feed_diff import ListedEntry, diff_feed

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def listed(*numbers, dated=True):
    """Return entries that were published in the hour of their number, newest first."""
    return [ListedEntry(made_id(n), NOW + n * HOUR if dated else None) for n in sorted(numbers)[::-1]]


def made_id(text):
    return hashlib.sha256(str(text).encode()).hexdigest()[:20]


def after(entries, at=NOW, state=None):
    state = state or FeedState(url="https://a.example/feed", source="a", due=at)
    found = diff_feed(state, entries, at)
    return found, FeedState(
        url=state.url, source="a", due=at, polled=at, read=at,
        seen=found.entry_keys, newest=found.newest, arrival_rate=found.arrival_rate, window=found.window,
    )  # fmt: skip


def test_new_entries_are_counted_and_known_ones_are_not():
    _, state = after(listed(-3, -2, -1))
    found, _ = after(listed(-2, -1, 1, 2), NOW + 3 * HOUR, state)
    assert found.arrival_rate.count - state.arrival_rate.count > 1.9
    assert (found.window, found.gap, found.newest) == (4, None, NOW + 2 * HOUR)
    assert found.arrival_rate.last == NOW + 2 * HOUR


def test_an_entry_that_comes_back_is_not_new():
    _, state = after(listed(-3, -2, -1))
    _, state = after(listed(-2, -1, 1), NOW + 2 * HOUR, state)
    found, _ = after(listed(-3, -2, -1, 1), NOW + 3 * HOUR, state)
    assert found.arrival_rate.count <= state.arrival_rate.count


def test_no_entry_in_common_is_a_gap_of_about_the_missing_number():
    _, state = after(listed(*range(-10, 0)))
    found, _ = after(listed(*range(50, 60)), NOW + 60 * HOUR, state)
    assert (found.gap.since, found.gap.until) == (NOW - HOUR, NOW + 50 * HOUR)
    assert 45 <= found.gap.missed <= 55


def test_no_entry_in_common_of_undated_ones_is_a_gap_too():
    _, state = after(listed(*range(-10, 0), dated=False))
    found, _ = after(listed(*range(50, 60), dated=False), NOW + 60 * HOUR, state)
    assert found.gap.missed >= 1
    assert found.gap.since == NOW


def test_one_entry_in_common_is_no_gap():
    _, state = after(listed(*range(-10, 0)))
    found, _ = after(listed(-1, *range(50, 60)), NOW + 60 * HOUR, state)
    assert found.gap is None


def test_new_addresses_for_what_is_as_old_as_before_are_no_gap():
    _, state = after(listed(*range(-10, 0)))
    renamed = [ListedEntry(made_id(one.id), one.published) for one in listed(*range(-10, 0))]
    found, _ = after(renamed, NOW + HOUR, state)
    assert found.gap is None


def test_an_empty_document_and_the_first_one_are_no_gaps():
    found, state = after(listed(-1))
    assert found.gap is None
    found, empty = after([], NOW + HOUR, state)
    assert (found.gap, found.window) == (None, 0)
    assert empty.seen == state.seen


def test_the_earliest_of_the_newer_entries_is_told():
    _, state = after(listed(-3, -2))
    found, _ = after(listed(-4, -2, 1, 2), NOW + 3 * HOUR, state)
    assert found.earliest == NOW + HOUR


lists = st.lists(st.integers(-1000, 1000), unique=True, max_size=60)


@given(lists, lists, st.integers(0, 2000), st.booleans())
def test_any_two_documents_can_be_compared(first, second, hours, dated):
    _, state = after(listed(*first, dated=dated))
    found, _ = after(listed(*second, dated=dated), NOW + hours * HOUR, state)
    assert found.window == len(second)
    assert len(found.entry_keys) <= 6 * max(200, 2 * len(second))
    if found.gap:
        assert not set(first) & set(second)
        assert 1 <= found.gap.missed <= 10 * len(second)
        assert found.gap.since < found.gap.until
