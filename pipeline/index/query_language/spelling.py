"""Guess what a search line that finds nothing was meant to be, and how one that is being written may go on.

The index says which words and values it has; what is likely is decided here, alike for every engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from pipeline.index.fields import WORD_WEIGHTS
from pipeline.index.folding import has_unspaced, split_words
from pipeline.index.query_language.tree import And, AtLeast, Node, Or, Words, wanted_words

# A shorter word has too many that are like it.
SHORTEST = 4
MAX_EDITS = 2
_LONG = 6  # from so many letters on, two edits still leave a word that can be told
# Values of these fields complete a line: who and what is looked for.
COMPLETED = ("people", "organisations", "places", "groups", "events", "source", "authors", "agency", "tags", "section")


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """A value that a line may go on with, the field that has it, and in how many articles."""

    field: str
    value: str
    count: int


def spelt_words(tree: Node | None) -> list[str]:
    """Return the folded words of a tree that may be misspelt: single ones, of a few letters at least."""
    words = [
        word
        for part in wanted_words(tree)
        if isinstance(part, Words) and (part.field is None or part.field in WORD_WEIGHTS)
        for word in split_words(part.text)
    ]
    return [
        word for word in dict.fromkeys(words) if len(word) >= SHORTEST and word.isalpha() and not has_unspaced(word)
    ]


def likely_spelling(word: str, candidates: Iterable[tuple[str, int]]) -> str | None:
    """Return the word of an index that a misspelt one was most likely meant to be, None where none is near.

    Args:
        word: a folded word.
        candidates: words that begin with the same letter, each with the number of its articles.
    """
    most = MAX_EDITS if len(word) >= _LONG else 1
    near = [
        (count_edits(word, other), -count, other) for other, count in candidates if abs(len(other) - len(word)) <= most
    ]
    best = min((guess for guess in near if 0 < guess[0] <= most), default=None)
    return best[2] if best else None


def count_edits(first: str, second: str) -> int:
    """Return in how many letters two words differ: inserted, left out, replaced, or two that changed places.

    It is the distance of optimal string alignment (Damerau 1964).
    """
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, letter in enumerate(first, start=1):
        older, before, row = before, row, [i]
        for j, other in enumerate(second, start=1):
            edits = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == other:
                edits = min(edits, older[j - 2] + 1)
            row.append(edits)
    return row[-1]


def respell(tree: Node, spellings: Mapping[str, str]) -> Node:
    """Return a tree with words as ``spellings`` has them."""
    match tree:
        case Words(text, field):
            words = split_words(text)
            changed = [spellings.get(word, word) for word in words]
            return tree if changed == words else Words(" ".join(changed), field)
        case And(children):
            return And(_each(children, lambda child: respell(child, spellings)))
        case Or(children):
            return Or(_each(children, lambda child: respell(child, spellings)))
        case AtLeast(minimum, children):
            return AtLeast(minimum, _each(children, lambda child: respell(child, spellings)))
        case _:
            return tree


def _each(children: tuple[Node, ...], change: Callable[[Node], Node]) -> tuple[Node, ...]:
    return tuple(map(change, children))


def completes(beginning: str, value: str) -> bool:
    """Tell whether a value has words in a row of which the last begins as ``beginning``, which is folded, ends."""
    return f" {beginning}" in f" {' '.join(split_words(value))}"


def order_completions(completions: Iterable[Completion], size: int) -> tuple[Completion, ...]:
    """Return the most frequent completions first."""
    return tuple(sorted(completions, key=lambda each: (-each.count, each.field, each.value))[:size])
