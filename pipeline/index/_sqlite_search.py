"""Searches of the embedded index: a query as an FTS5 expression, and its hits and facets.

A search reads in one transaction, so that its figures agree with each other.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from pipeline.index._sqlite_highlights import mark_passage
from pipeline.index._sqlite_schema import COLUMNS, EVERY
from pipeline.index.fields import FACETS, WORD_WEIGHTS, searched_texts, stored_value
from pipeline.index.folding import fold_words
from pipeline.index.highlights import END, SNIPPET_WORDS, START, render_highlight
from pipeline.index.query import Hit, Query, Results
from pipeline.index.query_language import Term, Tree, parse
from pipeline.records import Document, from_json, to_json

_WEIGHTS = ", ".join(str(WORD_WEIGHTS.get(column, 0.0)) for column in COLUMNS)
_ALL = f'{{every}} : "{EVERY}"'
_ORDERS = {
    "relevance": "rank, is_primary DESC, seen_at DESC, id",
    "newest": "seen_at DESC, is_primary DESC, id",
    "oldest": "seen_at, is_primary DESC, id",
    "arrived": "first_seen, id",
}
# What a hit is sorted by, ascending, so that what comes behind it is what has a greater key.
_KEYS = {
    "newest": ("-seen_at", "-is_primary", "id"),
    "oldest": ("seen_at", "-is_primary", "id"),
    "arrived": ("first_seen", "id"),
}


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
    """Answer ``query`` inside one read transaction, through a temporary table of what matched."""
    expression = match_expression(parse(query.text))
    connection.execute("BEGIN")
    try:
        _collect(connection, query, expression)
        articles, groups = connection.execute("SELECT count(*), count(DISTINCT copy_group) FROM matches").fetchone()
        page = _page(connection, query)
        return Results(
            total=articles if query.copies else groups,
            articles=articles,
            hits=tuple(_hits(connection, query, expression, page)),
            facets={field: _facet(connection, field, query.facet_size) for field in query.facets},
            last=tuple(page[-1][2:]) if page and query.has_cursor else None,
        )
    finally:
        connection.rollback()  # takes the temporary table with it


def list_ids(
    connection: sqlite3.Connection, query: Query, after: tuple[float, str] | None, limit: int
) -> list[tuple[float, str]]:
    """Return first sight and id of the documents that match, by these, behind ``after``."""
    tables, conditions, values = _matching(query, match_expression(parse(query.text)))
    if after is not None:
        conditions.append("(document.first_seen, document.id) > (?, ?)")
        values += after
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    order = "ORDER BY document.first_seen, document.id LIMIT ?"
    return connection.execute(
        f"SELECT document.first_seen, document.id FROM {tables} {where} {order}",  # noqa: S608 - names of ours
        (*values, limit),
    ).fetchall()


def _matching(query: Query, expression: str) -> tuple[str, list[str], list[object]]:
    """Return the tables, the conditions and the values by which the documents are found that match."""
    tables = "document"
    conditions: list[str] = []
    values: list[object] = []
    if expression:
        tables = "searched JOIN document ON document.number = searched.rowid"
        conditions.append("searched MATCH ?")
        values.append(expression)
    for field, allowed in query.filters.items():
        conditions.append(
            "document.number IN (SELECT facet.document FROM value JOIN facet ON facet.value = value.number "
            "WHERE value.field = ? AND value.value IN (SELECT each.value FROM json_each(?) AS each))"
        )
        values += [field, to_json([stored_value(field, value) for value in allowed]).decode()]
    if query.ids is not None:
        conditions.append("id IN (SELECT each.value FROM json_each(?) AS each)")
        values.append(to_json(query.ids).decode())
    for bound, sign in ((query.since, ">="), (query.until, "<")):
        if bound is not None:
            conditions.append(f"seen_at {sign} ?")
            values.append(bound.astimezone(dt.UTC).timestamp())
    return tables, conditions, values


def _collect(connection: sqlite3.Connection, query: Query, expression: str) -> None:
    """Fill the temporary table ``matches`` with the documents that match."""
    tables, conditions, values = _matching(query, expression)
    rank = f"bm25(searched, {_WEIGHTS})" if expression and query.sort == "relevance" else "0.0"
    columns = f"document.number, id, {rank}, seen_at, first_seen, document.is_primary, document.copy_group"
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    connection.execute(
        "CREATE TEMP TABLE matches (number INTEGER PRIMARY KEY, id, rank, seen_at, first_seen, is_primary, copy_group)"
    )
    connection.execute(f"INSERT INTO matches SELECT {columns} FROM {tables} {where}", values)  # noqa: S608 - names of ours


def _page(connection: sqlite3.Connection, query: Query) -> list[tuple[Any, ...]]:
    """Return number, rank and sort key of the hits that are asked for, in order."""
    order = _ORDERS[query.sort]
    source = "matches"
    if not query.copies:
        source = (
            f"(SELECT *, row_number() OVER (PARTITION BY copy_group ORDER BY {order}) AS position FROM matches) "  # noqa: S608
            "WHERE position = 1"
        )
    key = ", ".join(_KEYS.get(query.sort, ("id",)))
    behind = ""
    if query.after is not None:
        behind = f"WHERE ({key}) > ({', '.join('?' * len(query.after))})"
    return connection.execute(
        f"SELECT number, rank, {key} FROM {source} {behind} ORDER BY {order} LIMIT ? OFFSET ?",  # noqa: S608
        (*(query.after or ()), query.size, query.offset),
    ).fetchall()


def _hits(
    connection: sqlite3.Connection, query: Query, expression: str, page: Iterable[tuple[Any, ...]]
) -> Iterator[Hit]:
    for number, rank, *_ in page:
        json = connection.execute("SELECT json FROM document WHERE number = ?", (number,)).fetchone()[0]
        document = from_json(json, Document)
        yield Hit(
            document=document,
            score=-rank if expression and query.sort == "relevance" else None,
            highlights=_highlights(connection, expression, number, document) if expression and query.highlight else {},
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


def _facet(connection: sqlite3.Connection, field: str, size: int) -> tuple[tuple[str, int], ...]:
    rows = connection.execute(
        # CROSS JOIN: SQLite keeps to this order, and so looks up the matches alone, not all values
        "SELECT value.value, documents FROM (SELECT facet.value AS number, count(*) AS documents FROM matches "
        "CROSS JOIN facet ON facet.document = matches.number AND facet.field = ? GROUP BY facet.value) AS counted "
        "CROSS JOIN value ON value.number = counted.number ORDER BY documents DESC, value.value LIMIT ?",
        (FACETS.index(field), size),
    )
    return tuple((value, count) for value, count in rows)
