"""What are the words of a text? Pure helpers that several stages share."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from html import unescape

# Words; single characters for scripts that are written without spaces. What was matched is never given back ("++"), and
# plain letters are looked for first: a fifth less time.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]|[a-z0-9\w]++(?:['’][a-z0-9\w]++)*+")


def normalise(text: str) -> str:
    """Return ``text`` in NFKC, case-folded, without soft hyphens, with plain apostrophes."""
    return unicodedata.normalize("NFKC", text).casefold().replace("\u00ad", "").replace("’", "'")


def words(text: str) -> list[str]:
    """Return the words of ``text``, normalised; single characters for scripts without spaces."""
    return tokens(normalise(text))


def tokens(normalised: str) -> list[str]:
    """Return the words of a text that went through ``normalise`` before."""
    return _WORD.findall(normalised.replace("_", " "))  # \w holds that one too


def written(text: str) -> Iterator[re.Match[str]]:
    """Yield the places of the words of ``text``, of which each, case-folded, is one of ``words``."""
    plain = unicodedata.normalize("NFKC", unescape(text)).replace("\u00ad", "").replace("’", "'").replace("_", " ")
    return _WORD.finditer(plain)


def fold(text: str) -> str:
    """Return ``text`` case-folded and without accents, white space collapsed: for comparing names."""
    plain = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).casefold().split())


def beginning(text: str, length: int = 80) -> str:
    """Return how a text begins, in ``length`` characters at most: what is shown for a title where there is none."""
    line = " ".join(text.split())
    begun = line[:length]
    return line if line == begun else f"{begun.rpartition(' ')[0] or begun} …"


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text: its lines that aren't blank, stripped."""
    return [line.strip() for line in text.splitlines() if line.strip()]
