"""Encode a text for a network that labels words: word pieces, each with its word's look and a hint.

The order of labels and looks is part of the packed weights: it can only change with a new training.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from pipeline.enrich.recogniser import Span
from pipeline.records import EntityType

Ints = npt.NDArray[np.int64]

# The order of the labels: none, then for each type the first word of a name and its further words.
TYPES = tuple(EntityType)
NO_LABEL = 0
LABEL_COUNT = 1 + 2 * len(TYPES)

# How a word is written (its look), which an uncased vocabulary doesn't tell.
_NO_LETTERS, _LOWER, _INITIAL, _CAPITALS, _ONE_CAPITAL, _MIXED, _DIGITS = range(7)
# Added to the look of a word that begins a line.
LINE_START = 8
LOOK_COUNT = 2 * LINE_START
_LINE_END = re.compile(r"\n")


class ModelInput(NamedTuple):
    """A text as the network sees it: per word its characters and first piece; per piece its id, look and hint."""

    start: Ints  # per word
    end: Ints
    first: Ints
    ids: Ints  # per piece
    looks: Ints
    hints: Ints


def first_label(entity_type: EntityType) -> int:
    """Return the label of a name's first word; that of its further words is one higher."""
    return 1 + 2 * TYPES.index(entity_type)


def encode_text(tokenizer: Tokenizer, text: str, hints: Sequence[Span]) -> ModelInput:
    """Encode ``text``; ``hints`` are the names that word lists find, in order, none overlapping."""
    encoding = tokenizer.encode(text, add_special_tokens=False)
    pieces = np.array(encoding.word_ids, dtype=np.int64)
    offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
    begins = np.ones(len(pieces), dtype=bool)
    begins[1:] = pieces[1:] != pieces[:-1]
    first = np.flatnonzero(begins)
    start = offsets[first, 0]
    end = offsets[np.append(first[1:], len(pieces)) - 1, 1] if len(first) else start
    sizes = np.diff(np.append(first, len(pieces)))
    return ModelInput(
        start=start,
        end=end,
        first=first,
        ids=np.array(encoding.ids, dtype=np.int64),
        looks=np.repeat(_looks(text, start, end), sizes),
        hints=np.repeat(label_words(start, end, hints), sizes),
    )


def label_words(start: Ints, end: Ints, spans: Sequence[Span]) -> Ints:
    """Return for each word, by the characters where words start and end, the label that ``spans`` give it."""
    given = np.full(len(start), NO_LABEL, dtype=np.int64)
    for span in spans:
        low, high = np.searchsorted(end, span.start, side="right"), np.searchsorted(start, span.end, side="left")
        if low < high:
            given[low:high] = first_label(span.type) + 1
            given[low] -= 1
    return given


def _looks(text: str, start: Ints, end: Ints) -> Ints:
    looks = np.fromiter(
        (_look(text[a:b]) for a, b in zip(start.tolist(), end.tolist(), strict=True)), np.int64, len(start)
    )
    lines = np.array([0, *(match.start() for match in _LINE_END.finditer(text))], dtype=np.int64)
    if len(start):
        begin = np.unique(np.searchsorted(start, lines, side="left"))
        looks[begin[begin < len(start)]] += LINE_START
    return looks


@lru_cache(maxsize=65536)
def _look(word: str) -> int:
    if word.islower():
        return _LOWER
    if word.isupper():
        return _CAPITALS if len(word) > 1 else _ONE_CAPITAL
    if word.istitle():
        return _INITIAL
    if any(c.isalpha() for c in word):
        return _MIXED
    return _DIGITS if any(c.isdigit() for c in word) else _NO_LETTERS
