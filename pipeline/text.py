"""What are the words of a text? Pure helpers that several stages share."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from html import unescape

KANA_AND_HAN = r"\u3005-\u3007\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u9fff"
# The vowels of India's scripts are marks, which Python takes for no part of a word
INDIC_MARKS = r"\u0900-\u0963\u0966-\u0dff"
# Characters that are words of their own here, as they are written without spaces: Thai, Kana and Han
_SINGLE = rf"\u0e00-\u0e7f{KANA_AND_HAN}"
_PLAIN = rf"[^\W{_SINGLE}]"
_OTHER = rf"{_PLAIN}++(?:[{INDIC_MARKS}]++{_PLAIN}*+)*+"
# What was matched is never given back ("++"), and plain words are looked for first: a fifth less time
_WORD = re.compile(rf"[a-z0-9]++(?!['’\w])|[{_SINGLE}]|{_OTHER}(?:['’]{_OTHER})*+")


def normalise(text: str) -> str:
    """Return ``text`` in NFKC, case-folded, without soft hyphens, with plain apostrophes."""
    return _plain(text).casefold()


def split_words(text: str) -> list[str]:
    """Return the words of ``text``, normalised; single characters for scripts without spaces."""
    return split_normalised(normalise(text))


def split_normalised(normalised: str) -> list[str]:
    """Return the words of a text that went through ``normalise`` before."""
    return _WORD.findall(normalised.replace("_", " "))  # \w holds that one too


def iter_word_matches(text: str) -> Iterator[re.Match[str]]:
    """Yield the places of the words of ``text``, of which each, case-folded, is one of ``words``."""
    return _WORD.finditer(_plain(unescape(text)).replace("_", " "))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("\u00ad", "").replace("’", "'")


def fold(text: str) -> str:
    """Return ``text`` case-folded and without accents, white space collapsed: for comparing names."""
    plain = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).casefold().split())


def shorten(text: str, length: int = 80) -> str:
    """Return how a text begins, in ``length`` characters at most: what is shown for a title where there is none."""
    line = " ".join(text.split())
    begun = line[:length]
    return line if line == begun else f"{begun.rpartition(' ')[0] or begun} …"


def split_paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text: its lines that aren't blank, stripped."""
    return [line.strip() for line in text.splitlines() if line.strip()]
