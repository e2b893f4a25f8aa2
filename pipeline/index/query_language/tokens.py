"""Cut a search line into tokens that know where they stand in it.

Every character of a line belongs to a token or to the space between two; nothing is an error here but a quotation mark
that opens and doesn't close.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from enum import Enum
from typing import NamedTuple

_QUOTES = '"“”„‟«»'
# Hebrew writes its acronyms with a quotation mark before the last letter
_IN_ACRONYM = r"(?<=[\u05d0-\u05ea])\"(?=[\u05d0-\u05ea])"
_PHRASE = re.compile(
    rf"[{_QUOTES}](?P<text>(?:[^{_QUOTES}]|{_IN_ACRONYM})*)[{_QUOTES}](?:~(?P<distance>\d{{1,9}})(?![^\s()]))?"
)
_FIELD = re.compile(r"(\w+):(?=[^\s:/)])")  # not the colon of an address such as https://
_BRACKET_RANGE = re.compile(r"\[\s*\S+\s+TO\s+\S+\s*\]")
_BARE = re.compile(rf"(?:[^\s(){_QUOTES}]|{_IN_ACRONYM})+")
_MINUS = re.compile(r"-(?=[^\s)-])")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")


class Kind(Enum):
    """What a token is."""

    OPEN = "("
    CLOSE = ")"
    AND = "AND"
    OR = "OR"
    NOT = "NOT"
    FIELD = "field:"
    PHRASE = "phrase"
    BARE = "word"


class LineToken(NamedTuple):
    """A part of a line; ``start`` and ``end`` are places in it, ``text`` is what it says, without its marks."""

    kind: Kind
    text: str
    start: int
    end: int
    distance: int | None = None  # of a phrase: how many words may stand between its words


class UnclosedPhraseError(ValueError):
    """A quotation mark at the place ``args[0]`` opens and does not close."""


def clean_line(line: str) -> str:
    """Return a line with a space for each character that can't be printed: places stay as they are."""
    return _UNPRINTABLE.sub(" ", line)


def cut_tokens(line: str, fields: Container[str]) -> Iterator[LineToken]:
    """Yield the tokens of a clean line in order; ``fields`` are the names, in small letters, that may stand before ":".

    Raises:
        UnclosedPhraseError: A quotation mark opens a phrase that doesn't end.
    """
    place = 0
    in_word = False  # whether the last token was a word, and this one stands right behind it
    valued = False  # whether it was a field
    while place < len(line):
        if line[place].isspace():
            place, in_word, valued = place + 1, False, False
            continue
        token = _next_token(line, place, fields, behind_word=in_word, valued=valued)
        if token is None:  # a quotation mark that is a sign, as of inches
            place += 1
            continue
        yield token
        place, in_word, valued = token.end, token.kind in {Kind.BARE, Kind.PHRASE}, token.kind is Kind.FIELD


def _next_token(line: str, place: int, fields: Container[str], *, behind_word: bool, valued: bool) -> LineToken | None:
    character = line[place]
    if character in "()":
        return LineToken(Kind(character), character, place, place + 1)
    if character in _QUOTES:
        return _phrase(line, place, behind_word=behind_word)
    if not behind_word and not valued:
        if _MINUS.match(line, place):
            return LineToken(Kind.NOT, "-", place, place + 1)
        if (field := _FIELD.match(line, place)) and field[1].lower() in fields:
            return LineToken(Kind.FIELD, field[1], place, field.end())
    if brackets := _BRACKET_RANGE.match(line, place) if valued else None:
        return LineToken(Kind.BARE, brackets[0], place, brackets.end())
    bare = _BARE.match(line, place)
    text, end = (bare[0], bare.end()) if bare else (character, place + 1)
    operator = text in {"AND", "OR", "NOT"} and not behind_word and not valued
    return LineToken(Kind(text) if operator else Kind.BARE, text, place, end)


def _phrase(line: str, place: int, *, behind_word: bool) -> LineToken | None:
    """Return the phrase that begins at a quotation mark, None where the mark is none of a phrase.

    Raises:
        UnclosedPhraseError: It doesn't end.
    """
    if match := _PHRASE.match(line, place):
        distance = int(match["distance"]) if match["distance"] else None
        return LineToken(Kind.PHRASE, match["text"], place, match.end(), distance)
    if behind_word:
        return None
    raise UnclosedPhraseError(place)
