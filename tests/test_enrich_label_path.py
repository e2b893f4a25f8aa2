"""The most probable sequence of labels, and the names that it means."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.multilingual_model.label_path import decode_label_path
from pipeline.multilingual.labels import LABEL_COUNT, TYPES, first_label
from pipeline.records import EntityType

PERSON, PLACE = EntityType.PERSON, EntityType.PLACE


def rows(*words: dict[int, float]) -> np.ndarray:
    """Return probabilities: of each word those of its labels; what is left is that it is no name."""
    probabilities = np.zeros((len(words), LABEL_COUNT), dtype=np.float32)
    for row, labels in zip(probabilities, words, strict=True):
        for label, chance in labels.items():
            row[label] = chance
        row[0] = 1 - sum(labels.values())
    return probabilities


def decode(*words: dict[int, float], lines: tuple[int, ...] = (0,)) -> list[tuple[int, int, EntityType]]:
    starts = np.zeros(len(words), dtype=bool)
    starts[list(lines)] = True
    spans = decode_label_path(rows(*words), starts)
    return [(span.first, span.stop, TYPES[int(np.argmax(span.types))]) for span in spans]


def first(kind: EntityType, chance: float) -> dict[int, float]:
    return {first_label(kind): chance}


def further(kind: EntityType, chance: float) -> dict[int, float]:
    return {first_label(kind) + 1: chance}


def test_a_word_that_only_goes_on_with_a_name_brings_the_one_before_it_in() -> None:
    assert decode(first(PLACE, 0.4), further(PLACE, 0.9)) == [(0, 2, PLACE)]


def test_a_name_does_not_go_on_in_another_type() -> None:
    unsure = {first_label(PERSON): 0.4, first_label(PERSON) + 1: 0.55}
    assert decode(first(PLACE, 0.9), unsure, further(PERSON, 0.9)) == [(0, 1, PLACE), (1, 3, PERSON)]


def test_a_name_ends_at_the_end_of_its_line() -> None:
    words = first(PLACE, 0.9), {first_label(PLACE): 0.3, first_label(PLACE) + 1: 0.6}
    assert decode(*words) == [(0, 2, PLACE)]
    assert decode(*words, lines=(0, 1)) == [(0, 1, PLACE), (1, 2, PLACE)]


def test_words_that_are_no_names_are_none() -> None:
    assert decode({}, first(PERSON, 0.2), {}) == []
    assert decode_label_path(rows(), np.zeros(0, dtype=bool)) == []


@given(
    st.lists(st.lists(st.floats(0.001, 1), min_size=LABEL_COUNT, max_size=LABEL_COUNT), max_size=12), st.integers(0, 11)
)
def test_names_are_in_order_and_apart_and_cross_no_line(weights: list[list[float]], line: int) -> None:
    probabilities = np.array(weights, dtype=np.float32).reshape(-1, LABEL_COUNT)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    starts = np.arange(len(weights)) == line
    last = 0
    for span in decode_label_path(probabilities, starts):
        assert last <= span.first < span.stop <= len(weights)
        assert not starts[span.first + 1 : span.stop].any()
        last = span.stop
