"""One table folds texts and queries; where a folded word stands in the text is known exactly."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.index.folding import BOUNDARY, fold, fold_words, folding_table, has_words, locate_words

TEXTS = st.text(
    st.one_of(
        st.sampled_from([*"ßﬁİıŁﾃﾞ서ก橋ىनद .", "\u200c", "\u00ad", "\u094d"]),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=40,
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Straße İzmir ﬁnde", "strasse izmir finde"),
        ("ﾃﾞｰﾀﾍﾞｰｽ ２０２６", "データベース 2026"),
        ("Ёлка й ї Ґанок", "елка й ї ганок"),
        ("قالَتِ أحمد ٢٠٢٦", "قالت احمد 2026"),
        ("می‌شود", "مي شود"),
        ("Γέφυρας", "γεφυρασ"),
        ("हिन्दी ज़रूर", "हिंदी जरूर"),
        ("½ ™ ﷺ", "½ ™ ﷺ"),  # stand for several words or for none
    ],
)
def test_a_text_is_folded_by_the_table(text, folded):
    assert fold(text) == folded


def test_what_stands_for_a_character_is_folded_itself():
    folds = folding_table().folds
    assert {source for source, target in folds.items() if "".join(folds.get(c, c) for c in target) != target} == set()


@given(TEXTS)
def test_a_text_and_its_decomposed_form_have_the_same_words(text):
    assert fold_words(unicodedata.normalize("NFD", text)) == fold_words(unicodedata.normalize("NFC", text))


@given(TEXTS)
def test_places_are_those_of_the_words(text):
    composed = unicodedata.normalize("NFC", text)
    words = locate_words(composed)
    assert " ".join(word.folded for word in words) == fold_words(text)
    assert all(0 <= word.start <= word.end <= len(composed) for word in words)
    assert locate_words(composed, 1, 3) == words[1:3]
    for word in words:
        if word.folded not in {BOUNDARY, ".", ":"}:
            assert word.folded in fold_words(composed[word.start : word.end]).split() or len(word.folded) > 1


@given(TEXTS)
def test_there_are_words_exactly_where_something_can_be_searched_for(text):
    assert has_words(text) == bool(set(fold_words(text).split()) - {".", ":", BOUNDARY})
