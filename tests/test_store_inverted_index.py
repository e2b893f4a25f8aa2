"""What shares terms with an article is found, the nearest first, from memory and ledger alike."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.store import Store
from pipeline.store.inverted_index import InvertedIndex
from pipeline.store.posting_tables import STORIES

FOUND = st.dictionaries(st.integers(1, 9), st.sets(st.integers(1, 30), max_size=20), max_size=6)


def filled(engine, found):
    postings = InvertedIndex(engine.connect, STORIES)
    for seq in {seq for seqs in found.values() for seq in seqs}:
        postings.set_blob(seq, seq % 5, b"x")
    for term, seqs in found.items():
        for seq in seqs:
            postings.add_postings((term,), seq, seq % 5)
    return postings


@given(FOUND, st.lists(st.sampled_from([0.25, 0.5, 2.0]), min_size=9), st.integers(0, 5), st.integers(1, 12))
def test_the_nearest_are_those_whose_shared_terms_are_worth_most_and_then_the_latest(found, values, since, most):
    postings = filled(sa.create_engine("sqlite://"), found)
    worth = dict(enumerate(values, 1))
    things = {seq for seqs in found.values() for seq in seqs if seq % 5 >= since}
    total = {seq: sum(worth[term] for term, seqs in found.items() if seq in seqs) for seq in things}
    assert postings.find_nearest(worth, since, most) == sorted(things, key=lambda seq: (-total[seq], -seq))[:most]


@pytest.mark.parametrize("since", [0, 3])
def test_what_was_written_is_read_again(store_url, since):
    found = {2**32 - 1: {1, 2, 3, 4}, 7: {3, 4, 9}, 8: set()}
    store = Store(store_url)
    with store.write() as connection:
        filled(connection.engine, found).flush(connection)
    with store.read() as connection:
        postings = InvertedIndex(connection.engine.connect, STORIES)
    postings.load_postings([*found, 99], since)
    for term, seqs in found.items():
        assert sorted(postings.list_members(term, 0)) == sorted((seq % 5, seq) for seq in seqs if seq % 5 >= since)
    store.close()
