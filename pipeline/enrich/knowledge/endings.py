"""Guess the base form of a name's words in languages that decline names: Путина, Merkelin, Trumpovi. Pure.

The endings stand in data/endings.toml, by language. A guess proposes a base form and proves nothing: who asks keeps it
only where the base form is written in the same text, or is known.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from importlib import resources
from typing import NamedTuple

from pipeline.enrich.knowledge.tokens import fold_word

# A shorter stem (in letters) is shared by too many names; in scripts of syllables it is a whole name.
_MIN_STEM = 3
_MIN_SYLLABIC_STEM = 2
_SYLLABIC = frozenset({"ko", "ja", "zh"})
# A name of several words has this many guesses at most.
_MOST_GUESSES = 24
# Arabic letters that stand for "and", "with", "so", "like" or "to" and the article
_ARTICLE, _WITH_ARTICLE = "ال", frozenset({"لل", "وال", "بال", "فال", "كال"})
# Hungarian "with": Orbánnal, Trumppal double the last consonant
_DOUBLING = frozenset({"al", "el"})
_ALTERNATIVES = re.compile(r"\(([^)]*)\)")
_VOWELS = frozenset("aeiouyıəаеиоуыэюяєіїαεηιουω")
# Behind an apostrophe, in small letters (Ankara'da, Pence'a), or a hyphen (NATO-ban, FN:s).
_SUFFIX = re.compile(r"(?<=\w\w)['’`´‘ʼ:][^\W\d_A-ZÇĞİÖŞÜ]{1,9}$")
_HYPHENED = re.compile(r"(?<=\w\w)-[^\W\d_A-ZÁÉÍÓÖŐÚÜŰ]{1,6}$")
_SUFFIXED = frozenset("tr az fi et hu pl cs sk sl hr sr sv nb nn no da nl de lt lv ro ru".split())
# Where the apostrophe is the rule and the case no part of the name; elsewhere it is a case ending like any other.
_APART = frozenset({"tr", "az"})
_HYPHENATING = frozenset({"hu", "ro"})
# Small words that lean on the name: l'Irak, dell'Iraq, d'Orsay; not O'Neill.
_ELIDED = re.compile(r"(?:[ldjnsc]|qu|all|dell|nell|sull|dall|un)['’](?=\w{3})", re.IGNORECASE)
_ELIDING = frozenset({"fr", "it", "ca"})


class _Endings(NamedTuple):
    """A language's endings: each with the endings of the base forms it may stand for, the longest first."""

    by_ending: tuple[tuple[str, tuple[str, ...]], ...]
    swaps: tuple[tuple[str, str], ...]
    fleeting: tuple[str, ...]
    prefixes: tuple[str, ...]
    min_stem: int
    last_word_only: bool


@cache
def _tables() -> dict[str, _Endings]:
    file = resources.files("pipeline.enrich") / "data" / "endings.toml"
    plain = tomllib.loads(file.read_text(encoding="utf-8"))
    return {language: _endings(table, language) for language, table in plain.items()}


def _endings(table: dict[str, str], language: str) -> _Endings:
    bases: dict[str, dict[str, None]] = {}
    for line in table.get("forms", "").strip().splitlines():
        base, _, others = line.partition(":")
        for pattern in others.split():
            for ending in _expanded(pattern):
                folded, base_ending = _folded(ending), _folded(base.strip())
                if folded and folded != base_ending:
                    bases.setdefault(folded, {})[base_ending] = None
    swaps = [pair.partition("/") for pair in table.get("swaps", "").split()]
    return _Endings(
        tuple((ending, tuple(bases[ending])) for ending in sorted(bases, key=lambda e: (-len(e), e))),
        tuple((fold_word(written), fold_word(base)) for written, _, base in swaps),
        tuple(map(fold_word, table.get("fleeting", "").split())),
        tuple(sorted(map(fold_word, table.get("prefixes", "").split()), key=lambda p: (-len(p), p))),
        _MIN_SYLLABIC_STEM * 2 if language in _SYLLABIC else _MIN_STEM,
        "last_word_only" in table,
    )


def _folded(ending: str) -> str:
    return "" if ending == "-" else fold_word(ending)


def _expanded(pattern: str) -> Iterable[str]:
    """Return what a pattern such as "(|i)(n|ssa)" stands for."""
    parts = _ALTERNATIVES.split(pattern)  # literal, alternatives, literal, …
    choices = [[part] if index % 2 == 0 else part.split("|") for index, part in enumerate(parts)]
    return map("".join, itertools.product(*choices))


def declines(language: str | None) -> bool:
    """Tell whether names change their form in a language (ISO 639-1), as far as is known."""
    return language in _tables()


@lru_cache(maxsize=65536)
def base_words(word: str, language: str) -> tuple[str, ...]:
    """Return the base forms that a folded word may have beside itself, those of its longest endings first."""
    table = _tables().get(language)
    if table is None:
        return ()
    guesses: dict[str, None] = {}
    for ending, bases in table.by_ending:
        stem = word.removesuffix(ending)
        if len(stem) < len(word) and len(stem) >= _least(table, stem):
            for base in bases:
                guesses |= dict.fromkeys(_with_base(stem, ending, base, table))
    for prefix in table.prefixes:
        if word.startswith(prefix) and len(word) - len(prefix) >= _MIN_STEM:
            guesses[_ARTICLE + word.removeprefix(prefix) if prefix in _WITH_ARTICLE else word.removeprefix(prefix)] = (
                None
            )
    return tuple(guess for guess in guesses if guess and guess != word)


def _with_base(stem: str, ending: str, base: str, table: _Endings) -> Iterator[str]:
    """Yield the words that a stem makes with the ending of the base form."""
    for written, swapped in (("", ""), *table.swaps):
        if stem.endswith(written):
            yield stem.removesuffix(written) + swapped + base
    if base or len(stem) == 1:
        return
    if stem[-1] not in _VOWELS and stem[-2] not in _VOWELS:
        for vowel in table.fleeting:
            yield stem[:-1] + vowel + stem[-1]
    if ending in _DOUBLING and stem[-1] == stem[-2]:
        yield stem[:-1]


def _least(table: _Endings, stem: str) -> int:
    """Return how long a stem must be; a syllable of Hangul is two or three letters once it is folded."""
    return table.min_stem if table.min_stem == _MIN_STEM or stem[:1] < "\u3000" else _MIN_SYLLABIC_STEM


def base_phrases(words: Sequence[str], language: str) -> list[tuple[str, ...]]:
    """Return the base forms that a name of several folded words may have beside itself; not all, where there are many.

    Those in which all words change go first, as the words of a name stand in one case.
    """
    table = _tables().get(language)
    if table is None:
        return []
    own = tuple(words)
    if table.last_word_only:
        return [(*own[:-1], base) for base in base_words(own[-1], language)[:_MOST_GUESSES]] if own else []
    choices = [list(enumerate((*base_words(word, language)[: _most(len(words))], word))) for word in words]
    ranked = []
    for combination in itertools.islice(itertools.product(*choices), 4 * _MOST_GUESSES):
        phrase = tuple(word for _, word in combination)
        if phrase != own:
            unchanged = sum(a == b for a, b in zip(phrase, own, strict=True))
            ranked.append((unchanged, sum(rank for rank, _ in combination), phrase))
    return [phrase for _, _, phrase in sorted(ranked)[:_MOST_GUESSES]]


def _most(words: int) -> int:
    return 12 if words == 1 else 6 if words == 2 else 3  # noqa: PLR2004 - the product stays small


def _is_ending(word: str, language: str) -> bool:
    folded = fold_word(word)
    return any(ending == folded for ending, _ in _tables()[language].by_ending)


def strip_apart(text: str, language: str) -> str:
    """Return a name without what is written apart from its word by an apostrophe: Ankara'da, l'Irak; not EU:n."""
    return strip_affixes(text, language) if language in _APART or language in _ELIDING else text


def strip_affixes(text: str, language: str) -> str:
    """Return a name without what leans on it behind an apostrophe or hyphen, or before one: Ankara'da, l'Irak."""
    if language in _SUFFIXED and (cut := _SUFFIX.search(text)):
        return text[: cut.start()]
    if language in _HYPHENATING and (cut := _HYPHENED.search(text)) and _is_ending(cut[0][1:], language):
        return text[: cut.start()]
    if language in _ELIDING and (elided := _ELIDED.match(text)):
        return text[elided.end() :]
    return text
