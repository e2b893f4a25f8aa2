"""A term leads to the latest stories, which are found by what their shared terms are worth, and forgotten by day."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.store.schema import metadata
from pipeline.store.story_postings import (
    StoryPostings,
    delete_postings_before,
    drop_days_before,
    drop_posting,
    insert_posting,
    pack_postings,
    select_lists,
    unpack_postings,
    unpack_seqs,
)

TOP = 2**32 - 1
STORIES_OF_TERMS = st.dictionaries(st.integers(1, 9), st.sets(st.integers(1, 30), max_size=20), max_size=6)
DAYS_OF_STORIES = st.dictionaries(st.integers(0, 2**40 - 1), st.integers(0, 60_000), max_size=50)
CHANGES = st.one_of(
    st.tuples(st.just("add"), st.integers(1, 9), st.integers(0, 5), st.integers(0, 5)),  # seq, day, since
    st.tuples(st.just("drop"), st.integers(1, 9)),
)


def filled(read, stories_of_terms):
    postings = StoryPostings(read)
    for term, seqs in stories_of_terms.items():
        for seq in seqs:
            postings.add([term], seq, seq % 5, since=0, most=40)
    return postings


@pytest.fixture
def engine():
    engine = sa.create_engine("sqlite://")
    metadata.create_all(engine)
    return engine


@given(DAYS_OF_STORIES)
def test_packed_postings_are_in_the_order_of_days_and_read_as_they_were(days):
    packed = pack_postings((day, seq) for seq, day in days.items())
    assert unpack_postings(packed) == sorted((day, seq) for seq, day in days.items())
    assert unpack_seqs(packed).tolist() == [seq for _, seq in unpack_postings(packed)]


@given(DAYS_OF_STORIES, st.integers(0, 60_000))
def test_of_days_before_one_nothing_stays_and_the_rest_does(days, first_day):
    packed = pack_postings((day, seq) for seq, day in days.items())
    kept = [posting for posting in unpack_postings(packed) if posting[0] >= first_day]
    assert unpack_postings(drop_days_before(packed, first_day)) == kept


@given(st.lists(CHANGES, max_size=40), st.integers(1, 4))
def test_the_oldest_of_the_window_makes_room_where_a_term_leads_to_as_many_others_as_it_may(changes, most):
    packed, days = b"", {}
    for kind, seq, *more in changes:
        if kind == "drop":
            packed = drop_posting(packed, seq)
            days.pop(seq, None)
            continue
        day, since = more
        packed, displaced = insert_posting(packed, seq, day, since=since, most=most)
        others = [(other_day, other) for other, other_day in days.items() if other != seq and other_day >= since]
        expected = min(others)[1] if len(others) >= most else None
        assert displaced == expected
        days.pop(expected, None)
        days[seq] = day
    assert unpack_postings(packed) == sorted((day, seq) for seq, day in days.items())


@given(
    STORIES_OF_TERMS,
    st.lists(st.sampled_from([0.25, 0.5, 2.0]), min_size=9),
    st.integers(0, 5),
    st.integers(1, 12),
)
def test_the_nearest_are_those_whose_shared_terms_are_worth_most_and_then_the_latest(terms, values, since, most):
    engine = sa.create_engine("sqlite://")
    metadata.create_all(engine)
    postings = filled(engine.connect, terms)
    worth = dict(enumerate(values, 1))
    stories = {seq for seqs in terms.values() for seq in seqs if seq % 5 >= since}
    total = {seq: sum(worth[term] for term, seqs in terms.items() if seq in seqs) for seq in stories}
    assert postings.find_nearest(worth, since, most) == sorted(stories, key=lambda seq: (-total[seq], -seq))[:most]


def test_nothing_that_is_looked_for_leads_to_nothing(engine):
    assert StoryPostings(engine.connect).find_nearest({}, 0, 12) == []


def test_what_was_written_is_read_again(store):
    terms = {TOP: {1, 2, 3, 4}, 7: {3, 4, 9}, 2**31: {5}}
    written = filled(store.read, terms)
    with store.write() as connection:
        written.flush(connection)
    with store.read() as connection:
        lists = select_lists(connection, [*terms, 99])
    assert {term: unpack_postings(packed) for term, packed in lists.items()} == {
        term: sorted((seq % 5, seq) for seq in seqs) for term, seqs in terms.items()
    }


def test_a_term_that_leads_nowhere_any_more_has_no_row(store):
    written = filled(store.read, {7: {3}, 8: {3, 4}})
    with store.write() as connection:
        written.flush(connection)
    postings = StoryPostings(store.read)
    postings.drop([7, 8, 9], 3)
    with store.write() as connection:
        postings.flush(connection)
        assert select_lists(connection, [7, 8, 9]) == {8: pack_postings([(4, 4)])}


def test_terms_are_read_when_they_change_and_changes_are_seen(store):
    written = filled(store.read, {7: {3}, 8: {4}})
    with store.write() as connection:
        written.flush(connection)
    postings = StoryPostings(store.read)
    postings.load([8])
    assert not postings.has_changed([7, 8])
    assert postings.add([7], 9, 4, since=0, most=1) == [(7, 3)]
    assert (postings.has_changed([7]), postings.has_changed([8])) == (True, False)
    assert postings.find_nearest({7: 1.0, 8: 0.5}, 0, 9) == [9, 4]
    postings.add([8], 4, 4, since=0, most=1)  # as it stands
    assert not postings.has_changed([8])


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_postings_are_forgotten_by_day(store, monkeypatch, at_once):
    monkeypatch.setattr("pipeline.store.story_postings._ROWS", at_once)
    written = filled(store.read, {0: {3}, 7: {3, 4, 8}, 8: {4, 9}, TOP: {1, 4}})
    with store.write() as connection:
        written.flush(connection)
        delete_postings_before(connection, 4)
        lists = select_lists(connection, [0, 7, 8, TOP])
        first_days = connection.exec_driver_sql("SELECT first_day FROM story_postings").scalars().all()
    assert {term: unpack_seqs(packed).tolist() for term, packed in lists.items()} == {7: [4], 8: [4, 9], TOP: [4]}
    assert first_days == [4, 4, 4]
