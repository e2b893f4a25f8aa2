"""Searches of the embedded index: a query as an FTS5 expression, and its hits and facets.

What matched is counted, ordered and folded by ``Matches``.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator

import msgspec

from pipeline.index._sqlite_highlights import mark_passage
from pipeline.index._sqlite_matches import Matches, count_copies
from pipeline.index._sqlite_schema import COLUMNS, EVERY
from pipeline.index.fields import WORD_WEIGHTS, searched_texts, stored_value
from pipeline.index.folding import fold_words
from pipeline.index.highlights import END, SNIPPET_WORDS, START, render_highlight
from pipeline.index.query import Hit, Query, Results
from pipeline.index.query_language import Term, Tree, parse
from pipeline.records import Document, from_json, to_json

_WEIGHTS = ", ".join(str(WORD_WEIGHTS.get(column, 0.0)) for column in COLUMNS)
_ALL = f'{{every}} : "{EVERY}"'
# The documents that have any of a field's values
_HAVING = (
    "SELECT facet.document FROM value JOIN facet ON facet.value = value.number "
    "WHERE value.field = ? AND value.value IN (SELECT each.value FROM json_each(?) AS each)"
)


def match_expression(tree: Tree) -> str:
    """Return a parsed search line as an FTS5 expression, empty where everything matches."""
    required = [_any(group) for group in tree if len(group) > 1 or not group[0].negated]
    excluded = [_term(group[0]) for group in tree if len(group) == 1 and group[0].negated]
    if not required and not excluded:
        return ""
    matching = " AND ".join(required) or _ALL
    return f"({matching}) NOT ({' OR '.join(excluded)})" if excluded else matching


def _any(group: tuple[Term, ...]) -> str:
    terms = [f"({_ALL} NOT {_term(term)})" if term.negated else _term(term) for term in group]
    return f"({' OR '.join(terms)})"


def _term(term: Term) -> str:
    return f'({{{term.field or " ".join(WORD_WEIGHTS)}}} : "{fold_words(term.text)}")'


def run_search(connection: sqlite3.Connection, query: Query) -> Results:
    """Answer ``query`` inside one read transaction, whose figures agree with each other."""
    expression = match_expression(parse(query.text))
    connection.execute("BEGIN")
    try:
        matches = Matches(connection, query, _select(connection, query, expression).fetchall())
        articles, groups = matches.count()
        page = matches.page()
        return Results(
            total=articles if query.copies else groups,
            articles=articles,
            hits=tuple(_hits(connection, query, expression, page)),
            facets={field: matches.facet(field) for field in query.facets},
            last=matches.sort_key(page[-1][0]) if page and query.has_cursor else None,
            histogram=matches.histogram(lambda of_all: _select_times(connection, of_all)),
        )
    finally:
        connection.rollback()


def list_ids(
    connection: sqlite3.Connection, query: Query, after: tuple[float, str] | None, limit: int
) -> list[tuple[float, str]]:
    """Return first sight and id of the documents that match, by these, behind ``after``."""
    uncounted = msgspec.structs.replace(query, facets=())
    tables, conditions, values = _conditions(uncounted, match_expression(parse(query.text)))
    if after is not None:
        conditions += " AND (document.first_seen, document.id) > (?, ?)"
        values += after
    order = "ORDER BY document.first_seen, document.id LIMIT ?"
    return connection.execute(
        f"SELECT document.first_seen, document.id FROM {tables} WHERE {conditions} {order}",  # noqa: S608 - names of ours
        (*values, limit),
    ).fetchall()


def _select(connection: sqlite3.Connection, query: Query, expression: str) -> sqlite3.Cursor:
    """Return the rows that ``Matches`` takes."""
    rank = f"bm25(searched, {_WEIGHTS})" if expression and query.sort == "relevance" else "0.0"
    codes = "document.codes" if query.facets or query.by else "x''"
    tables, conditions, values = _conditions(query, expression)
    columns = f"{rank}, number, seen_at, first_seen, document.is_primary, document.copy_group, {codes}"
    return connection.execute(f"SELECT {columns} FROM {tables} WHERE {conditions}", values)  # noqa: S608 - names of ours


def _select_times(connection: sqlite3.Connection, query: Query) -> sqlite3.Cursor:
    """Return the times of all that matches ``query``, and what is an original."""
    tables, conditions, values = _conditions(query, match_expression(parse(query.text)))
    return connection.execute(f"SELECT seen_at, document.is_primary FROM {tables} WHERE {conditions}", values)  # noqa: S608


def _conditions(query: Query, expression: str) -> tuple[str, str, list[object]]:
    """Return the tables of a search, its conditions but for those of ``query.own_fields``, and their values."""
    tables = "document"
    conditions = ["TRUE"]
    values: list[object] = []
    if expression:
        tables = "searched JOIN document ON document.number = searched.rowid"
        conditions.append("searched MATCH ?")
        values.append(expression)
    for kept, sign in ((query.filters, "IN"), (query.exclude, "NOT IN")):
        for field, named in kept.items():
            if field not in query.own_fields:
                conditions.append(f"document.number {sign} ({_HAVING})")
                values += [field, to_json([stored_value(field, value) for value in named]).decode()]
    if query.ids is not None:
        conditions.append("id IN (SELECT each.value FROM json_each(?) AS each)")
        values.append(to_json(query.ids).decode())
    for bound, sign in ((query.since, ">="), (query.until, "<")):
        if bound is not None:
            conditions.append(f"seen_at {sign} ?")
            values.append(bound.astimezone(dt.UTC).timestamp())
    return tables, " AND ".join(conditions), values


def _hits(
    connection: sqlite3.Connection, query: Query, expression: str, page: list[tuple[int, float]]
) -> Iterator[Hit]:
    counts = count_copies(connection, [number for number, _ in page]) if query.copy_counts else {}
    for number, rank in page:
        json = connection.execute("SELECT json FROM stored WHERE document = ?", (number,)).fetchone()[0]
        document = from_json(json, Document)
        copies, outlets = counts.get(number, (None, None))
        yield Hit(
            document=document,
            score=-rank if expression and query.sort == "relevance" else None,
            highlights=_highlights(connection, expression, number, document) if expression and query.highlight else {},
            copies=copies,
            outlets=outlets,
        )


def _highlights(connection: sqlite3.Connection, expression: str, number: int, document: Document) -> dict[str, str]:
    """Return what matched in one document: short fields whole, of the text the best passage."""
    columns = [
        f"snippet(searched, {column}, '{START}', '{END}', '', {SNIPPET_WORDS}), searched.{field}"
        if field == "text"
        else f"highlight(searched, {column}, '{START}', '{END}'), ''"
        for column, field in enumerate(WORD_WEIGHTS)  # the first columns
    ]
    row = connection.execute(
        f"SELECT {', '.join(columns)} FROM searched WHERE searched MATCH ? AND rowid = ?",  # noqa: S608 - names of ours
        (expression, number),
    ).fetchone()
    passages = zip(WORD_WEIGHTS, row[::2], row[1::2], strict=True) if row else ()
    return {
        field: render_highlight(mark_passage(searched_texts(document, field), passage, words))
        for field, passage, words in passages
        if START in passage
    }
