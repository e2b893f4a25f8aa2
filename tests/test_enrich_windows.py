from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.english_model.model_input import ModelInput
from pipeline.enrich.english_model.windows import LONGEST, cut_windows


def words_of(text: str) -> ModelInput:
    """Each word of the text as one piece."""
    starts = np.array([at for at, _ in spelled(text)], dtype=np.int64)
    ends = np.array([at + len(word) for at, word in spelled(text)], dtype=np.int64)
    none = np.zeros(len(starts), dtype=np.int64)
    return ModelInput(start=starts, end=ends, first=np.arange(len(starts)), ids=none, looks=none, hints=none)


def spelled(text: str) -> list[tuple[int, str]]:
    found, at = [], 0
    for word in text.split():
        at = text.index(word, at)
        found.append((at, word))
        at += len(word)
    return found


def begun(text: str) -> list[str]:
    """The word with which each window but the first begins."""
    words = words_of(text)
    return [text[words.start[w.first] : words.end[w.first]] for w in cut_windows(text, words)][1:]


@given(
    st.lists(st.sampled_from(["grain", "Mr.", "U.S.", "Oslo", "rose.", "Then", 'said."', "\n", "\n\n"]), max_size=900)
)
def test_windows_are_not_too_long_and_every_piece_counts_once(parts):
    text = " ".join(parts)
    words = words_of(text)
    made = cut_windows(text, words)
    assert all(0 < w.stop - w.first <= LONGEST and w.first <= w.counted_from < w.stop for w in made)
    counted = [*(w.counted_from for w in made), len(words.ids)]
    assert counted[0] == 0
    assert counted == sorted(set(counted)) or not made
    assert all(one.stop >= other.counted_from for one, other in itertools.pairwise(made))


def test_a_short_text_is_one_window():
    assert [tuple(w) for w in cut_windows("Grain rose.", words_of("Grain rose."))] == [(0, 2, 0)]
    assert cut_windows("", words_of("")) == []


@pytest.mark.parametrize(
    ("sentence", "begins"),
    [
        ("Then Mr. Smith of the U.S. office saw St. Paul and grain rose. ", "Then"),
        ("\u201cNow Mr. Smith of the U.S. office saw that grain rose.\u201d ", "\u201cNow"),
        ("- grain of Mr. Smith\n", "-"),
    ],
)
def test_a_long_text_is_cut_between_sentences_and_lines(sentence, begins):
    starts = begun(sentence * 60)
    assert starts
    assert set(starts) == {begins}


def test_windows_are_about_equally_long():
    text = "Then grain rose. " * ((LONGEST + 9) // 3)
    first, second = cut_windows(text, words_of(text))
    assert first.stop == second.first == second.counted_from
    assert abs((first.stop - first.first) - (second.stop - second.first)) <= 3


def test_without_the_end_of_a_sentence_windows_overlap_and_share_what_counts():
    text = "grain " * (LONGEST + 40)
    first, second = cut_windows(text, words_of(text))
    assert second.first < second.counted_from < first.stop == LONGEST
