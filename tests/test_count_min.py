"""How common a hashed term is."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.count_min import AGES_AT, WIDTH, CountMinSketch, hash_words, isin_sorted


def test_a_share_is_that_of_the_documents_that_hold_the_term():
    counted = CountMinSketch()
    common, rare = hash_words(["the", "Mosul"])
    for n in range(1000):
        counted.add_document(np.array([common, rare] if n % 100 == 0 else [common], dtype=np.uint32))
    assert np.allclose(counted.estimate_shares(np.array([common, rare])), [1, 0.01], atol=0.001)


def test_what_was_never_seen_is_rare_but_not_impossible():
    counted = CountMinSketch()
    assert counted.estimate_shares(hash_words(["new"])) > 0


def test_counts_survive_being_written():
    counted = CountMinSketch()
    counted.add_document(hash_words(["a", "b"]))
    again = CountMinSketch(bytes(counted))
    assert again.documents == 1
    assert np.array_equal(
        again.estimate_shares(hash_words(["a", "z"])), counted.estimate_shares(hash_words(["a", "z"]))
    )


def test_old_documents_count_less_and_no_counter_overflows():
    counted = CountMinSketch()
    term = hash_words(["the"])
    for _ in range(AGES_AT + 10):
        counted.add_document(term)
    assert counted.documents < AGES_AT
    assert np.allclose(counted.estimate_shares(term), 1, atol=0.001)


def test_documents_are_counted():
    counted = CountMinSketch()
    for words in ("ab", "ac"):
        counted.add_document(hash_words(words))
    assert counted.estimate_counts(hash_words("abz")).tolist() == [2, 1, 0]


def test_before_much_is_counted_a_term_is_as_rare_as_imagined():
    counted = CountMinSketch()
    counted.add_document(hash_words(["a"]))
    assert counted.estimate_shares(hash_words(["a"]), imagined=99)[0] < 0.02


def test_a_word_has_the_same_hash_on_every_machine():
    assert hash_words(["newswire"]).tolist() == [1084706797]


def test_what_was_counted_since_can_be_written_alone():
    counted = CountMinSketch()
    counted.add_document(hash_words(["a", "b"]))
    written, _ = bytes(counted), counted.take_increments()
    counted.add_document(hash_words(["a", "c"]))
    counted.add_document(hash_words(["a"]))
    since = counted.take_increments()
    assert bytes(CountMinSketch(written, [since])) == bytes(counted)
    assert len(since) == 4 * (1 + 2 + 1 + 1)
    assert counted.take_increments() == b""


def test_two_terms_of_one_document_that_have_one_place_count_once():
    counted = CountMinSketch()
    counted.add_document(np.array([7, 7 + WIDTH], dtype=np.uint32))
    assert counted.estimate_counts(np.array([7], dtype=np.uint32)).tolist() == [1]
    assert bytes(CountMinSketch(None, [counted.take_increments()])) == bytes(counted)


@given(st.lists(st.integers(0, 9)), st.sets(st.integers(0, 9), min_size=1))
def test_terms_are_held_that_are_among_the_known_ones(terms, known):
    told = isin_sorted(np.array(terms, dtype=np.uint32), np.array(sorted(known), dtype=np.uint32))
    assert told.tolist() == [term in known for term in terms]
