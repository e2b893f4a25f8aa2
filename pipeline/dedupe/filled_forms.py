"""Tell whether a text is a form of another one, filled in with other facts.

Forms are forecasts, results, draws, market reports. Most of their words are the same, so they look like edited copies.
But who edits wire copy keeps its names and figures, while a form has other ones in each of its gaps.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from pipeline.count_min import Hashes, hash_words, isin_sorted
from pipeline.dedupe.minhash import hash_shingles
from pipeline.dedupe.refilled_slots import (
    SlotCounts,
    compare_words,
    differ_as_fillings,
    differ_as_others,
)
from pipeline.dedupe.sketch import Passages, Sketch, SketchedText
from pipeline.dedupe.tokenise import Flags
from pipeline.text import iter_word_matches

# In words: a gap is as long as a name with its title, or a sum of money with its unit; what is longer is a passage
_MAX_GAP = 8
# Of 10,000 edited copies of a news agency's articles one in 70 has as many other names and figures as that beside one
# article of its group, and hardly any beside all; invented forecasts, market reports and results of firms all have
_MIN_NEW_FACTS_SHARE, _MIN_NEW_FACTS = 0.4, 4
# Where a form names whom it always names (the index, the analysts), the figures still differ. An update keeps some
_MIN_NEW_FIGURES_SHARE, _MIN_NEW_FIGURES = 0.6, 5
_MIN_GAPS = 2  # one alone is where an editor was at work
# What stands before the first word of a sentence, whose capital says nothing
_OPENS = re.compile(r"(?:^|[.!?…:;\n\"“”„«»‘'(\[]|[–—-]\s)\s*$")
_LONGEST_OPENING = 4


class FactText(NamedTuple):
    """A text with its facts: names, told by capitals within a sentence, and figures, told by digits."""

    words: list[str]  # case-folded
    facts: Flags  # for each word, whether it is a fact
    shingles: Hashes  # of the words


class FormCheck:
    """Checks one text against several older ones. It reads the text only where there are gaps, and once for all."""

    def __init__(self, text: str, sketched: SketchedText) -> None:
        self._text, self._passages, self._sketch = text, sketched.passages, sketched.sketch

    @cached_property
    def _facts(self) -> FactText:
        return mark_facts(self._text)

    def is_refill_of(self, old: Sketch) -> bool:
        """Tell whether the text is the form of ``old``, filled in with other facts."""
        return bool(self.find_refilled([old]))

    def find_refilled(self, candidates: Sequence[Sketch]) -> set[str]:
        """Return the ids of those of ``candidates`` whose form, filled in with other facts, the text is.

        What is told of one of them depends on the others: several fillings show how much fillings differ.
        """
        others = [old for old in candidates if old.digest != self._sketch.digest]
        slots = {old.id: self._compare(old) for old in others}
        refilled = {old.id for old in others if self._is_refilled(old, slots[old.id])}
        groups = {old.group: counts for old in others if old.id in refilled and (counts := slots[old.id])}
        alike = (i for i, counts in slots.items() if counts and differ_as_others(counts, list(groups.values())))
        return refilled.union(alike)

    def _compare(self, old: Sketch) -> SlotCounts | None:
        return compare_words(self._sketch.words, old.words) if self._sketch.words and old.words else None

    def _is_refilled(self, old: Sketch, slots: SlotCounts | None) -> bool:
        if slots and differ_as_fillings(slots):
            return True
        return has_gaps(self._passages, old) and is_refilled(self._facts, old)


def mark_facts(text: str) -> FactText:
    """Return the words of ``text``, of which it has three at least, and which of them are facts."""
    matches = list(iter_word_matches(text))
    words = [match.group().casefold() for match in matches]
    return FactText(words, np.array([_is_fact(match) for match in matches]), hash_shingles(hash_words(words)))


def has_gaps(new: Passages, old: Sketch) -> bool:
    """Tell, without reading the text, whether there are gaps between what is the same in both; mostly not."""
    same = isin_sorted(new.shingles, old.all_shingles())
    borders = np.flatnonzero(np.diff(same)) + 1
    gap_lengths = np.diff(borders)[~same[borders[:-1]]]
    return bool(np.count_nonzero(gap_lengths <= _MAX_GAP + 2) >= _MIN_GAPS)  # shingles: two more than words


def _is_fact(match: re.Match[str]) -> bool:
    word, start = match.group(), match.start()
    if _is_figure(word):
        return True
    return word[0].isupper() and not _OPENS.search(match.string, max(0, start - _LONGEST_OPENING), start)


def is_refilled(new: FactText, old: Sketch) -> bool:
    """Tell whether the gaps between what is the same in both texts hold other facts; never of a long old text."""
    comparable, old_shingles = new.shingles < 1 << (32 - old.level), old.all_shingles()
    # for each word: whether it stands in the old text, and whether the old sketch can tell that
    same = _in_any_shingle(comparable & isin_sorted(new.shingles, old_shingles))
    certain = _in_only_such_shingles(comparable)
    same_facts = {new.words[at] for at in np.flatnonzero(new.facts & same).tolist()}
    new_facts: set[str] = set()
    borders = [0, *(np.flatnonzero(np.diff(same)) + 1).tolist(), len(same)]
    for start, end in pairwise(borders):
        if same[start] or not start or end == len(same) or end - start > _MAX_GAP or not certain[start:end].all():
            continue
        # what was inserted ("the Daily Echo reported") stands between words that follow each other in the old text
        if facts := {new.words[at] for at in range(start, end) if new.facts[at]} - same_facts:
            joined = hash_shingles(hash_words([*new.words[max(0, start - 2) : start], *new.words[end : end + 2]]))
            new_facts |= facts if not isin_sorted(joined, old_shingles).any() else set()
    new_figures, same_figures = filter(_is_figure, new_facts), filter(_is_figure, same_facts)
    return _prevail(new_facts, same_facts, _MIN_NEW_FACTS_SHARE, _MIN_NEW_FACTS) or _prevail(
        list(new_figures), list(same_figures), _MIN_NEW_FIGURES_SHARE, _MIN_NEW_FIGURES
    )


def _prevail(new: Collection[str], same: Collection[str], share: float, least: int) -> bool:
    """Tell whether at least ``least`` facts are new, and they are this share of all."""
    return len(new) >= max(least, share * (len(new) + len(same)))


def _is_figure(word: str) -> bool:
    return not word.isalpha() and any(map(str.isdigit, word))


def _in_any_shingle(shingles: Flags) -> Flags:
    """Return for each word whether it stands in one of the marked shingles."""
    words = np.full(len(shingles) + 2, fill_value=False)
    for offset in range(3):
        words[offset : offset + len(shingles)] |= shingles
    return words


def _in_only_such_shingles(shingles: Flags) -> Flags:
    """Return for each word whether all shingles that it stands in are marked."""
    words = np.full(len(shingles) + 2, fill_value=True)
    for offset in range(3):
        words[offset : offset + len(shingles)] &= shingles
    return words
