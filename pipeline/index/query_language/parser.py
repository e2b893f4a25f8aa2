"""Parse a search line into its tree, once for all engines, and say what in it could not be meant.

What can't be a query is an error that points at the character. What can be read, but hardly as it was meant, is read
and said in a warning. The clock is an argument.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
import unicodedata

import msgspec

from pipeline.errors import QuerySyntaxError
from pipeline.index.fields import ALIASES, QUERY_FIELDS
from pipeline.index.folding import has_words, split_words
from pipeline.index.query_language.leaves import DATES, NUMBERS, PSEUDO_FIELDS, ReadFault, read_field, read_words
from pipeline.index.query_language.tokens import Kind, LineToken, UnclosedPhraseError, clean_line, cut_tokens
from pipeline.index.query_language.tree import Node, Or, Words, join_all, join_any, negate

MAX_TERMS = 1_000
MAX_CHARACTERS = 30_000  # a thousand words, each with its field
_MAX_DEPTH = 20  # brackets within brackets
_MAX_WARNINGS = 20
_MAX_NEAR = 50  # words between those of a phrase with ~: as far apart as two words of one sentence are

FIELD_NAMES = frozenset({*QUERY_FIELDS, *ALIASES, *DATES, *NUMBERS, *PSEUDO_FIELDS})
_UNKNOWN_FIELD = re.compile(r"([^\W\d]\w{1,30}):(?!/)")
_SUFFIX = re.compile(r"(?<=\w)(\^\d[\d.]*|~\d*)$")
_NEAR_WORD = re.compile(r"NEAR(/\d+)?")
_STRANGE = {"&&": "AND", "||": "OR"}


class QueryWarning(msgspec.Struct, frozen=True, kw_only=True):
    """What was hardly meant as it was read: ``position`` is the character it begins at, from 1; 0 is the line."""

    message: str
    position: int = 0


class ParsedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A search line as it was read; without a tree it finds everything."""

    tree: Node | None = None
    warnings: tuple[QueryWarning, ...] = ()


def parse(line: str, now: dt.datetime, *, any_word: bool = False) -> ParsedLine:
    """Return what a search line means at ``now``.

    With ``any_word``, one of the words without a field that stand side by side in it is enough.

    Raises:
        QuerySyntaxError: It can't be read; the error names the character.
    """
    if len(line) > MAX_CHARACTERS:
        raise QuerySyntaxError(
            f"it has {len(line):,} characters; at most {MAX_CHARACTERS:,} are read", MAX_CHARACTERS, ""
        )
    clean = clean_line(line)
    try:
        tokens = list(cut_tokens(clean, FIELD_NAMES))
    except UnclosedPhraseError as error:
        raise _fault("the quotation mark that opens here does not close", error.args[0], clean) from error
    return _Parser(clean, tokens, now, any_word=any_word).parse_line()


def _fault(message: str, place: int, line: str) -> QuerySyntaxError:
    return QuerySyntaxError(message, place + 1, line[place : place + 30])


class _Parser:
    """Reads tokens from left to right: OR binds its neighbours, then all that stands side by side must hold."""

    def __init__(self, line: str, tokens: list[LineToken], now: dt.datetime, *, any_word: bool) -> None:
        self._any_word = any_word
        self._line = line
        self._tokens = tokens
        self._now = now
        self._next = 0
        self._terms = 0
        self._warnings: list[QueryWarning] = []
        self._bare: set[Words] = set()  # words that stand in no quotation marks

    def parse_line(self) -> ParsedLine:
        """Return the whole line."""
        tree = self._sequence(None, 0)
        if self._next < len(self._tokens):
            raise self._fault("this bracket closes none", self._tokens[self._next])
        if tree is None and self._line.strip():
            self._warn("no word in this line can be searched for, so it finds everything")
        return ParsedLine(tree=tree, warnings=tuple(self._warnings))

    def _fault(self, message: str, token: LineToken) -> QuerySyntaxError:
        return _fault(message, token.start, self._line)

    def _warn(self, message: str, token: LineToken | None = None) -> None:
        if len(self._warnings) < _MAX_WARNINGS:
            self._warnings.append(QueryWarning(message=message, position=token.start + 1 if token else 0))

    def _peek(self) -> LineToken | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self) -> LineToken:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _sequence(self, field: str | None, depth: int) -> Node | None:
        """Return what stands up to the next closing bracket or the end, in ``field`` where that is given."""
        parts: list[Node] = []
        ands: list[LineToken] = []
        ors: list[LineToken] = []
        while (token := self._peek()) and token.kind is not Kind.CLOSE:
            if token.kind is Kind.AND:
                self._operator(token, is_first=self._is_first())
                ands.append(token)
                continue
            part = self._alternatives(field, depth, ors)
            parts += [part] if part is not None else []
        if ands and ors:
            self._warn("OR binds its neighbours before AND does; put brackets around what belongs together", ors[0])
        return join_all(self._relaxed(parts) if self._any_word and depth == 0 else parts)

    def _relaxed(self, parts: list[Node]) -> list[Node]:
        """Return parts of which one word without a field is enough; a word of several parts is as many words."""
        words: dict[Words, None] = {}
        for part in parts:
            if isinstance(part, Words) and part.field is None:
                pieces = split_words(part.text) if part in self._bare else [part.text]
                words.update(dict.fromkeys(map(Words, pieces)))
        others = [part for part in parts if not isinstance(part, Words) or part.field is not None]
        return [Or(tuple(words)), *others] if len(words) > 1 else parts

    def _is_first(self) -> bool:
        return self._next == 0 or self._tokens[self._next - 1].kind in {Kind.OPEN, Kind.FIELD}

    def _operator(self, token: LineToken, *, is_first: bool) -> None:
        """Take AND or OR; raise QuerySyntaxError where nothing stands on one of its sides."""
        self._take()
        after = self._peek()
        if is_first:
            raise self._fault(f"{token.text} has nothing before it; as a word, put it in quotes", token)
        if after is None or after.kind in {Kind.CLOSE, Kind.AND, Kind.OR}:
            raise self._fault(f"{token.text} has nothing behind it; as a word, put it in quotes", token)

    def _alternatives(self, field: str | None, depth: int, ors: list[LineToken]) -> Node | None:
        """Return one part of a sequence, or several with OR between them."""
        if (token := self._peek()) and token.kind is Kind.OR:
            self._operator(token, is_first=True)
        parts = [self._negatable(field, depth)]
        while (token := self._peek()) and token.kind is Kind.OR:
            self._operator(token, is_first=False)
            ors.append(token)
            parts.append(self._negatable(field, depth))
        return join_any([part for part in parts if part is not None])

    def _negatable(self, field: str | None, depth: int) -> Node | None:
        """Return a part that NOT or - may stand before."""
        negated = False
        while (token := self._peek()) and token.kind is Kind.NOT:
            self._take()
            negated = not negated
            after = self._peek()
            if after is None or after.kind in {Kind.CLOSE, Kind.AND, Kind.OR}:
                raise self._fault(f"{token.text} has nothing behind it; as a word, put it in quotes", token)
        node = self._primary(field, depth)
        return negate(node) if negated and node is not None else node

    def _primary(self, field: str | None, depth: int) -> Node | None:
        token = self._take()
        if token.kind is Kind.OPEN:
            return self._brackets(token, field, depth)
        if token.kind is Kind.FIELD:
            return self._fielded(token, field, depth)
        return self._term(token, field)

    def _brackets(self, token: LineToken, field: str | None, depth: int) -> Node | None:
        if depth == _MAX_DEPTH:
            raise self._fault(f"more than {_MAX_DEPTH} brackets within each other", token)
        first = self._next
        node = self._sequence(field, depth + 1)
        if self._peek() is None:
            raise self._fault("the bracket that opens here does not close", token)
        if self._next == first:
            raise self._fault("there is nothing in these brackets", token)
        self._take()
        return node

    def _fielded(self, token: LineToken, outer: str | None, depth: int) -> Node | None:
        """Return what stands behind ``field:``."""
        name = token.text.lower()
        if outer is not None:
            raise self._fault(f"a field within the brackets of another field, {outer}", token)
        value = self._peek()
        if value is None or value.start != token.end or value.kind is Kind.CLOSE:
            raise self._fault(f"{token.text}: has nothing behind it; as a word, put it in quotes", token)
        self._take()
        if value.kind is Kind.OPEN:
            return self._brackets(value, ALIASES.get(name, name), depth)
        return self._term(value, ALIASES.get(name, name))

    def _term(self, token: LineToken, field: str | None) -> Node | None:
        """Return a word, phrase or value, None where there is no word in it."""
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise self._fault(f"more than {MAX_TERMS:,} words and phrases", token)
        if token.distance is not None and token.distance > _MAX_NEAR:
            raise self._fault(f"~ takes at most {_MAX_NEAR}", token)
        if token.kind is Kind.BARE and field is None:
            token = self._checked(token)
        try:
            node = read_words(token, None) if field is None else read_field(token, field, self._now)
        except ReadFault as fault:
            raise _fault(str(fault), token.start + fault.offset, self._line) from fault
        if node is None:
            self._left_out(token)
        elif isinstance(node, Words) and token.kind is Kind.BARE:
            self._bare.add(node)
        return node

    def _left_out(self, token: LineToken) -> None:
        """Say of a part without words that it was left out, unless it is punctuation between others."""
        if any(unicodedata.category(character)[0] not in "PZ" and character not in "|+" for character in token.text):
            self._warn(f"{token.text[:40]} holds no word that can be searched for; it was left out", token)

    def _checked(self, token: LineToken) -> LineToken:
        """Return a word as it is looked for, and say what in it could have been meant otherwise."""
        text = token.text
        if suffix := _SUFFIX.search(text):
            self._warn(f"{suffix[0]} means nothing behind a word; it was left out", token)
            text = text[: suffix.start()]
        if text in _STRANGE:
            self._warn(f"{text} is left out; write {_STRANGE[text]}", token)
            return token._replace(text="")
        if text.startswith("!") and has_words(text):
            self._warn(f"! excludes nothing; write -{text.lstrip('!')}", token)
        if _NEAR_WORD.fullmatch(text):
            self._warn(f'{text} is looked for as a word; write "two words"~5', token)
        if match := _UNKNOWN_FIELD.match(text):
            self._unknown_field(match[1], token, is_alone=match.end() == len(text))
        if re.search(r"\w\?+$", text):
            self._warn("? at the end of a word is a question mark; word* finds words that begin so", token)
            text = text.rstrip("?")
        return token._replace(text=text)

    def _unknown_field(self, name: str, token: LineToken, *, is_alone: bool) -> None:
        known = name.lower() in FIELD_NAMES
        if known and is_alone:
            self._warn(f"{name} is looked for as a word; as a field, write {name}:value without a space", token)
        elif not known and not (is_alone and self._stands_alone(token)):
            close = difflib.get_close_matches(name.lower(), sorted(FIELD_NAMES), n=1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            self._warn(f"there is no field {name}{hint}; it is looked for as words", token)

    def _stands_alone(self, token: LineToken) -> bool:
        """Tell whether nothing follows a word directly."""
        after = self._peek()
        return after is None or after.start != token.end
