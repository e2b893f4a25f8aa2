"""Search by looking at every document: what a tree of the query language means, with no index between.

Words are compared by their folded form, and by their stem where a pattern doesn't say otherwise.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable

from pipeline.index.fields import WORD_WEIGHTS, facet_values, searched_texts
from pipeline.index.folding import fold_words
from pipeline.index.query_language.tree import (
    SEARCHED_TOGETHER,
    And,
    AtLeast,
    Exists,
    Near,
    Node,
    Not,
    Or,
    Range,
    Value,
    Wildcard,
    Words,
)
from pipeline.records import Document


def stem(word: str) -> str:
    """Return a word without the endings that the tests' documents have; engines know all of English."""
    for ending, stays in (("ies", "i"), ("ing", ""), ("ed", ""), ("s", ""), ("y", "i")):
        if word.endswith(ending) and len(word) > len(ending) + 2 and not word.endswith(("ss", "us")):
            return word.removesuffix(ending) + stays
    return word


def _words(text: str) -> list[str]:
    return [word for word in fold_words(text).split() if word not in {".", ":"}]


def matches(node: Node | None, document: Document) -> bool:  # noqa: C901, PLR0911 - one for each kind of node
    """Return whether a document matches a tree."""
    match node:
        case None:
            return True
        case And(children):
            return all(matches(child, document) for child in children)
        case Or(children):
            return any(matches(child, document) for child in children)
        case AtLeast(minimum, children):
            return sum(matches(child, document) for child in children) >= minimum
        case Not(child):
            return not matches(child, document)
        case Words(text, field):
            wanted = list(map(stem, _words(text)))
            return _any_text(document, field, lambda words: _has_row(list(map(stem, words)), wanted))
        case Near(text, distance, field):
            wanted = list(dict.fromkeys(map(stem, _words(text))))
            fields = [field] if field else list(WORD_WEIGHTS)
            return any(_are_near(_joined(document, name), wanted, distance) for name in fields)
        case Wildcard(pattern, field):
            expression = re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."))
            return _any_text(document, field, lambda words: any(map(expression.fullmatch, words)))
        case Value(field, value):
            return value in facet_values(document, field)
        case Range(field):
            return _within(
                node, document.published or document.first_seen if field == "date" else getattr(document, field)
            )
        case Exists(field):
            return _holds(getattr(document, field))
    raise AssertionError(node)


def _any_text(document: Document, field: str | None, test: Callable[[list[str]], bool]) -> bool:
    fields = SEARCHED_TOGETHER.get(field, (field,)) if field else WORD_WEIGHTS
    return any(test(_words(text)) for name in fields for text in searched_texts(document, name))


def _has_row(words: list[str], wanted: list[str]) -> bool:
    return any(words[start : start + len(wanted)] == wanted for start in range(len(words) - len(wanted) + 1))


def _joined(document: Document, field: str) -> list[str]:
    """Return the stems of a field's values with one word between two of them."""
    words: list[str] = []
    for text in searched_texts(document, field):
        words += [*(["\ue000"] if words else []), *map(stem, _words(text))]
    return words


def _are_near(words: list[str], wanted: list[str], distance: int) -> bool:
    """Return whether all wanted words stand in a stretch with at most so many others."""
    longest = len(wanted) + distance
    return any(set(wanted) <= set(words[start : start + longest]) for start in range(len(words)))


def _within(bounds: Range, value: dt.datetime | float | None) -> bool:
    if value is None:
        return False
    low, high = bounds.low, bounds.high
    above = low is None or (value > low if bounds.low_open else value >= low)
    below = high is None or (value < high if bounds.high_open else value <= high)
    return above and below


def _holds(value: object) -> bool:
    if isinstance(value, Iterable):
        return any(True for _ in value)
    return value is not None
