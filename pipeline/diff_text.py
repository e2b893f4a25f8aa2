"""Describe in words where two versions of a text differ."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from pipeline.article_diff import VersionDiff

_AROUND = 4  # words shown on either side of a change
_WIDTH = 200  # characters of what was taken out or put in
_WORDS = 3000  # compared; of longer ones only their beginning
_SHOWN = 10  # passages; nobody reads more in a terminal, and --json has all


class Passage(NamedTuple):
    """A passage that changed: what was taken out and put in, and the words around it."""

    before: str
    removed: str
    added: str
    after: str

    def __str__(self) -> str:
        parts = [
            f"… {self.before}" if self.before else "",
            f"[-{self.removed}-]" if self.removed else "",
            f"{{+{self.added}+}}" if self.added else "",
            f"{self.after} …" if self.after else "",
        ]
        return " ".join(part for part in parts if part)


def describe_edits(change: VersionDiff) -> list[str]:
    """Return each passage that changed, as ``… words [-taken out-] {+put in+} words …``."""
    passages = [str(passage) for passage in list_passages(change.removed, change.added)]
    left_out = len(passages) - _SHOWN
    if left_out <= 0:
        return passages
    return [*passages[:_SHOWN], f"and in {left_out} more places; --json tells all of it"]


def list_passages(removed: Sequence[str], added: Sequence[str]) -> list[Passage]:
    """Return each passage in which lines that were taken out and lines that were put in their place differ."""
    old, new = (" ".join(lines).split()[:_WORDS] for lines in (removed, added))
    return [
        Passage(
            before=" ".join(new[max(0, k - _AROUND) : k]),
            removed=_shorten(old[i:j]),
            added=_shorten(new[k:m]),
            after=" ".join(new[m : m + _AROUND]),
        )
        for operation, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        if operation != "equal"
    ]


def word_edits(old: str, new: str) -> list[tuple[str, str]]:
    """Return two wordings as one text in pieces: what stands in both ("same"), was taken out ("old") or put in ("new").

    The pieces that are same and old are the words of ``old``, those that are same and new the words of ``new``.
    """
    before, after = old.split()[:_WORDS], new.split()[:_WORDS]
    pieces: list[tuple[str, str]] = []
    for operation, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        kinds = (("same", before[i:j]),) if operation == "equal" else (("old", before[i:j]), ("new", after[k:m]))
        pieces += [(kind, " ".join(words)) for kind, words in kinds if words]
    return pieces


def cut_side_by_side(old: str, new: str, width: int | None) -> tuple[str, str]:
    """Return two wordings cut to ``width`` characters each (None: whole), so that where they part is seen in both."""
    letters = enumerate(zip(old, new, strict=False))
    parting = next((n for n, (a, b) in letters if a != b), min(len(old), len(new)))
    return _cut_around(old, parting, width), _cut_around(new, parting, width)


def _cut_around(text: str, position: int, width: int | None) -> str:
    if width is None or len(text) <= width:
        return text
    start = max(0, min(position - width // 3, len(text) - width))
    shown = text[start : start + width]
    shown = f"…{shown[1:]}" if start else shown
    return f"{shown[:-1]}…" if start + width < len(text) else shown


def _shorten(words: list[str]) -> str:
    return textwrap.shorten(" ".join(words), _WIDTH, placeholder=" …")
