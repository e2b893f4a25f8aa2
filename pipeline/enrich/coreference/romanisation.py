"""Compute a key of how a name sounds, so that its spellings can be compared, also those in other languages.

Gaddafi and Qaddafi, Hussein and Husayn get one key; Hassan and Hussein, Maria and Mario don't. An equal key proposes
that two names are one; it doesn't prove it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from functools import lru_cache

from pipeline.enrich.knowledge.tokens import fold_word
from pipeline.enrich.knowledge.transliteration import is_latin, is_rough, to_latin

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


# Languages that write a person's surname first, where no other order is meant
SURNAME_FIRST = frozenset("hu ja zh ko vi".split())
# How languages write sounds that English writes otherwise: language → (pattern, in English) in order. Words are folded.
_RESPELLED = {
    "de": (("tsch", "ch"), ("dsch", "dzh"), ("sch", "sh"), ("j", "y"), ("ch", "kh"), ("w", "v"), ("z(?!h)", "ts")),
    "fr": (
        ("tch", "ch"),
        ("dj", "dzh"),
        ("(?<!t)ch", "sh"),
        ("ou", "u"),
        ("ine$", "in"),
        ("eff?$", "ev"),
        ("gui", "gi"),
    ),
    "es": (("j", "kh"), ("ll", "y"), ("qu", "k"), ("x", "ks")),
    "pt": (("tch", "ch"), ("ch", "sh"), ("qu", "k"), ("x", "sh")),
    "it": (("sci", "sh"), ("ch", "k"), ("gh", "g"), ("ci(?=[aou])", "ch"), ("c(?=[ei])", "ch"), ("gi(?=[aou])", "dzh")),
    "nl": (("tsj", "ch"), ("sj", "sh"), ("oe", "u"), ("ij", "i"), ("j", "y"), ("w", "v")),
    "pl": (
        ("szcz", "shch"),
        ("cz", "ch"),
        ("sz", "sh"),
        ("rz", "zh"),
        ("dz", "dz"),
        ("ch", "kh"),
        ("j", "y"),
        ("w", "v"),
    ),
    "cs": (("ch", "kh"), ("j", "y"), ("w", "v")),
    "hu": (
        ("cs", "ch"),
        ("zs", "zh"),
        ("sz", "ss"),
        ("s(?!s)", "sh"),
        ("gy", "dy"),
        ("ly", "y"),
        ("j", "y"),
        ("c(?!h)", "ts"),
    ),
    "sv": (("tj", "ch"), ("sj", "sh"), ("j", "y")),
    "fi": (("ts", "ch"), ("j", "y")),
    "tr": (("c", "dzh"), ("j", "zh")),
    "ro": (("sci", "shch"), ("ci", "chi"), ("ce", "che"), ("j", "zh")),
    "lv": (("j", "y"),),
}
for _same, _languages in {"cs": "sk sl hr bs sr lt", "sv": "da nb nn no", "fi": "et", "lv": "is"}.items():
    _RESPELLED |= dict.fromkeys(_languages.split(), _RESPELLED[_same])
# Spellings of one sound in Latin letters of unknown origin, tried one by one
_VARIANTS = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        ("y(?=[aou])", ""),
        ("^sh", "zh"),
        ("j", "y"),
        ("kh", "h"),
        ("kh", "ch"),
        ("k(?=[aoulr])", "c"),
        ("ou", "u"),
        ("^dzho$", "joe"),
        ("(?<=[^aeiouy])e$", ""),
        ("(?:ow|ov|off?)(?=a?$)", "ev"),
        ("c(?![hk])", "ts"),
        ("ts", "ch"),
        ("g", "h"),
        ("(?<=[iey])ya", "a"),
        ("h(?=[aeiou])", "g"),
        ("ks", "x"),
        ("y[aeou](?=[a-z])", "e"),
    )
)
_MOST_VARIANTS = 12
_MOST_SOUNDS = 16
# Consonants that scripts merge or write alike
_ROUGH_CLASSES = str.maketrans("bpfvwgkqhczjsxtdlrmn", "pppppkkkksssssttrrnn")
_ROUGH_PAIRS = (("tsch", "c"), ("sch", "s"), ("sh", "s"), ("ch", "c"), ("zh", "z"), ("ts", "s"), ("dj", "j"))
_SILENT = re.compile(r"(?<=.)h|(?<=[^aeiou])j")
_ROUGH_VOWELS = re.compile(r"(?<=.)[wvy](?![aeiou])")  # letters that stand for vowels too
_NO_CONSONANT = re.compile(r"[^bpfvwgkqhczjsxtdlrmn]")
_DOUBLED = re.compile(r"(.)\1+")
_MIN_ROUGH = 5


def respelled(word: str, language: str) -> str:
    """Return a folded word in Latin letters as English would spell its sounds."""
    rules = _RESPELLED.get(language) if is_latin(word) else None
    if not rules:
        return to_latin(word)
    return _respelling(language).sub(lambda match: rules[(match.lastindex or 1) - 1][1], to_latin(word))


@lru_cache(maxsize=64)
def _respelling(language: str) -> re.Pattern[str]:
    return re.compile("|".join(f"({pattern})" for pattern, _ in _RESPELLED[language]))


@lru_cache(maxsize=65536)
def _variants(word: str) -> tuple[str, ...]:
    """Return the sound keys that a word in Latin letters may have, the likeliest first."""
    spelled = dict.fromkeys([word])
    for pattern, replacement in _VARIANTS:
        for text in list(spelled):
            if len(spelled) < _MOST_VARIANTS and pattern.search(text):
                spelled[pattern.sub(replacement, text)] = None
    return tuple(dict.fromkeys(map(_sound, spelled)))


def foreign_sound(words: Sequence[str], language: str) -> str | None:
    """Return the sound key under which a name of another language than English is remembered."""
    return None if is_rough("".join(words)) else sound_key([respelled(word, language) for word in words])


def foreign_sounds(words: Sequence[str], language: str) -> tuple[str, ...]:
    """Return the sound keys that a name of another language may have been remembered under, the likeliest first."""
    if is_rough("".join(words)):
        return ()
    telling = [w for w in words if w not in _PARTICLES] or list(words)
    choices = [
        dict.fromkeys(
            sound
            for w in _spellings(word)
            for text in (respelled(w, language), to_latin(w))
            for sound in _variants(text)
        )
        for word in telling
    ]
    sounds = itertools.islice((" ".join(parts) for parts in itertools.product(*choices)), 8 * _MOST_SOUNDS)
    long = [sound for sound in sounds if len(_CONSONANT.findall(sound)) >= _MIN_CONSONANTS]
    return tuple(dict.fromkeys(long))[:_MOST_SOUNDS]


def _spellings(word: str) -> tuple[str, ...]:
    """Return a word, and as it sounds with another vowel where Bulgarian writes one that English has no letter for."""
    return (word, word.replace("ъ", "у")) if "ъ" in word else (word,)


def sound_alike(first: Sequence[str], second: Sequence[str]) -> bool:
    """Tell whether two names of several words may be one, each word as another script or language writes it.

    The order of the words doesn't count. In scripts that leave out vowels only the consonants do.
    """
    if len(first) != len(second) or len(first) == 1:
        return False
    rough = is_rough("".join(first)) or is_rough("".join(second))
    alike = _rough_alike if rough else _words_alike
    if rough and sum(map(len, map(_rough, first))) < _MIN_ROUGH:
        return False
    orders = (second, (*second[1:], second[0]), (second[-1], *second[:-1]))
    return any(all(alike(a, b) for a, b in zip(first, order, strict=True)) for order in orders)


def rough_key(words: Sequence[str]) -> str | None:
    """Return the consonants of a name in a script that leaves out or merges sounds, and of any name to compare with it.

    None where they are too few to tell names apart.
    """
    sounds = sorted(filter(None, map(_rough, words)))
    return " ".join(sounds) if len(sounds) == len(words) and sum(map(len, sounds)) >= _MIN_ROUGH else None


def _words_alike(first: str, second: str) -> bool:
    return not set(_variants(to_latin(first))).isdisjoint(_variants(to_latin(second)))


def _rough_alike(first: str, second: str) -> bool:
    return bool(_rough(first)) and _rough(first) == _rough(second)


@lru_cache(maxsize=65536)
def _rough(word: str) -> str:
    """Return the consonants of a word in classes that hold for all scripts."""
    plain = to_latin(word)
    for written, sound in _ROUGH_PAIRS:
        plain = plain.replace(written, sound)
    plain = _SILENT.sub("", plain)
    if is_rough(word):
        plain = _ROUGH_VOWELS.sub("", plain)
    plain = _NO_CONSONANT.sub("", plain)
    return _DOUBLED.sub(r"\1", plain.translate(_ROUGH_CLASSES))
