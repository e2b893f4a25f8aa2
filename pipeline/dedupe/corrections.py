"""What did a corrected article say before, and does another text still say it?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

import msgspec

from pipeline.text import normalise, split_normalised

# A sentence that shares at least this much with a dropped one (difflib's ratio over words) is its new wording
MIN_REWORDED = 0.5
# Of what was changed so many words on both sides are compared too, so that a number alone is never looked for
CONTEXT_WORDS = 3
# A sentence that was dropped is still carried where this share of its word triples stands: outlets edit
MIN_CARRIED = 0.7
# A text of which less than this share of sentences is left, and which isn't longer than half of it, was withdrawn
MAX_SENTENCES_LEFT = 0.2

_END = re.compile(r"(?<=[.!?。！？…])[\"”’»)]*\s+|(?<=[。！？])")

Words = tuple[str, ...]


class SentenceChange(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence as it stood, and its new wording; None where it was taken out."""

    old: str
    new: str | None


def changed_sentences(old: str, new: str) -> list[SentenceChange]:
    """Return which sentences of ``old`` stand in ``new`` otherwise or no more, in their order."""
    before, after = _sentences(old), _sentences(new)
    added = {words: text for words, text in after.items() if words not in before}
    made = []
    for words, text in before.items():
        if words in after:
            continue
        ratio, nearest = max(((_ratio(words, one), one) for one in added), default=(0.0, ()))
        made.append(SentenceChange(old=text, new=added.pop(nearest) if ratio >= MIN_REWORDED else None))
    return made


def is_withdrawn(old: str, new: str) -> bool:
    """Whether ``new`` is but a notice that ``old`` doesn't stand any more."""
    before, after = _sentences(old), _sentences(new)
    kept = sum(words in after for words in before)
    return kept < MAX_SENTENCES_LEFT * len(before) and 2 * len(split_normalised(normalise(new))) < len(
        split_normalised(normalise(old))
    )


def has_old_wording(text: str, change: SentenceChange) -> bool:
    """Whether ``text`` still has the old wording."""
    words, old = _words(text), _words(change.old)
    if change.new is None:
        wanted = _runs(old, 3)
        return bool(wanted) and len(wanted & _runs(words, 3)) >= MIN_CARRIED * len(wanted)
    return any(_stands(before, words) and not _stands(after, words) for before, after in _edits(old, change))


def _edits(old: Words, change: SentenceChange) -> Iterable[tuple[Words, Words]]:
    """Return each place that was changed with what stands around it, before and after."""
    new = _words(change.new or "")
    for what, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what != "equal":
            yield old[max(0, i - CONTEXT_WORDS) : j + CONTEXT_WORDS], new[max(0, k - CONTEXT_WORDS) : m + CONTEXT_WORDS]


def _stands(run: Words, words: Words) -> bool:
    return bool(run) and run in _runs(words, len(run))


def _runs(words: Sequence[str], length: int) -> set[Words]:
    return {tuple(words[n : n + length]) for n in range(len(words) - length + 1)}


def _sentences(text: str) -> dict[Words, str]:
    """Return the sentences of a text by their words, in order."""
    pieces = (piece.strip() for line in text.splitlines() for piece in _END.split(line))
    return {words: piece for piece in pieces if (words := _words(piece))}


def _words(text: str) -> Words:
    return tuple(split_normalised(normalise(text)))


def _ratio(one: Words, other: Words) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
