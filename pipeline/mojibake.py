"""Undo text that was encoded twice: UTF-8 that a program read as another charset and wrote as UTF-8 again. Pure.

What comes out otherwise is "Ã©" for "é". A text that speaks of such characters keeps them.
"""

from __future__ import annotations

import re

from ftfy import fix_encoding
from ftfy.badness import is_bad

# What such text always has: characters beyond ASCII side by side, or one of the letters that begin a pair. Asked first,
# because ftfy's own test takes ten times as long.
_SUSPECT = re.compile(r"[^\x00-\x7f]{2}|[ÂÃŒœ]")
# Windows-1252 has no character for the last byte of "”", so that one was lost.
_LOST_QUOTE = ("â€\ufffd", "â€\x9d")
_TOKEN = re.compile(r"[^\s\"'“”„‘’«»(),.:;/]+")
_ADDRESS = re.compile(r"\s*https?://\S+\s*")
# Charsets whose letters ftfy leaves alone, as they make words of sorts ("Р»СЏ"); read back as a whole or not at all.
_WHOLE = ("sloppy-windows-1251", "sloppy-windows-1253", "mac-roman")
_FEWEST = 4  # characters that a text must have gained, to be read back as a whole: fewer may be chance


def undo_double_encoding(text: str) -> str:
    """Return ``text`` as it was before it was encoded twice, itself where it wasn't (Speer 2019, ftfy)."""
    if text.isascii() or not _SUSPECT.search(text) or _ADDRESS.fullmatch(text):
        return text
    repaired = fix_encoding(text.replace(*_LOST_QUOTE)) if is_bad(text) else text
    if repaired == text:
        return _read_back(text)
    return text if _speaks_of_it(text, repaired) else repaired


def _read_back(text: str) -> str:
    beyond = sum(not character.isascii() for character in text)
    for charset in _WHOLE:
        try:
            original = text.encode(charset).decode("utf-8")
        except ValueError:
            continue
        gained = [character for character in original if not character.isascii()]
        if len(gained) >= _FEWEST and len(gained) < beyond and all(c.isprintable() for c in gained):
            return original
    return text


def _speaks_of_it(text: str, repaired: str) -> bool:
    """Tell whether the damage is what ``text`` is about: it stands by itself ("Ã©"), or beside what it should be."""
    letters = {character for character in repaired if not character.isascii() and character.isalpha()}
    if any(repaired.count(letter) > text.count(letter) > 0 for letter in letters):
        return True
    words = [word for word in _TOKEN.findall(repaired) if (letters - set(text)).intersection(word)]
    return bool(words) and all(len(word) == 1 for word in words)
