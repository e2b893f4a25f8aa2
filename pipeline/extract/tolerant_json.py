"""Read JSON with faults, up to and around them: comments, stray commas, wrong escapes and quotes, a missing end.

What is read is what stands there; nothing is added. A value that a cut-off text breaks off in is left out.
"""

from __future__ import annotations

import json
import re
from typing import Any

_MAX_DEPTH = 60  # of nesting; real pages stay below 10
# White space, comments, and what wraps scripts in pages.
_BLANK = re.compile(
    r"(?:\s|\ufeff|<!--|-->|(?://|/\*)?\s*(?:<!\[CDATA\[|\]\]>)(?:\s*\*/)?|/\*.*?(?:\*/|\Z)|//[^\n]*)+", re.DOTALL
)
_PLAIN = re.compile(r"[^\"'\\]+")
_BARE = re.compile(r"[^\s,:{}\[\]\"'/]+")
_NUMBER = re.compile(r"-?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?")
_UNICODE = re.compile(r"u([0-9a-fA-F]{4})")
# What follows a string; where a comma is missing, the next key.
_AFTER_STRING = re.compile(r"\s*(?:[,:}\]]|/[/*]|\Z|[\"'][^\"'\\]{1,60}[\"']\s*:)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_WORDS = {"true": True, "false": False, "null": None, "undefined": None, "NaN": None}


class _CutOffError(ValueError):
    """The text ends inside a value, or is nested deeper than any page."""


def read_values(text: str) -> list[Any]:
    """Return the objects and lists that stand one after another in ``text``, as far as each can be read."""
    values: list[Any] = []
    position = 0
    strict = json.JSONDecoder(strict=False)
    while (start := _next_bracket(text, position)) is not None:
        try:
            value, position = strict.raw_decode(text, start)
        except (ValueError, RecursionError):
            reader = _Reader(text, start)
            try:
                value = reader.read_value(0)
            except (ValueError, RecursionError):
                break
            position = reader.position
        values.append(value)
    return values


def _next_bracket(text: str, position: int) -> int | None:
    """Return where the next object or list begins, behind comments."""
    while position < len(text):
        if blank := _BLANK.match(text, position):
            position = blank.end()
        elif text[position] in "{[":
            return position
        else:
            position += 1
    return None


class _Reader:
    """A pass over one value, which may be faulty."""

    def __init__(self, text: str, position: int) -> None:
        self._text = text
        self.position = position

    def read_value(self, depth: int) -> Any:
        """Return the value that stands here.

        Raises:
            ValueError: It is none.
            _CutOffError: It is cut off, or lies too deep.
        """
        character = self._peek()
        if depth > _MAX_DEPTH:
            raise _CutOffError("nested too deep")
        if character == "{":
            return self._read_object(depth)
        if character == "[":
            return self._read_list(depth)
        if character in {'"', "'"}:
            return self._read_string(character)
        return self._read_bare()

    def _peek(self) -> str:
        """Return the next character that means something; "" at the end."""
        if blank := _BLANK.match(self._text, self.position):
            self.position = blank.end()
        return self._text[self.position : self.position + 1]

    def _read_object(self, depth: int) -> dict[str, Any]:
        self.position += 1
        value: dict[str, Any] = {}
        while (character := self._peek()) not in {"", "}"}:
            if character in {",", ";"}:
                self.position += 1
                continue
            try:
                key = self._read_key(character)
                value[key] = self.read_value(depth + 1)
            except _CutOffError:
                self.position = len(self._text)
            except ValueError:
                self._skip_fault()
        self.position += 1
        return value

    def _read_list(self, depth: int) -> list[Any]:
        self.position += 1
        values: list[Any] = []
        while (character := self._peek()) not in {"", "]"}:
            if character == "}":  # of the object around: the list was never closed
                return values
            if character in {",", ";"}:
                self.position += 1
                continue
            try:
                values.append(self.read_value(depth + 1))
            except _CutOffError:
                self.position = len(self._text)
            except ValueError:
                self._skip_fault()
        self.position += 1
        return values

    def _read_key(self, character: str) -> str:
        """Return a key, which may have no quotes, and go behind its colon.

        Raises:
            ValueError: There is none, or no colon behind it.
        """
        key = self._read_string(character) if character in {'"', "'"} else str(self._read_bare())
        if self._peek() != ":":
            raise ValueError("no colon")
        self.position += 1
        return key

    def _read_string(self, quote: str) -> str:
        """Return a string; a quotation mark inside closes it only where a comma, a colon or a bracket follows.

        Raises:
            _CutOffError: It has no end.
        """
        parts: list[str] = []
        self.position += 1
        while True:
            if plain := _PLAIN.match(self._text, self.position):
                parts.append(plain[0])
                self.position = plain.end()
            character = self._text[self.position : self.position + 1]
            if not character:
                raise _CutOffError("cut off")
            self.position += 1
            if character == "\\":
                parts.append(self._read_escape())
            elif character == quote and _AFTER_STRING.match(self._text, self.position):
                return "".join(parts).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            else:
                parts.append(character)

    def _read_escape(self) -> str:
        if match := _UNICODE.match(self._text, self.position):
            self.position = match.end()
            return chr(int(match[1], 16))
        character = self._text[self.position : self.position + 1]
        self.position += 1
        return _ESCAPES.get(character, character)

    def _read_bare(self) -> Any:
        """Return a number or a word.

        Raises:
            ValueError: There is neither.
        """
        match = _BARE.match(self._text, self.position)
        if not match:
            raise _CutOffError("cut off") if self.position >= len(self._text) else ValueError("no value")
        self.position = match.end()
        word = match[0]
        if number := _NUMBER.fullmatch(word):
            return json.loads(number[0]) if not re.match(r"-?0\d", word) else word
        return _WORDS.get(word, word)

    def _skip_fault(self) -> None:
        """Go on behind what can't be read."""
        self.position += 1
