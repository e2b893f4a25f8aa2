"""Tell whether two short texts are one form that was filled in twice: other events, told in the same words.

Quakes, results, notices, prices and warnings are told in forty words of which ten change, so of what two of them share
nothing but the changing words says whether they are one event. Both texts are aligned word by word. Where one stands in
the place of the other (a slot), the kinds of the words count: figures, names, and others.

The limits are those that part 1,434 short copies in generated wire copy (reprints, edits and updates of real reports),
of which none loses its group, from fillings of ``bench/forms.py``. Of those whose kind of form the rules were fitted to
1 in 80 is still taken for a copy of another one, of other kinds 1 in 35; without these rules it was two of three.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import filterfalse, pairwise, repeat
from statistics import median
from typing import NamedTuple

import numpy as np

from pipeline.count_min import Hashes, hash_words
from pipeline.dedupe.fact_words import DAYS, NUMERALS
from pipeline.text import normalise, split_normalised

# A text is short up to so many words, or characters in scripts without spaces. In longer texts the gaps between
# shingles tell enough (``filled_forms``)
MAX_WORDS, MAX_CHARACTERS = 130, 260
PLAIN, DAY, NAME, FIGURE = 0, 1, 2, 3  # kinds of words, in the two lowest bits of a word's hash
_KIND_BITS, _KIND = 2, 3
_DROPPED_BITS, _HASH_MASK = 16, 0xFFFC
_MAX_SLOT = 8  # words: as long as a name with its title, or a sum of money with its unit
# An update keeps its names, and is longer than what it updates; a filling is as long as another one
_GROWN, _GROWN_MIN_NAMES = 1.25, 4
# Share of facts (names and figures) that are new. Short copies with two new figures have up to .2; those with one new
# figure and one new name, as in a by-line, up to .3; those with new names alone, as in two by-lines, up to .4
_MIN_NEW, _MIN_NEW_WITH_ONE_FIGURE, _MIN_NEW_NAMES = 0.3, 0.4, 0.5
# Share of figures that are new where names don't tell: German nouns look like names, and a form may be of one subject
_MIN_NEW_FIGURES = 0.5
# Many slots in few words, with a figure in one: edited copies have up to .08 for each word that stays, fillings up to
# .25, and .13 in the middle
_SOME_SLOTS, _MANY_SLOTS, _DENSE = 3, 5, 0.09
# A form is known by so many fillings besides the text at hand. Whatever differs from it in more than this share of the
# slots in which they do is another filling; a correction changes fewer
KNOWN_FORM, _AS_OTHERS = 2, 0.6
# What follows the first digits of a number. It begins with a set, which re looks for fast, and not with the digits
_PARTING = r"[.,:/–٫٬．，：／-]"
_NUMBER_REST, _DIGITS = re.compile(rf"{_PARTING}(?<=\d.)\d+(?:{_PARTING}\d+)*"), re.compile(r"\d+")
_STOPS = ".,;:!?"
_OPENERS = ".!?…:;\"“”„«»‘'([–—-"  # what stands before the first word of a sentence, or of a quotation
# The white space first, what must stand before it behind: so the pattern is tried only at white space
_MAYBE_NAME = re.compile(rf"\s(?<=[^\s{re.escape(_OPENERS)}]\s)([^\sa-z0-9]\S*)")

Words = tuple[int, ...]  # hashes with kinds


class SlotCounts(NamedTuple):
    """What differs between two aligned texts, and what stays; each change counts once however often it occurs."""

    figures: int  # slots with a figure on both sides
    names: int  # others with a name or a day of the week on both sides
    plain: int  # other slots
    new_facts: int  # names and figures in the slots
    same_words: int
    same_names: int
    same_figures: int
    growth: float  # length of the newer text, as a multiple of that of the older
    cased: bool  # do capitals tell names in these texts?
    other_start: bool  # does a slot open both texts? A name that stands first isn't told by its capital

    @property
    def slots(self) -> int:
        """Return how many slots there are."""
        return self.figures + self.names + self.plain


def is_short(text: str, word_count: int) -> bool:
    """Tell whether ``text``, of ``word_count`` words, is short; each character of a script without spaces is a word."""
    in_characters = len(text) < 2 * word_count
    return word_count <= (MAX_CHARACTERS if in_characters else MAX_WORDS)


def find_names(text: str) -> set[str]:
    """Return the words of ``text``, normalised, that have a capital within a sentence: in most languages names."""
    pieces = [piece for piece in _MAYBE_NAME.findall(text) if piece != piece.lower()]
    # what stands behind an opening mark begins a sentence, unless it is a name that stands between marks alone
    names = (p for p in pieces if p[0] not in _OPENERS or p.rstrip(_STOPS)[-1:] in _OPENERS)
    return set(split_normalised(normalise(" ".join(names))))


def pack_words(texts: Iterable[tuple[str, list[str], Hashes]]) -> Iterator[bytes]:
    """Yield the words of each of ``texts`` in 2 bytes each: 14 bits of a hash, and in the lowest bits its kind.

    A text comes with its words, normalised, and their hashes. Of words that are aligned with each other one pair in
    16,000 is taken for the same word. A number is one word, with whatever parts it: 4.5, 14:01, 2-1.
    """
    hashes, kinds, ends = list[Hashes](), list[int](), [0]
    for text, parts, part_hashes in texts:
        words = join_numbers(text, parts)
        known = dict.fromkeys(find_names(text), NAME)
        known.update(dict.fromkeys(DAYS.intersection(words), DAY))
        known.update(dict.fromkeys(NUMERALS.intersection(words), FIGURE))
        known.update(dict.fromkeys(filter(_DIGITS.search, filterfalse(str.isalpha, words)), FIGURE))
        kinds += map(known.get, words, repeat(PLAIN))
        hashes.append(part_hashes if words is parts else hash_words(words))
        ends.append(len(kinds))
    if hashes:
        packed = np.concatenate(hashes) >> _DROPPED_BITS & _HASH_MASK | np.array(kinds, dtype=np.uint32)
        data = packed.astype("<u2").tobytes()
        yield from (data[2 * start : 2 * end] for start, end in pairwise(ends))


def join_numbers(text: str, words: list[str]) -> list[str]:
    """Return the ``words`` of a text with those joined that are parts of one number there, else the same list."""
    joined, at = list[str](), 0
    for rest in _NUMBER_REST.findall(text):
        parts = _DIGITS.findall(normalise(rest))
        start = _find_number(words, parts, at)
        if start is not None:  # else it stands in a longer word
            end = start + 1 + len(parts)
            joined += [*words[at:start], "".join(words[start:end])]
            at = end
    return [*joined, *words[at:]] if joined else words


def _find_number(words: list[str], parts: list[str], start: int) -> int | None:
    """Return where from ``start`` on a number stands, of which ``parts`` follow the first digits."""
    while parts[0] in words[start + 1 :]:
        start = words.index(parts[0], start + 1)
        if words[start : start + len(parts)] == parts and words[start - 1].isdecimal():
            return start - 1
    return None


def compare_words(new: bytes, old: bytes) -> SlotCounts | None:
    """Return how two texts differ, each as ``pack_words`` returned it; None where one has no facts of its own."""
    new_words, old_words = (tuple(np.frombuffer(words, dtype="<u2").tolist()) for words in (new, old))
    new_facts, old_facts = ({word for word in words if word & _KIND} for words in (new_words, old_words))
    if new_facts <= old_facts or old_facts <= new_facts:  # a copy, mostly; told without aligning them
        return None
    return count_slots(new_words, old_words)


def differ_as_fillings(counts: SlotCounts) -> bool:
    """Tell whether these differences are those of two fillings, rather than of an edited or corrected copy."""
    figures, names, plain = counts.figures, counts.names, counts.plain
    if counts.growth >= _GROWN and not names and counts.same_names >= _GROWN_MIN_NAMES:
        return False
    share = counts.new_facts / max(1, counts.new_facts + counts.same_names + counts.same_figures)
    of_figures = figures / max(1, figures + counts.same_figures)
    if (
        figures
        and counts.slots >= (_SOME_SLOTS if names else _MANY_SLOTS)
        and counts.slots >= _DENSE * counts.same_words
    ):
        return True
    if figures > 1 and (names or counts.other_start or (plain and not counts.cased)):
        return share >= _MIN_NEW or of_figures >= _MIN_NEW_FIGURES
    if figures > 1:  # one figure alone is corrected, or two; three are other ones
        return figures > 2 and of_figures >= _MIN_NEW_FIGURES  # noqa: PLR2004
    if figures:
        return (names > 0 and share >= _MIN_NEW_WITH_ONE_FIGURE) or (not counts.cased and plain > 1)
    return names > 1 and share >= _MIN_NEW_NAMES


def differ_as_others(counts: SlotCounts, others: Sequence[SlotCounts]) -> bool:
    """Tell whether a text differs from another one about as much as from ``others``, which are fillings of its form."""
    if len(others) < KNOWN_FORM or counts.slots < 2 or not counts.figures + counts.names:  # noqa: PLR2004
        return False
    return counts.slots > _AS_OTHERS * median(other.slots for other in others)


def count_slots(new: Words, old: Words) -> SlotCounts:
    """Align two texts, given as hashes with kinds, and count what differs."""
    slots: dict[int, set[tuple[Words, Words]]] = {kind: set() for kind in (PLAIN, DAY, NAME, FIGURE)}
    same: set[int] = set()
    new_facts = same_words = 0
    other_start = False
    for is_same, old_part, new_part in _aligned(new, old):
        if is_same:
            same.update(new_part)
            same_words += len(new_part)
        elif len(old_part) <= _MAX_SLOT and len(new_part) <= _MAX_SLOT:
            kind = max({word & _KIND for word in old_part} & {word & _KIND for word in new_part}, default=PLAIN)
            slots[kind].add((old_part, new_part))
            other_start |= old_part == old[: len(old_part)] and new_part == new[: len(new_part)]
            if kind:
                new_facts += min(_count_facts(old_part), _count_facts(new_part))
    return SlotCounts(
        figures=len(slots[FIGURE]),
        names=len(slots[NAME]) + len(slots[DAY]),
        plain=len(slots[PLAIN]),
        new_facts=new_facts,
        same_words=same_words,
        same_names=sum(word & _KIND in {NAME, DAY} for word in same),
        same_figures=sum(word & _KIND == FIGURE for word in same),
        growth=len(new) / max(1, len(old)),
        cased=any(word & _KIND == NAME for words in (new, old) for word in words),
        other_start=other_start,
    )


def _aligned(new: Words, old: Words) -> Iterator[tuple[bool, Words, Words]]:
    """Yield the words that both texts have (True), and what stands between them in the older and the newer one."""
    at_old = at_new = 0
    for old_index, new_index in [*_common_words(new, old), (len(old), len(new))]:
        if old_index > at_old and new_index > at_new:
            yield False, old[at_old:old_index], new[at_new:new_index]
        yield True, old[old_index : old_index + 1], new[new_index : new_index + 1]
        at_old, at_new = old_index + 1, new_index + 1


def _common_words(new: Words, old: Words) -> list[tuple[int, int]]:
    """Return where the words of a longest common subsequence stand in the older and the newer text, in order.

    Bit-parallel, a row of the usual table in one number (Hyyrö 2004): 150 words take 0.1 ms. difflib aligns the longest
    run first, so that a team that is at home in one text and a guest in the other one shifts all else.
    """
    places: dict[int, int] = {}
    for index, word in enumerate(old):
        places[word >> _KIND_BITS] = places.get(word >> _KIND_BITS, 0) | 1 << index
    row, all_ones, rows = (1 << len(old)) - 1, (1 << len(old)) - 1, []
    for word in new:
        matching = row & places.get(word >> _KIND_BITS, 0)
        row = (row + matching | row - matching) & all_ones
        rows.append(row)
    pairs, old_index, new_index = [], len(old), len(new)
    while old_index and new_index:
        bit = 1 << (old_index - 1)
        if rows[new_index - 1] & bit:
            old_index -= 1
            continue
        new_index -= 1
        if not new_index or rows[new_index - 1] & bit:
            old_index -= 1
            pairs.append((old_index, new_index))
    return pairs[::-1]


def _count_facts(words: Iterable[int]) -> int:
    return sum(word & _KIND > 0 for word in words)
