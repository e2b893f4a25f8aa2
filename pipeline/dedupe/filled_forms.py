"""Is a text the form of another one, filled in with other facts? Forecasts, results, draws, market reports.

Most of their words are the same, so they look like edited copies. But who edits wire copy keeps its names and figures,
while a form has others in each of its gaps.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from pipeline.count_min import Hashes, hash_words, isin_sorted
from pipeline.dedupe.minhash import hash_shingles
from pipeline.dedupe.sketch import Passages, Sketch
from pipeline.dedupe.tokenise import Flags
from pipeline.text import iter_word_matches

# A gap is as long as a name with its title, or a sum of money with its unit; what is longer is a passage of its own.
_GAP = 8
# Of 10,000 edited copies of a news agency's articles one in 70 has as many other names and figures as that beside one
# article of its group, and hardly any beside all; invented forecasts, market reports and results of firms all have
_OTHER, _LEAST = 0.4, 4
# Where a form names whom it always names (the index, the analysts), the figures still differ. An update keeps some
_OTHER_FIGURES = 0.6, 5
_GAPS = 2  # one alone is where an editor was at work
# What stands before the first word of a sentence, whose capital says nothing
_OPENS = re.compile(r"(?:^|[.!?…:;\n\"“”„«»‘'(\[]|[–—-]\s)\s*$")
_LONGEST_OPENING = 4


class FactText(NamedTuple):
    """A text as it is asked for its facts: names and figures, told by capitals within a sentence and by digits."""

    words: list[str]  # case-folded
    facts: Flags
    shingles: Hashes


class FormCheck:
    """A text, asked whether it is the form of others; it is read only where there are gaps, and once for all."""

    def __init__(self, text: str, passages: Passages) -> None:
        self._text, self._passages = text, passages

    @cached_property
    def _written(self) -> FactText:
        return mark_facts(self._text)

    def is_refill_of(self, old: Sketch) -> bool:
        """Whether it is the form of ``old``, filled in with other facts."""
        return has_gaps(self._passages, old) and is_refilled(self._written, old)


def mark_facts(text: str) -> FactText:
    """Return ``text``, of three words at least, as it is asked for its facts."""
    each = list(iter_word_matches(text))
    words = [match.group().casefold() for match in each]
    return FactText(words, np.array([_is_fact(match) for match in each]), hash_shingles(hash_words(words)))


def has_gaps(new: Passages, old: Sketch) -> bool:
    """Whether there are gaps between what is the same in both texts: told without reading it, and mostly not so."""
    same = isin_sorted(new.shingles, old.all_shingles())
    borders = np.flatnonzero(np.diff(same)) + 1
    inside = np.diff(borders)[~same[borders[:-1]]]
    return bool(np.count_nonzero(inside <= _GAP + 2) >= _GAPS)  # triples: two more than words


def _is_fact(match: re.Match[str]) -> bool:
    word, start = match.group(), match.start()
    if _is_figure(word):
        return True
    return word[0].isupper() and not _OPENS.search(match.string, max(0, start - _LONGEST_OPENING), start)


def is_refilled(new: FactText, old: Sketch) -> bool:
    """Whether the gaps between what is the same in both texts hold other facts; never of a long old text."""
    known, every = new.shingles < 1 << (32 - old.level), old.all_shingles()
    same, told = _around(known & isin_sorted(new.shingles, every)), _around(known, every=True)
    kept = {new.words[at] for at in np.flatnonzero(new.facts & same).tolist()}
    other: set[str] = set()
    borders = [0, *(np.flatnonzero(np.diff(same)) + 1).tolist(), len(same)]
    for start, end in pairwise(borders):
        if same[start] or not start or end == len(same) or end - start > _GAP or not told[start:end].all():
            continue
        # what was inserted ("the Daily Echo reported") stands between words that follow each other in the old text
        if facts := {new.words[at] for at in range(start, end) if new.facts[at]} - kept:
            joined = hash_shingles(hash_words([*new.words[max(0, start - 2) : start], *new.words[end : end + 2]]))
            other |= facts if not isin_sorted(joined, every).any() else set()
    figures = [fact for fact in other if _is_figure(fact)], [fact for fact in kept if _is_figure(fact)]
    return _mostly(other, kept, _OTHER, _LEAST) or _mostly(*figures, *_OTHER_FIGURES)


def _mostly(other: Collection[str], kept: Collection[str], share: float, least: int) -> bool:
    return len(other) >= max(least, share * (len(other) + len(kept)))


def _is_figure(word: str) -> bool:
    return any(map(str.isdigit, word))


def _around(triples: Flags, *, every: bool = False) -> Flags:
    """Return which words stand in one (or only in such) of these word triples."""
    made = np.full(len(triples) + 2, every)
    for place in range(3):
        part = made[place : place + len(triples)]
        if every:
            part &= triples
        else:
            part |= triples
    return made
