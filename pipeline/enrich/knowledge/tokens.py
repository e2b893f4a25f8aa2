"""Split a text into words, tell what stands between them, and fold words for comparison.

The time is linear in the text, whatever it holds.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from pipeline.text import INDIC_MARKS

# The vowels of Indian scripts, Thai, Lao, Burmese and Khmer are marks, which Python takes for no part of a word.
_VOWELS = rf"{INDIC_MARKS}\u0e31-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ebc\u0ec8-\u0ecd\u102b-\u103e\u17b4-\u17d3"
_LETTERS = rf"[^\W_]+(?:[{_VOWELS}]+[^\W_]*)*"
# "U.S.", "J.R.R."; else a word with its inner apostrophes ("Shi`ite", "O'Neill").
# Spanish doubles the letters of a plural ("EE.UU."), and Hebrew marks an acronym before its last letter ("ארה״ב").
_TOKEN = re.compile(
    rf"(?:[^\W\d_]\.){{2,}}(?:[^\W\d_](?!\w))?|\b([A-Z])\1\.([A-Z])\2\b\.?"
    rf"|{_LETTERS}(?:['’`´‘ʼ][^\W\d_]+|(?<=[\u05d0-\u05ea])[\"״][\u05d0-\u05ea]+)*"
)
_POSSESSIVES = frozenset(mark + letter for mark in "'’`´‘ʼ" for letter in "sS")
_DROPPED = dict.fromkeys(map(ord, "\"״.'’`´‘ʼ\u00ad\u200e\u200f\u0640"))
_SPACED = re.compile(r"(?:[A-Z]\. )+[A-Z]\.?")
_WORD = re.compile(_LETTERS)
# Classes of combining marks: none, viramas, Thai and Lao vowels and tones.
_MEANINGFUL = {0, 9, 103, 107, 118, 122}
# A longer "word" (in characters) is no name, and not worth folding; a sentence of a script without spaces is no word.
LONGEST = 60
# The class of characters of scripts without spaces between words: Kana, Han, Thai
UNSPACED = r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]"
_UNSPACED = re.compile(UNSPACED)
# Words whose full stop doesn't end the sentence.
_ABBREVIATED = frozenset(
    (
        "mr mrs ms dr st gen lt col sgt capt cmdr adm maj brig prof sen rep gov rev hon jr sr inc corp ltd co no vs "
        "amb mt ste ft"
    ).split()
)


class Separator(enum.IntEnum):
    """What stands before a token, the looser joints last."""

    SPACE = 0
    HYPHEN = 1
    AMPERSAND = 2
    PLURAL_POSSESSIVE = 3
    COMMA = 4
    OPEN = 5
    OTHER = 6
    SENTENCE = 7
    LINE = 8


class Token(NamedTuple):
    """A word: its characters in the text, as written and folded, and what stands between it and the last one."""

    start: int
    end: int
    text: str
    key: str
    separator: Separator
    possessive: bool

    @property
    def capital(self) -> bool:
        """Tell whether the word begins with a capital."""
        return self.text[0].isupper()


@lru_cache(maxsize=65536)
def fold_word(word: str) -> str:
    """Return a word case-folded, without accents, full stops and apostrophes."""
    plain = word if word.isascii() else "".join(c for c in unicodedata.normalize("NFKD", word) if not _is_mark(c))
    return plain.translate(_DROPPED).casefold()


def _is_mark(char: str) -> bool:
    # Vowels and tones of Indian scripts, Thai and Lao are marks too, but carry meaning; accents have other classes.
    return unicodedata.combining(char) not in _MEANINGFUL


def name_key(name: str) -> str:
    """Return the key by which names are compared: folded words, joined by one space."""
    return " ".join(_WORD.findall(fold_word(name)))


def join_initials(name: str) -> str:
    """Return a name of initials without the blanks between them ("U.S." for "U. S."), any other as it is."""
    return name.replace(" ", "") if _SPACED.fullmatch(name) else name


@lru_cache(maxsize=4096)
def _separator(between: str) -> Separator:
    stripped = between.strip(" \t\u00a0\u200c")
    simple = {
        "": Separator.SPACE,
        "-": Separator.HYPHEN,
        "‑": Separator.HYPHEN,
        "–": Separator.OTHER,
        "&": Separator.AMPERSAND,
        ",": Separator.COMMA,
    }
    if stripped in simple:
        hyphen = simple[stripped] is Separator.HYPHEN
        return Separator.OTHER if hyphen and between != stripped else simple[stripped]
    if any(c in between for c in "\n\r\u2028\x0b\x0c"):
        return Separator.LINE
    if between in {"' ", "’ "}:
        return Separator.PLURAL_POSSESSIVE
    if any(c in between for c in '.!?:;…•|“„«»"*。'):
        return Separator.SENTENCE
    return Separator.OPEN if "(" in between or "[" in between else Separator.OTHER


def tokenise(text: str) -> list[Token]:
    """Return the words of ``text`` in order, without those longer than ``LONGEST`` characters."""
    tokens: list[Token] = []
    last, folded = 0, ""
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if end - start > LONGEST and not is_unspaced(text[start]):
            continue
        word = match.group()
        possessive = word[-2:] in _POSSESSIVES and len(word) > len("'s")
        if possessive:
            word = word[:-2]
        between = text[last:start]
        separator = _separator(between) if tokens and len(between) <= LONGEST else Separator.LINE
        if (
            separator is Separator.SENTENCE
            and between.strip(" ") == "."
            and (folded in _ABBREVIATED or _is_initial(tokens[-1]))
        ):
            separator = Separator.SPACE
        folded = fold_word(word)
        tokens.append(Token(start, start + len(word), word, folded, separator, possessive))
        last = end
    return tokens


def is_unspaced(character: str) -> bool:
    """Tell whether a character's script has no spaces between words."""
    return bool(_UNSPACED.match(character))


def _is_initial(token: Token) -> bool:
    return len(token.text) == 1 and token.text.isupper()
