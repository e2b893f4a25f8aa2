"""What shares terms with an article is counted, from memory and ledger alike."""

from __future__ import annotations

import pytest

from pipeline.store import Store
from pipeline.store.inverted_index import InvertedIndex
from pipeline.store.posting_tables import COPIES


def filled(engine, blobs_of_terms):
    postings = InvertedIndex(engine.connect, COPIES)
    for seq in {seq for seqs in blobs_of_terms.values() for seq in seqs}:
        postings.set_blob(seq, seq % 5, b"x")
    for term, seqs in blobs_of_terms.items():
        for seq in seqs:
            postings.add_postings((term,), seq, seq % 5)
    return postings


@pytest.mark.parametrize("since", [0, 3])
def test_what_was_written_is_read_again(store_url, since):
    terms = {2**32 - 1: {1, 2, 3, 4}, 7: {3, 4, 9}, 8: set()}
    store = Store(store_url)
    with store.write() as connection:
        written = filled(connection.engine, terms)
        written.flush(connection)
    postings = InvertedIndex(store.read, COPIES)
    postings.load_postings([*terms, 99], since)
    for term, seqs in terms.items():
        expected = dict.fromkeys((seq for seq in seqs if seq % 5 >= since), 1)
        assert postings.count_shared([term], since) == written.count_shared([term], since) == expected
    assert postings.count_shared(terms, since)[4] == 2
    store.close()


def test_what_is_removed_and_set_again_in_a_batch_stays(store):
    with store.write() as connection:
        filled(connection.engine, {7: {1, 2}, 8: {1}}).flush(connection)
    postings = InvertedIndex(store.read, COPIES)
    postings.load_postings([7, 8], 0)
    postings.load_blobs([1])
    postings.remove(1)
    postings.set_blob(1, 4, b"y")
    postings.add_postings([7], 1, 4)
    with store.write() as connection:
        postings.flush(connection)
    after = InvertedIndex(store.read, COPIES)
    after.load_postings([7, 8], 0)
    after.load_blobs([1, 2])
    assert (after.count_shared([7], 0), after.count_shared([8], 0)) == ({1: 1, 2: 1}, {})
    assert (after.get_blob(1), after.get_blob(2)) == (b"y", b"x")
