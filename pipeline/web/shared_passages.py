"""Find the passages that two texts share, and what each has of its own. Pure.

A passage is shared where ``_RUN`` words in a row stand in the other text too, wherever they stand there, so that
paragraphs in another order are still shared. White space, case and signs make no difference.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from pipeline.text import KANA_AND_HAN, normalise, split_paragraphs

# Fewer words in a row are shared by any two articles on one thing
_RUN = 5
_CHARACTERS = 12  # in their place where a character counts as a word

_SINGLE = rf"\u0e00-\u0e7f{KANA_AND_HAN}"
_WORD = re.compile(rf"[{_SINGLE}]|[^\W_{_SINGLE}]+")


class PassagePart(NamedTuple):
    """A part of a paragraph, which the other text has too or hasn't."""

    text: str
    is_shared: bool


class SharedPassages(NamedTuple):
    """The paragraphs of a text in parts, and the share of its words that the other text has, 0 to 1."""

    paragraphs: tuple[tuple[PassagePart, ...], ...]
    share: float


class _Word(NamedTuple):
    paragraph: int
    start: int
    key: str


def compare_passages(one: str, other: str) -> tuple[SharedPassages, SharedPassages]:
    """Return what each of two texts shares with the other."""
    paragraphs = split_paragraphs(one), split_paragraphs(other)
    words = [_split(each) for each in paragraphs]
    keys = [[word.key for word in each] for each in words]
    run = max(1, min(_run_length(keys[0] + keys[1]), *map(len, keys)))
    runs = [set(_runs(each, run)) for each in keys]
    shared = _cover(keys[0], runs[1], run), _cover(keys[1], runs[0], run)
    first, second = (
        SharedPassages(_parts(*each), sum(each[2]) / len(each[2]) if each[2] else 0.0)
        for each in zip(paragraphs, words, shared, strict=True)
    )
    return first, second


def _split(paragraphs: Sequence[str]) -> list[_Word]:
    return [
        _Word(number, match.start(), normalise(match[0]))
        for number, paragraph in enumerate(paragraphs)
        for match in _WORD.finditer(paragraph)
    ]


def _run_length(keys: Sequence[str]) -> int:
    characters = sum(re.fullmatch(f"[{_SINGLE}]", key) is not None for key in keys)
    return _CHARACTERS if 2 * characters > len(keys) else _RUN


def _runs(keys: Sequence[str], length: int) -> list[tuple[str, ...]]:
    return [tuple(keys[start : start + length]) for start in range(len(keys) - length + 1)]


def _cover(keys: Sequence[str], runs: set[tuple[str, ...]], length: int) -> list[bool]:
    """Return which words lie in a run that the other text has."""
    covered = [False] * len(keys)
    for start, words in enumerate(_runs(keys, length)):
        if words in runs:
            covered[start : start + length] = [True] * length
    return covered


def _parts(
    paragraphs: Sequence[str], words: Sequence[_Word], shared: Sequence[bool]
) -> tuple[tuple[PassagePart, ...], ...]:
    """Return each paragraph in parts; signs and spaces belong to the word before them."""
    starts: list[list[tuple[int, bool]]] = [[] for _ in paragraphs]
    for word, is_shared in zip(words, shared, strict=True):
        starts[word.paragraph].append((word.start, is_shared))
    return tuple(_parts_of(*each) for each in zip(paragraphs, starts, strict=True))


def _parts_of(paragraph: str, starts: Sequence[tuple[int, bool]]) -> tuple[PassagePart, ...]:
    if not starts:
        return (PassagePart(paragraph, is_shared=False),)
    changes = [next(group) for _, group in groupby(starts, key=lambda start: start[1])]
    bounds = [0, *(start for start, _ in changes[1:]), len(paragraph)]
    return tuple(
        PassagePart(paragraph[start:end], is_shared)
        for (_, is_shared), start, end in zip(changes, bounds, bounds[1:], strict=False)
    )
