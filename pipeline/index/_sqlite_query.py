"""Say a tree of the query language in SQL: what FTS5 can match as one expression, the rest as conditions.

All parts that words of one table are looked for in become one FTS5 expression; what is left joins them by SQL.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from pipeline.index._sqlite_schema import GAP, PRESENT, QUANTITIES, SEARCHED
from pipeline.index.fields import FACETS, WORD_WEIGHTS, searched_texts
from pipeline.index.folding import BOUNDARY, fold_words
from pipeline.index.query_language.tree import (
    SEARCHED_TOGETHER,
    SEEN_AT,
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
    join_any,
    wanted_words,
)
from pipeline.records import Document

Table = Literal["searched", "valued", "exact"]
# Beyond all characters: what begins with a prefix stands before prefix + this
_LAST = "\U0010ffff"
_NO_TOKENS = frozenset({".", ":", GAP, BOUNDARY})


class Match(NamedTuple):
    """What an FTS5 expression finds in one of the tables of words."""

    table: Table
    expression: str


class RowCondition(NamedTuple):
    """What holds of a row of ``document``, with the values of its question marks."""

    sql: str
    values: tuple[object, ...] = ()


class DocumentSelection(NamedTuple):
    """The documents that a tree finds.

    ``match`` is an expression that all of them match in ``searched``, or empty; ``ranked`` one that tells how well they
    do, or empty where all do alike. Where both are the same, one look-up does for both.
    """

    match: str
    condition: RowCondition | None
    ranked: str


def select_documents(tree: Node | None) -> DocumentSelection:
    """Return what a tree finds."""
    if tree is None:
        return DocumentSelection("", None, "")
    parts = [_compile(part) for part in (tree.children if isinstance(tree, And) else (tree,))]
    matches = [part for part in parts if isinstance(part, Match) and part.table == "searched"]
    excluded = [part for part in parts if isinstance(part, _Excluded) and part.match.table == "searched"]
    rest = [part for part in parts if part not in matches and not (matches and part in excluded)]
    match = _join_match(matches, excluded) if matches else ""
    condition = _join_conditions([_condition(part) for part in rest], "AND") if rest else None
    ranked = ranking_expression(tree)
    inside = [word for part in _all_parts(tree) if isinstance(_compile(part), Match) for word in wanted_words(part)]
    covered = match and len(inside) == len(list(wanted_words(tree)))
    return DocumentSelection(match, condition, match if covered else ranked)


def _all_parts(tree: Node) -> Sequence[Node]:
    return tree.children if isinstance(tree, And) else (tree,)


def ranking_expression(tree: Node | None) -> str:
    """Return an expression of all words that a hit may have and is ranked and marked by; empty where there are none."""
    words = [word for word in wanted_words(tree) if isinstance(word, (Words, Near)) and _is_weighted(word.field)]
    return " OR ".join(dict.fromkeys(_words(word.text, word.field) for word in words))


def spell_patterns(tree: Node | None, document: Document) -> Node | None:
    """Return a tree in which the words of ``document`` that patterns match stand in place of these."""
    patterns = [word for word in wanted_words(tree) if isinstance(word, Wildcard) and _is_weighted(word.field)]
    words = [word for word in wanted_words(tree) if not isinstance(word, Wildcard)]
    for pattern in patterns:
        fields = (pattern.field,) if pattern.field else SEARCHED
        texts = (text for field in fields for text in searched_texts(document, field))
        spelt = {word for text in texts for word in fold_words(text).split()}
        matching = re.compile(re.escape(pattern.pattern).replace(r"\*", ".*").replace(r"\?", ".")).fullmatch
        words += [Words(word, pattern.field) for word in sorted(filter(matching, spelt))]
    return join_any(list(words))


def _is_weighted(field: str | None) -> bool:
    return field is None or field in WORD_WEIGHTS


class _Excluded(NamedTuple):
    """What does not match."""

    match: Match


_Part = Match | RowCondition | _Excluded


def _compile(node: Node) -> _Part:  # noqa: PLR0911 - one for each kind of node
    match node:
        case Words(text, field):
            return Match(_table(field), _words(text, field))
        case Near(text, distance, field):
            return Match(_table(field), _near(text, distance, field))
        case Wildcard(pattern, field):
            return _wildcard(pattern, field)
        case Not(child):
            return _not(_compile(child))
        case And(children):
            return _all([_compile(child) for child in children])
        case Or(children):
            return _any([_compile(child) for child in children])
        case AtLeast(minimum, children):
            return _at_least(minimum, [_compile(child) for child in children])
        case _:
            return _compile_value(node)


def _compile_value(node: Value | Range | Exists | Similar) -> RowCondition:
    match node:
        case Value(field, value):
            return value_condition(field, (value,))
        case Range():
            return _range(node)
        case Exists(field):
            return _exists(field)
        case Similar(article):
            raise AssertionError(f"similar:{article} must be resolved first")


def _not(part: _Part) -> _Part:
    if isinstance(part, Match):
        return _Excluded(part)
    condition = _condition(part)
    return RowCondition(f"NOT ({condition.sql})", condition.values)


def _table(field: str | None) -> Table:
    return "searched" if _is_weighted(field) else "valued"


def _column(field: str | None) -> str:
    return f"{{{' '.join(SEARCHED_TOGETHER.get(field, (field,)))}}} : " if field else ""


def _words(text: str, field: str | None) -> str:
    return f'{_column(field)}"{fold_words(text)}"'


def _near(text: str, distance: int, field: str | None) -> str:
    """Return words near each other; FTS5 counts all words between the first and the last."""
    tokens = [token for token in dict.fromkeys(fold_words(text).split()) if token not in _NO_TOKENS]
    quoted = " ".join(f'"{token}"' for token in tokens)
    return f"{_column(field)}NEAR({quoted}, {distance + max(0, len(tokens) - 2)})"


def _wildcard(pattern: str, field: str | None) -> _Part:
    """Return a pattern: a prefix by FTS5 itself, any other by the words that there are."""
    columns = SEARCHED_TOGETHER.get(field, (field,)) if field else SEARCHED
    beginning = pattern.rstrip("*")
    if not set("*?") & set(beginning):
        return Match("exact", f'{{{" ".join(columns)}}} : "{beginning}" *')
    start = min(pattern.index(sign) for sign in "*?" if sign in pattern)
    marks = ", ".join("?" * len(columns))
    return RowCondition(
        "document.number IN (SELECT doc FROM occurrence WHERE term >= ? AND term < ? AND term GLOB ? "  # noqa: S608 - question marks alone
        f"AND col IN ({marks}))",
        (pattern[:start], pattern[:start] + _LAST, pattern, *columns),
    )


def value_condition(field: str, values: Iterable[str]) -> RowCondition:
    """Return that a field has any of these values as a whole."""
    allowed = tuple(values)
    marks = ", ".join("?" * len(allowed))
    return RowCondition(
        "document.number IN (SELECT facet.document FROM value JOIN facet ON facet.value = value.number "  # noqa: S608 - alike
        f"WHERE value.field = ? AND value.value IN ({marks}))",
        (field, *allowed),
    )


def _range(bounds: Range) -> RowCondition:
    limits = [(bounds.low, ">" if bounds.low_open else ">="), (bounds.high, "<" if bounds.high_open else "<=")]
    signs = [sign for bound, sign in limits if bound is not None]
    values = [
        bound.timestamp() if isinstance(bound, dt.datetime) else bound for bound, _ in limits if bound is not None
    ]
    if bounds.field == SEEN_AT:
        return RowCondition(" AND ".join(f"document.seen_at {sign} ?" for sign in signs), tuple(values))
    tests = " AND ".join(f"quantity.value {sign} ?" for sign in signs)
    return RowCondition(
        f"document.number IN (SELECT document FROM quantity WHERE field = ? AND {tests})",  # noqa: S608 - names of ours
        (QUANTITIES.index(bounds.field), *values),
    )


def _exists(field: str) -> RowCondition:
    if field == SEEN_AT:
        return RowCondition("1")
    if field in FACETS:
        return RowCondition(
            "document.number IN (SELECT facet.document FROM value JOIN facet ON facet.value = value.number "
            "WHERE value.field = ?)",
            (field,),
        )
    if field in QUANTITIES:
        return RowCondition(
            "EXISTS (SELECT 1 FROM quantity WHERE quantity.document = document.number AND quantity.field = ?)",
            (QUANTITIES.index(field),),
        )
    return RowCondition("document.present & ? != 0", (1 << PRESENT.index(field),))


def _condition(part: _Part) -> RowCondition:
    if isinstance(part, RowCondition):
        return part
    sign, match = ("NOT IN", part.match) if isinstance(part, _Excluded) else ("IN", part)
    table = match.table
    return RowCondition(
        f"document.number {sign} (SELECT rowid FROM {table} WHERE {table} MATCH ?)",  # noqa: S608 - a table of ours
        (match.expression,),
    )


def _all(parts: list[_Part]) -> _Part:
    """Return that all parts hold: one expression for each table that has some that match."""
    joined: list[_Part] = [part for part in parts if isinstance(part, RowCondition)]
    for table in ("searched", "valued", "exact"):
        matches = [part for part in parts if isinstance(part, Match) and part.table == table]
        excluded = [part for part in parts if isinstance(part, _Excluded) and part.match.table == table]
        if matches:
            joined.append(Match(matches[0].table, _join_match(matches, excluded)))
        elif excluded:
            joined.append(_Excluded(Match(excluded[0].match.table, _join([part.match for part in excluded], "OR"))))
    return joined[0] if len(joined) == 1 else _join_conditions([_condition(part) for part in joined], "AND")


def _any(parts: list[_Part]) -> _Part:
    """Return that any part holds: one expression for each table."""
    joined: list[_Part] = [part for part in parts if isinstance(part, RowCondition)]
    for table in ("searched", "valued", "exact"):
        matches = [part for part in parts if isinstance(part, Match) and part.table == table]
        excluded = [part for part in parts if isinstance(part, _Excluded) and part.match.table == table]
        if matches:
            joined.append(Match(matches[0].table, _join(matches, "OR")))
        if excluded:  # not (a and b)
            joined.append(_Excluded(Match(excluded[0].match.table, _join([part.match for part in excluded], "AND"))))
    return joined[0] if len(joined) == 1 else _join_conditions([_condition(part) for part in joined], "OR")


def _at_least(minimum: int, parts: list[_Part]) -> RowCondition:
    if len(parts) < minimum:
        return RowCondition("0")
    conditions = [_numbers(part) for part in parts]
    each = " UNION ALL ".join(condition.sql for condition in conditions)
    return RowCondition(
        f"document.number IN (SELECT number FROM ({each}) GROUP BY number HAVING count(*) >= ?)",  # noqa: S608
        (*(value for condition in conditions for value in condition.values), minimum),
    )


def _numbers(part: _Part) -> RowCondition:
    """Return a query for the numbers of the documents of which a part holds."""
    if isinstance(part, Match):
        sql = f"SELECT rowid AS number FROM {part.table} WHERE {part.table} MATCH ?"  # noqa: S608 - a table of ours
        return RowCondition(sql, (part.expression,))
    condition = _condition(part)
    return RowCondition(f"SELECT number FROM document WHERE {condition.sql}", condition.values)  # noqa: S608


def _join_match(matches: list[Match], excluded: list[_Excluded]) -> str:
    matching = _join(matches, "AND")
    return f"({matching} NOT {_join([part.match for part in excluded], 'OR')})" if excluded else matching


def _join(matches: Sequence[Match], operator: str) -> str:
    expressions = [match.expression for match in matches]
    return expressions[0] if len(expressions) == 1 else f"({f' {operator} '.join(expressions)})"


def _join_conditions(conditions: Sequence[RowCondition], operator: str) -> RowCondition:
    """Return conditions joined in pairs of pairs: SQLite takes expressions of a depth of 1,000."""
    if len(conditions) == 1:
        return conditions[0]
    half = len(conditions) // 2
    low, high = (_join_conditions(part, operator) for part in (conditions[:half], conditions[half:]))
    return RowCondition(f"({low.sql} {operator} {high.sql})", low.values + high.values)
