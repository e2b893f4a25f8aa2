"""Facts about the terms of an article, and what they make of languages that aren't written in words and spaces."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cluster import ArticleToAssign, decide
from pipeline.cluster.terms import LEDE_PIECES, LEDE_WORDS, article_terms, expected_share, word_pieces
from pipeline.records import Article, Copy
from pipeline.settings import ClusterSettings
from pipeline.store import Store
from pipeline.text import normalise, split_words
from tests.helpers.copies import AT


class Told(NamedTuple):
    """An article of ``unspaced.txt``: those of one language with one event are one story."""

    language: str
    event: str
    title: str
    text: str


def read():
    blocks = (Path(__file__).parent / "data" / "unspaced.txt").read_text(encoding="utf-8").strip().split("\n\n")
    for block in blocks:
        head, text = block.split("\n", 1)
        yield Told(*head.split(" ", 2), text)


TOLD = list(read())


def placed(tmp_path, told):
    """Return the story of each article; nothing was known before, and all are of one day."""
    store = Store(f"sqlite:///{tmp_path}/ledger.db")
    arrivals = []
    for seq, one in enumerate(told, 1):
        article = Article(id=f"a{seq}", title=one.title, text=one.text, language=one.language, published=AT)
        arrivals.append(
            ArticleToAssign(seq=seq, first_seen=AT, article=article, copy=Copy(id=article.id, group=article.id))
        )
    placements = decide(arrivals, store.story_index(ClusterSettings()), ClusterSettings())
    store.close()
    return [placement.story for placement in placements]


def grouped(labels):
    """Return which articles have one label, as sets of their places."""
    return {frozenset(n for n, other in enumerate(labels) if other == label) for label in labels}


def test_words_of_a_script_without_spaces_are_its_overlapping_pairs_of_characters():
    assert word_pieces(normalise("洪水、橋を流す")) == ["洪水", "橋を", "を流", "流す"]
    assert word_pieces(normalise("ＪＲ北海道は11月に")) == ["jr", "北海", "海道", "道は", "11", "月に"]


def test_a_character_alone_is_a_term():
    assert word_pieces(normalise("第 3 橋")) == ["第", "3", "橋"]


def test_thai_is_taken_in_fours_of_letters_and_marks():
    assert word_pieces(normalise("น้ำท่วม 2569")) == ["น้ํา", "้ําท", "ําท่", "าท่ว", "ท่วม", "2569"]


def test_a_korean_word_is_taken_in_pairs_without_its_last_syllable_which_is_often_a_particle():
    assert word_pieces(normalise("여객선은 3일 항구 앞")) == ["여객", "객선", "3", "일", "항구", "앞"]


@pytest.mark.parametrize("text", ["A bridge, “swept” away", "Brücke weg", "पुल बह गया", "جرف الجسر"])
def test_what_is_written_with_spaces_is_taken_word_by_word(text):
    assert word_pieces(normalise(text)) == split_words(text)


@given(st.text(alphabet="洪水橋カを น้ำ3a'.", max_size=40))
def test_no_character_of_a_word_is_lost(text):
    assert set("".join(word_pieces(normalise(text)))) == set("".join(split_words(text)))


def test_a_character_that_says_as_much_as_three_letters_is_expected_as_seldom():
    assert (
        expected_share("洪水")
        == expected_share("floods")
        == expected_share("홍수")
        < expected_share("した")
        == expected_share("of")
    )


def test_the_beginning_has_as_much_to_say_in_pieces_as_in_words():
    spaced = article_terms(Article(id="a", text=" ".join(f"w{n}" for n in range(300))), None)
    dense = article_terms(Article(id="a", text="".join(chr(0x4E00 + n) for n in range(300))), None)
    assert (spaced.lede_counts > 0).sum() == LEDE_WORDS
    assert (dense.lede_counts > 0).sum() == LEDE_PIECES


def test_a_foreign_name_in_its_own_script_makes_the_beginning_no_longer():
    named = article_terms(Article(id="a", text="洪水橋 " + " ".join(f"w{n}" for n in range(300))), None)
    assert (named.lede_counts > 0).sum() == LEDE_WORDS


@pytest.mark.parametrize("language", sorted({told.language for told in TOLD}))
def test_the_first_articles_ever_of_a_language_are_one_story_only_where_they_tell_one_event(tmp_path, language):
    told = [one for one in TOLD if one.language == language]
    assert grouped(placed(tmp_path, told)) == grouped([one.event for one in told])


def test_languages_that_arrive_together_are_told_apart(tmp_path):
    told = TOLD[::-1]
    found = placed(tmp_path, told)
    assert grouped(found) == grouped([(one.language, one.event) for one in told])
    assert max(Counter(found).values()) == 2
