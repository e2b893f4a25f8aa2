"""Read one word, phrase or value of a search line into a leaf of its tree, by the field that it stands in."""

from __future__ import annotations

import datetime as dt
import re

from pipeline.index.fields import ALIASES, BOOLEANS, BY_NAME, FIELDS, stored_value
from pipeline.index.folding import fold, fold_words, has_unspaced, has_words, is_one_word
from pipeline.index.query_language.spans import NUMBER_HELP, read_last, read_numbers, read_times
from pipeline.index.query_language.tokens import Kind, LineToken
from pipeline.index.query_language.tree import (
    SEEN_AT,
    Exists,
    Near,
    Node,
    Range,
    Similar,
    Value,
    Wildcard,
    Words,
)

DATES = frozenset({SEEN_AT, *(field.name for field in FIELDS if field.type == "date")})
NUMBERS = frozenset(field.name for field in FIELDS if field.type in {"integer", "long", "float"} and not field.several)
PSEUDO_FIELDS = frozenset({SEEN_AT, "last", "has", "is", "similar"})
# A field that may be asked for by ``has:``
CAN_EXIST = tuple(field.name for field in FIELDS if field.name not in {"stages", "copied_paragraphs"})
# Where a field always holds something, ``has:`` means more than that
_HAS = {
    "copies": Range("copies", low=0.0, low_open=True),
    "story": Range("story_size", low=1.0, low_open=True),
    "version": Range("version", low=1.0, low_open=True),
}
_IS: dict[str, Node] = {
    "original": Value("is_primary", "true"),
    "primary": Value("is_primary", "true"),
    "copy": Value("is_primary", "false"),
    "paywalled": Value("paywalled", "true"),
    "live": Value("live", "true"),
    "from_feed": Value("from_feed", "true"),
    "revised": Range("version", low=1.0, low_open=True),
    "gone": Exists("gone"),
    "embargoed": Exists("embargoed"),
}
_TRUTHS = {"true": "true", "yes": "true", "false": "false", "no": "false"}
_RANGE_SIGN = re.compile(r"[<>=\[]|\.\.")
_PATTERN = re.compile(r"\w[*?]+\w|\w\*|[*?]\w")
_EDGES = "\"'’.,;:!()[]{}…"

# Of a pattern: enough of its beginning to be looked up, and no more signs than a person writes.
_MIN_BEGINNING = 2
_MAX_SIGNS = 4
_MAX_PATTERN = 64


class ReadFault(ValueError):  # noqa: N818 - becomes an error with its place
    """A leaf that can't be read, and how far from its beginning it goes wrong."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


def read_words(token: LineToken, field: str | None) -> Node | None:
    """Return the words of a token, None where it has none.

    Raises:
        ReadFault: It is a pattern that can't be looked for.
    """
    text = " ".join(token.text.split())
    if token.kind is Kind.BARE and _PATTERN.search(text) and "://" not in text:
        return _read_pattern(token, field)
    if not has_words(text):
        return None
    if token.distance is not None and len(fold_words(text).split()) > 1:
        return Near(text, token.distance, field)
    return Words(text, field)


def _read_pattern(token: LineToken, field: str | None) -> Node:
    """Return the word of a pattern with * or ?.

    Raises:
        ReadFault: It can't be looked for.
    """
    text = token.text.strip(_EDGES).rstrip("?") if not token.text.endswith("*") else token.text.lstrip(_EDGES)
    parts = re.split(r"([*?])", text)
    literals, signs = parts[::2], parts[1::2]
    place = token.text.index(signs[0]) if signs else 0
    if has_unspaced(text) and re.fullmatch(r"[^*?]*\*", text):
        return Words(text.rstrip("*"), field)  # such words are found inside of others anyway
    if not all(is_one_word(literal) for literal in literals if literal) or has_unspaced(text):
        raise ReadFault("* and ? stand in a single word of letters and digits; in quotes they are signs", place)
    pattern = re.sub(r"\*+", "*", "".join(fold(part) if part not in {"*", "?"} else part for part in parts))
    if len(fold(literals[0])) < _MIN_BEGINNING:
        raise ReadFault(f"at least {_MIN_BEGINNING} letters stand before the first * or ?", place)
    if len(re.findall(r"[*?]", pattern)) > _MAX_SIGNS or len(pattern) > _MAX_PATTERN:
        raise ReadFault(f"at most {_MAX_SIGNS} of * and ? stand in a word, of {_MAX_PATTERN} characters", place)
    return Wildcard(pattern, field)


def read_field(token: LineToken, field: str, now: dt.datetime) -> Node | None:
    """Return what a token says of ``field``, the name of a field that a search line may name; None where nothing.

    Raises:
        ReadFault: The field takes no such value.
    """
    text = " ".join(token.text.split())
    if field in PSEUDO_FIELDS or field in DATES or field in NUMBERS:
        return _read_bounds(field, text, now) or _read_pseudo(field, text)
    if text == "*" and token.kind is Kind.BARE:
        return Exists(field)
    if field in BOOLEANS:
        if text.lower() not in _TRUTHS:
            raise ReadFault(f"{field} is true or false")
        return Value(field, _TRUTHS[text.lower()])
    return _read_length(field, text) if BY_NAME[field].range_of else read_words(token, field)


def _read_bounds(field: str, text: str, now: dt.datetime) -> Node | None:
    """Return times or numbers, None for a field of others.

    Raises:
        ReadFault: The field takes no such value.
    """
    try:
        if field == "last":
            return read_last(SEEN_AT, text, now)
        if field in DATES:
            return read_times(field, text, now)
        return read_numbers(field, text) if field in NUMBERS else None
    except ValueError as error:
        raise ReadFault(str(error)) from error


def _read_pseudo(field: str, text: str) -> Node:
    """Return what ``has:``, ``is:`` and ``similar:`` say.

    Raises:
        ReadFault: They take no such value.
    """
    if field == "similar":
        return Similar(text)
    if field == "has":
        return _read_has(text)
    if text.lower() not in _IS:
        raise ReadFault(f"is: takes {', '.join(_IS)}")
    return _IS[text.lower()]


def _read_has(name: str) -> Node:
    field = ALIASES.get(name.lower(), name.lower())
    if field not in CAN_EXIST:
        raise ReadFault(f"has: takes a field, such as image, people, copies or standfirst; {name[:40]} is none")
    return _HAS.get(field, Exists(field))


def _read_length(field: str, text: str) -> Node:
    """Return a length in words: compared as a number, or one of the ranges that are counted.

    Raises:
        ReadFault: It is neither.
    """
    if _RANGE_SIGN.search(text):
        try:
            return read_numbers("word_count", text)
        except ValueError as error:
            raise ReadFault(str(error).replace("word_count", field)) from error
    value = stored_value(field, text)
    if value not in BY_NAME[field].ranges:
        raise ReadFault(f"{field} takes {NUMBER_HELP}")
    return Value(field, value)
