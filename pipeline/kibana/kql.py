"""Turn the searches of Kibana's query language (KQL) into Elasticsearch's, as Kibana does. Pure.

Covers what the objects here and docs/kibana.md use: values, phrases, wildcards, ranges, lists, and, or, not, brackets;
not nested fields. The shapes are those of ``kbn-es-query/src/kuery/functions`` (``is.ts``, ``range.ts``, ``and.ts`` …).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from pipeline.errors import UsageError

_TOKENS = re.compile(
    r"""\s*(?:
        (?P<phrase>"(?:[^"\\]|\\.)*")
      | (?P<sign><=|>=|<|>|:|\(|\))
      | (?P<word>(?:[^\s"():<>\\{}]|\\.)+)
    )""",
    re.VERBOSE,
)
_RANGES = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_KEYWORDS = frozenset(("and", "or", "not"))


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


def parse_kql(line: str, types: Mapping[str, str]) -> dict[str, Any]:
    """Return the search of Elasticsearch that a line of KQL is; an empty one matches all.

    Args:
        line: the line of KQL.
        types: field → its type in Elasticsearch; a field that isn't there is an error, as it would match nothing.

    Raises:
        UsageError: The line can't be read, or names a field that isn't there.
    """
    tokens = _tokenise(line)
    if not tokens:
        return {"match_all": {}}
    parser = _Parser(line, tokens, types)
    query = parser.read_or()
    if parser.peek():
        parser.fail(f"{parser.peek_text()!r} is not expected here")
    return query


def _tokenise(line: str) -> list[_Token]:
    tokens, position = [], 0
    while line[position:].strip():
        match = _TOKENS.match(line, position)
        if not match or not match.lastgroup:
            raise UsageError(f"KQL {line!r}, character {position + 1}: can't be read; put it in quotes")
        tokens.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        position = match.end()
    return tokens


class _Parser:
    """Reads tokens from left to right; each method reads one kind of expression."""

    def __init__(self, line: str, tokens: list[_Token], types: Mapping[str, str]) -> None:
        self._line = line
        self._tokens = tokens
        self._types = types
        self._place = 0

    def peek(self) -> _Token | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def peek_text(self) -> str:
        token = self.peek()
        return token.text if token else ""

    def fail(self, fault: str) -> NoReturn:
        token = self.peek()
        position = token.position + 1 if token else len(self._line) + 1
        raise UsageError(f"KQL {self._line!r}, character {position}: {fault}")

    def _take(self) -> _Token:
        token = self.peek()
        if token is None:
            self.fail("the line ends too early")
        self._place += 1
        return token

    def _takes_word(self, word: str) -> bool:
        token = self.peek()
        if token and token.kind == "word" and token.text.lower() == word:
            self._place += 1
            return True
        return False

    def read_or(self, field: str | None = None) -> dict[str, Any]:
        parts = [self._read_and(field)]
        while self._takes_word("or"):
            parts.append(self._read_and(field))
        return parts[0] if len(parts) == 1 else _any_of(parts)

    def _read_and(self, field: str | None) -> dict[str, Any]:
        parts = [self._read_not(field)]
        while self._takes_word("and"):
            parts.append(self._read_not(field))
        return parts[0] if len(parts) == 1 else {"bool": {"filter": parts}}

    def _read_not(self, field: str | None) -> dict[str, Any]:
        if self._takes_word("not"):
            return {"bool": {"must_not": self._read_not(field)}}
        if self.peek_text() == "(":
            self._take()
            query = self.read_or(field)
            if self._take().text != ")":
                self._place -= 1
                self.fail("a bracket isn't closed")
            return query
        return self._read_clause(field)

    def _read_clause(self, field: str | None) -> dict[str, Any]:
        token = self._take()
        if token.kind == "sign":
            self._place -= 1
            self.fail(f"{token.text!r} is not expected here")
        following = self.peek()
        if field is not None or not (following and following.kind == "sign" and following.text in {*_RANGES, ":"}):
            return self._match(field, *self._value(token))
        name = _unescape(token.text)
        sign = self._take().text
        if name not in self._types:
            self._place -= 2
            self.fail(f"there is no field {name!r}")
        if sign in _RANGES:
            return _any_of([{"range": {name: {_RANGES[sign]: self._value(self._take())[0]}}}])
        if self.peek_text() == "(":
            return self._read_not(name)
        return self._match(name, *self._value(self._take()))

    def _value(self, token: _Token) -> tuple[str, bool, bool]:
        """Return a value, whether it is a phrase, and whether it holds wildcards; words in a row are one value."""
        if token.kind == "phrase":
            return re.sub(r"\\(.)", r"\1", token.text[1:-1]), True, False
        if token.kind == "sign":
            self._place -= 1
            self.fail(f"a value is missing before {token.text!r}")
        words = [token.text]
        while (token_after := self.peek()) and token_after.kind == "word" and token_after.text.lower() not in _KEYWORDS:
            words.append(self._take().text)
        raw = " ".join(words)
        return _unescape(raw), False, bool(re.search(r"(?<!\\)\*", raw))

    def _match(self, field: str | None, value: str, is_phrase: bool, has_wildcard: bool) -> dict[str, Any]:
        if field is None:
            kind = "phrase" if is_phrase else "best_fields"
            return {"multi_match": {"type": kind, "query": value, "lenient": True}}
        if has_wildcard and value == "*":
            return _any_of([{"exists": {"field": field}}])
        kind = self._types[field]
        if has_wildcard and kind == "keyword":
            return _any_of([{"wildcard": {field: {"value": value}}}])
        if has_wildcard:
            return _any_of([{"query_string": {"fields": [field], "query": value}}])
        if kind == "date":
            return _any_of([{"range": {field: {"gte": value, "lte": value}}}])
        return _any_of([{"match_phrase" if is_phrase else "match": {field: value}}])


def _any_of(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"bool": {"should": parts, "minimum_should_match": 1}}


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
