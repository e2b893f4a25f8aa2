"""Split a text into words and paragraphs, as all stages count and compare them.

Pure functions: the same text gives the same words in every stage.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from html import unescape

KANA_AND_HAN = r"\u3005-\u3007\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u9fff"
# First number of words → the range of text lengths: a brief, a short report, a report, a long one, a feature. No plus
# sign: in an address it means a space.
WORD_RANGES = {1: "1-99", 100: "100-299", 300: "300-599", 600: "600-1199", 1200: "1200 or more"}
# The vowels of India's scripts are marks, which Python's \w does not match
INDIC_MARKS = r"\u0900-\u0963\u0966-\u0dff"
# Characters that count as words, as their scripts are written without spaces: Thai, Kana and Han
_SINGLE = rf"\u0e00-\u0e7f{KANA_AND_HAN}"
_PLAIN = rf"[^\W{_SINGLE}]"
_OTHER = rf"{_PLAIN}++(?:[{INDIC_MARKS}]++{_PLAIN}*+)*+"
# Possessive quantifiers ("++") and plain words first: a fifth less time
_WORD = re.compile(rf"[a-z0-9]++(?!['’\w])|[{_SINGLE}]|{_OTHER}(?:['’]{_OTHER})*+")


# C0 but tab and line ends, DEL, C1, halves of surrogate pairs and non-characters: PostgreSQL keeps no NUL, UTF-8 no
# surrogate, and terminals obey the others.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Vertical tab, form feed and the separators stand for white space; C1 is what Windows-1252 has there, as browsers read
# it (WHATWG HTML, numeric character reference end state): dashes, quotation marks, the apostrophe.
_MEANT = dict.fromkeys("\x0b\x0c\x1c\x1d\x1e\x1f", " ") | {
    chr(code): bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)
}


def without_control_characters(text: str) -> str:
    """Return ``text`` without NUL and other control characters, lone surrogates and non-characters."""
    return _CONTROL.sub(lambda match: _MEANT.get(match[0], ""), text) if _CONTROL.search(text) else text


def normalise(text: str) -> str:
    """Return ``text`` in NFKC, case-folded, without soft hyphens, with plain apostrophes."""
    return _plain(text).casefold()


def split_words(text: str) -> list[str]:
    """Return the words of ``text``, normalised; single characters for scripts without spaces."""
    return split_normalised(normalise(text))


def split_normalised(normalised: str) -> list[str]:
    """Return the words of a text that ``normalise`` returned."""
    return _WORD.findall(normalised.replace("_", " "))  # \w matches the underscore too


def iter_word_matches(text: str) -> Iterator[re.Match[str]]:
    """Yield the matches of the words of ``text``: each, case-folded, is one of ``split_words``."""
    return _WORD.finditer(_plain(unescape(text)).replace("_", " "))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("\u00ad", "").replace("’", "'")


def fold(text: str) -> str:
    """Return ``text`` case-folded and without accents, white space collapsed: for comparing names."""
    plain = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).casefold().split())


def shorten(text: str, length: int = 80) -> str:
    """Return how a text begins, in ``length`` characters at most: what is shown where there is no title."""
    line = " ".join(text.split())
    start = line[:length]
    return line if line == start else f"{start.rpartition(' ')[0] or start} …"


def split_paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text: its lines that aren't blank, stripped."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def word_range(count: int) -> str | None:
    """Return which of ``WORD_RANGES`` holds a text of ``count`` words, None for a text without any."""
    return next((name for first, name in reversed(WORD_RANGES.items()) if first <= count), None)
