"""Say a tree as a search line that means the same, with all that a shorter line leaves unsaid.

What is said can be parsed again: people read how their line was understood, and may go on from there.
"""

from __future__ import annotations

import datetime as dt
import re

from pipeline.index.query_language.tree import (
    And,
    AtLeast,
    Exists,
    Near,
    Node,
    Not,
    Or,
    Range,
    Similar,
    Value,
    Wildcard,
    Words,
)

_PLAIN = re.compile(r"(?!(?:AND|OR|NOT|NEAR)\b)\w[^\s():*?^~“”„‟«»\"]*")
_ONE_VALUE = re.compile(r"[\w.-]+")
_SAYS_NOT = re.compile(r"(?<![^\s(])NOT\s+")
_SAYS_AND = re.compile(r"\s+AND\s+")
_QUOTED_WORD = re.compile(r"(?<![^\s(:-])[“”„‟«»\"](\w+)[“”„‟«»\"](?![^\s)])")


def word_tree(tree: Node | None) -> str:
    """Return a tree as a search line; everything is an empty one."""
    return "" if tree is None else _word(tree)


def is_read_as_typed(line: str, understood: str) -> bool:
    """Tell whether how a line was understood says no more than the line: AND and NOT apart, which go without saying."""
    return _without_signs(line) == _without_signs(understood)


def _without_signs(line: str) -> str:
    """Return a line with -word for NOT word, a space for AND, and no quotation marks around a single word."""
    plain = _SAYS_AND.sub(" ", _SAYS_NOT.sub("-", line))
    return " ".join(_QUOTED_WORD.sub(r"\1", plain).split()).casefold()


def _word(node: Node) -> str:  # noqa: PLR0911 - one for each kind of node
    match node:
        case And(children):
            return " AND ".join(_inner(child) for child in children)
        case Or(children):
            return " OR ".join(_inner(child) for child in children)
        case AtLeast(minimum, children):
            return f"at least {minimum} of ({', '.join(_word(child) for child in children)})"
        case Not(child):
            return f"NOT {_inner(child)}"
        case Words(text, field):
            return f"{_prefix(field)}{text if _PLAIN.fullmatch(text) else _quoted(text)}"
        case Near(text, distance, field):
            return f'{_prefix(field)}"{text}"~{distance}'
        case Wildcard(pattern, field):
            return f"{_prefix(field)}{pattern}"
        case _:
            return _word_value(node)


def _word_value(node: Range | Exists | Similar | Value) -> str:
    match node:
        case Range():
            return _word_range(node)
        case Exists(field):
            return f"has:{field}"
        case Similar(article):
            return f"similar:{_value(article)}"
        case Value(field, value):
            return f"{field}:{_value(value)}"


def _inner(node: Node) -> str:
    return f"({_word(node)})" if isinstance(node, (And, Or)) else _word(node)


def _prefix(field: str | None) -> str:
    return f"{field}:" if field else ""


def _quoted(text: str) -> str:
    return f'"{text}"'


def _value(text: str) -> str:
    return text if _ONE_VALUE.fullmatch(text) else _quoted(text)


def _word_range(bounds: Range) -> str:
    low, high = bounds.low, bounds.high
    if isinstance(low, dt.datetime) or isinstance(high, dt.datetime):
        return _word_times(bounds)
    numbers = [f"{number:g}" if isinstance(number, float) else "" for number in (low, high)]
    if low == high:
        return f"{bounds.field}:{numbers[0]}"
    if low is None:
        return f"{bounds.field}:<{'' if bounds.high_open else '='}{numbers[1]}"
    if high is None:
        return f"{bounds.field}:>{'' if bounds.low_open else '='}{numbers[0]}"
    return f"{bounds.field}:{numbers[0]}..{numbers[1]}"


def _word_times(bounds: Range) -> str:
    """Return times: the first and the last day, minute or second that lies inside."""
    low, high = bounds.low, bounds.high
    if not isinstance(high, dt.datetime):
        return f"{bounds.field}:>={_moment(low)}" if isinstance(low, dt.datetime) else ""
    if not isinstance(low, dt.datetime):
        return f"{bounds.field}:<{_moment(high)}"
    unit = dt.timedelta(days=1) if _is_day(high) else dt.timedelta(seconds=1 if high.second else 60)
    first, last = _moment(low), _moment(high - unit)  # the last of what lies inside
    return (
        f"{bounds.field}:{first}"
        if first == last and _is_day(low) == _is_day(high)
        else f"{bounds.field}:{first}..{last}"
    )


def _is_day(time: dt.datetime) -> bool:
    return time.time() == dt.time()


def _moment(time: dt.datetime) -> str:
    if _is_day(time):
        return f"{time:%Y-%m-%d}"
    return f"{time:%Y-%m-%dT%H:%M}Z" if not time.second else f"{time:%Y-%m-%dT%H:%M:%S}Z"
