"""Describe in words where two versions of a text differ."""

from __future__ import annotations

import textwrap
from difflib import SequenceMatcher

from pipeline.article_diff import VersionDiff

_AROUND = 4  # words shown on either side of a change
_WIDTH = 200  # characters of what was taken out or put in
_WORDS = 3000  # compared; of longer ones only their beginning
_SHOWN = 10  # passages; nobody reads more in a terminal, and --json has all


def describe_edits(change: VersionDiff) -> list[str]:
    """Return each passage that changed, as ``… words [-taken out-] {+put in+} words …``."""
    old, new = (" ".join(lines).split()[:_WORDS] for lines in (change.removed, change.added))
    passages = []
    for operation, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if operation == "equal":
            continue
        removed, added = _shorten(old[i:j]), _shorten(new[k:m])
        parts = [
            f"… {' '.join(new[max(0, k - _AROUND) : k])}" if k else "",
            f"[-{removed}-]" if removed else "",
            f"{{+{added}+}}" if added else "",
            f"{' '.join(new[m : m + _AROUND])} …" if m < len(new) else "",
        ]
        passages.append(" ".join(part for part in parts if part))
    left_out = len(passages) - _SHOWN
    if left_out <= 0:
        return passages
    return [*passages[:_SHOWN], f"and in {left_out} more places; --json tells all of it"]


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
