"""Words and pieces of texts in many scripts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.multilingual.network import load_network


def words(text: str) -> list[str]:
    pieces = load_network().encode(text)
    return [text[start:end] for start, end in zip(pieces.start, pieces.end, strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Angela Merkel'in Ankara'da", ["Angela", "Merkel", "'", "in", "Ankara", "'", "da"]),
        ("L'Aquila, d'Italia", ["L", "'", "Aquila", ",", "d", "'", "Italia"]),
        ("Новое в Москве: «Газпром»", ["Новое", "в", "Москве", ":", "«", "Газпром", "»"]),
        ("दिल्ली में", ["दिल्ली", "में"]),
        ("وقالت القاهرة، مصر", ["وقالت", "القاهرة", "،", "مصر"]),
        ("서울에서", ["서울", "에서"]),
        ("北京。", ["北京", "。"]),
        ("", []),
        (" \n\u200f ", []),
    ],
)
def test_words_are_letters_signs_and_pieces_of_unspaced_scripts(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_words_are_in_order_never_overlap_and_begin_with_a_piece_of_their_own(text: str) -> None:
    pieces = load_network().encode(text)
    assert (pieces.start < pieces.end).all()
    assert (pieces.start[1:] >= pieces.end[:-1]).all()
    assert (pieces.first[1:] > pieces.first[:-1]).all()
    assert all(0 <= first < len(pieces.ids) for first in pieces.first)
    assert all(text[start:end].strip() == text[start:end] for start, end in zip(pieces.start, pieces.end, strict=True))
