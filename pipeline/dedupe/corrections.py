"""Find the sentences that a correction has changed, and texts that still have the old wording.

Texts are compared sentence by sentence and word by word, normalised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

import msgspec

from pipeline.text import normalise, split_normalised

# A new sentence that shares at least this much with a dropped one (difflib's ratio over words) is its new wording
MIN_REWORDED = 0.5
# Of what was changed so many words on both sides are compared too, so that a number alone is never looked for
CONTEXT_WORDS = 3
# A text still carries a dropped sentence where it has this share of its shingles: outlets edit
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
    """Return which sentences of ``old`` are worded otherwise or missing in ``new``, in their order."""
    old_sentences, new_sentences = _sentences(old), _sentences(new)
    added = {words: text for words, text in new_sentences.items() if words not in old_sentences}
    changes = []
    for words, text in old_sentences.items():
        if words in new_sentences:
            continue
        ratio, nearest = max(((_ratio(words, candidate), candidate) for candidate in added), default=(0.0, ()))
        changes.append(SentenceChange(old=text, new=added.pop(nearest) if ratio >= MIN_REWORDED else None))
    return changes


def is_withdrawn(old: str, new: str) -> bool:
    """Tell whether ``new`` is but a notice in the place of ``old``, which was withdrawn."""
    old_sentences, new_sentences = _sentences(old), _sentences(new)
    left = sum(words in new_sentences for words in old_sentences)
    if left >= MAX_SENTENCES_LEFT * len(old_sentences):
        return False
    return 2 * len(_words(new)) < len(_words(old))


def has_old_wording(text: str, change: SentenceChange) -> bool:
    """Tell whether ``text`` still has the old wording."""
    words, old = _words(text), _words(change.old)
    if change.new is None:
        shingles = _runs(old, 3)
        return bool(shingles) and len(shingles & _runs(words, 3)) >= MIN_CARRIED * len(shingles)
    return any(_contains(words, old_run) and not _contains(words, new_run) for old_run, new_run in _edits(old, change))


def _edits(old: Words, change: SentenceChange) -> Iterable[tuple[Words, Words]]:
    """Yield for each edit the old and the new words, with ``CONTEXT_WORDS`` around them."""
    new = _words(change.new or "")
    for operation, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if operation != "equal":
            yield old[max(0, i - CONTEXT_WORDS) : j + CONTEXT_WORDS], new[max(0, k - CONTEXT_WORDS) : m + CONTEXT_WORDS]


def _contains(words: Words, run: Words) -> bool:
    return bool(run) and run in _runs(words, len(run))


def _runs(words: Sequence[str], length: int) -> set[Words]:
    return {tuple(words[n : n + length]) for n in range(len(words) - length + 1)}


def _sentences(text: str) -> dict[Words, str]:
    """Return words → sentence for the sentences of a text, in order."""
    pieces = (piece.strip() for line in text.splitlines() for piece in _END.split(line))
    return {words: piece for piece in pieces if (words := _words(piece))}


def _words(text: str) -> Words:
    return tuple(split_normalised(normalise(text)))


def _ratio(old: Words, new: Words) -> float:
    return SequenceMatcher(None, old, new, autojunk=False).ratio()
