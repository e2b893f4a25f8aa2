"""Compute a key of how a name sounds, so that its spellings in Latin letters can be compared.

Gaddafi and Qaddafi, Hussein and Husayn get one key; Hassan and Hussein, Maria and Mario don't. An equal key proposes
that two names are one; it doesn't prove it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from pipeline.enrich.knowledge.tokens import fold_word

# Spellings of one sound, the longer ones first; q, g, gh and kh stand for neighbouring sounds of Arabic.
_CONSONANTS = (
    ("tsch", "c"),
    ("sch", "s"),
    ("tch", "c"),
    ("dzh", "j"),
    ("dj", "j"),
    ("zh", "j"),
    ("ch", "c"),
    ("sh", "s"),
    ("kh", "k"),
    ("gh", "k"),
    ("ph", "f"),
    ("th", "t"),
    ("dh", "d"),
    ("ck", "k"),
    ("x", "ks"),
    ("q", "k"),
    ("g", "k"),
    ("w", "v"),
    ("z", "s"),
)
_REPEATED = re.compile(r"([^aeiouy])\1+")
_VOWELS = re.compile(r"[aeiouy]+")
_BACK = frozenset("ou")
# Parts that are written or left out: Nouri (al-)Maliki.
_PARTICLES = frozenset({"al", "el"})
# Keys of fewer consonants are shared by too many names (Ann Lee, Anna Lay).
_MIN_CONSONANTS = 3
_CONSONANT = re.compile(r"[^aeo ]")


def _vowel(group: re.Match[str]) -> str:
    """Return "o" or "a" for a group of vowels, by its first one, at the end of a word by its last (Maria, Mario)."""
    letter = group.group()[-1 if group.end() == len(group.string) else 0]
    return "o" if letter in _BACK else "a"


@lru_cache(maxsize=65536)
def _sound(word: str) -> str:
    plain = fold_word(word)
    for written, sound in _CONSONANTS:
        plain = plain.replace(written, sound)
    plain = _REPEATED.sub(r"\1", plain)
    plain = _VOWELS.sub(_vowel, plain)
    return plain.removesuffix("h")


def sound_key(words: Sequence[str]) -> str | None:
    """Return the sound key of a name's folded words; None where it is too short to tell names apart."""
    telling = [w for w in words if w not in _PARTICLES] or list(words)
    sound = " ".join(map(_sound, telling))
    return sound if len(_CONSONANT.findall(sound)) >= _MIN_CONSONANTS else None
