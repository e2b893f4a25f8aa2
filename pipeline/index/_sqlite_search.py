"""Searches of the embedded index: a query as an FTS5 expression, and its hits and facets.

What matched is counted, ordered and folded by ``Matches``.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator

import msgspec

from pipeline.errors import UnknownError
from pipeline.index._sqlite_highlights import mark_passage
from pipeline.index._sqlite_matches import Matches, count_copies
from pipeline.index._sqlite_query import ranking_expression, select_documents, spell_patterns, value_condition
from pipeline.index._sqlite_schema import SEARCHED
from pipeline.index._sqlite_spelling import suggest_line
from pipeline.index.fields import WORD_WEIGHTS, searched_texts, stored_value
from pipeline.index.highlights import END, SNIPPET_WORDS, START, render_highlight
from pipeline.index.query import (
    HALF_LIFE,
    PRIMARY_WEIGHT,
    Hit,
    Query,
    Results,
    query_time,
    query_tree,
    read_line,
    resolve_line,
)
from pipeline.index.query_language import word_tree
from pipeline.index.query_language.similar import candidate_words, similar_tree
from pipeline.index.query_language.tree import Node
from pipeline.records import Document, from_json, to_json

_RANK = f"bm25(searched, {', '.join(str(WORD_WEIGHTS[column]) for column in SEARCHED)})"


def run_search(connection: sqlite3.Connection, query: Query) -> Results:
    """Answer ``query`` inside one read transaction, whose figures agree with each other."""
    line = read_line(query)
    connection.execute("BEGIN")
    try:
        query = resolve_line(query, line, lambda article: _find_similar(connection, article))
        matches = Matches(connection, query, _select(connection, query).fetchall())
        articles, groups = matches.count()
        page = matches.page()
        return Results(
            total=articles if query.copies else groups,
            articles=articles,
            hits=tuple(_hits(connection, query, page)),
            facets={field: matches.facet(field) for field in query.facets},
            last=matches.sort_key(page[-1][0]) if page and query.has_cursor else None,
            histogram=matches.histogram(lambda of_all: _select_times(connection, of_all)),
            understood=word_tree(line.tree),
            warnings=line.warnings,
            suggestion="" if articles else suggest_line(connection, line.tree),
        )
    finally:
        connection.rollback()


def list_ids(
    connection: sqlite3.Connection, query: Query, after: tuple[float, str] | None, limit: int
) -> list[tuple[float, str]]:
    """Return first sight and id of the documents that match, by these, behind ``after``."""
    query = resolve_line(query, read_line(query), lambda article: _find_similar(connection, article))
    tables, conditions, values = _conditions(msgspec.structs.replace(query, facets=()))
    if after is not None:
        conditions += " AND (document.first_seen, document.id) > (?, ?)"
        values += after
    order = "ORDER BY document.first_seen, document.id LIMIT ?"
    return connection.execute(
        f"SELECT document.first_seen, document.id FROM {tables} WHERE {conditions} {order}",  # noqa: S608 - names of ours
        (*values, limit),
    ).fetchall()


def _find_similar(connection: sqlite3.Connection, article: str) -> Node:
    """Return what finds articles like this one.

    Raises:
        UnknownError: There is no such article.
    """
    row = connection.execute("SELECT json FROM document JOIN stored ON document = number WHERE id = ?", (article,))
    if (json := row.fetchone()) is None:
        raise UnknownError(f"similar:{article[:100]}: there is no such article here")
    document = from_json(json[0], Document)
    total = connection.execute("SELECT count(*) FROM document").fetchone()[0]
    count = "SELECT count(*) FROM searched WHERE searched MATCH ?"
    words = candidate_words(document)
    frequencies = {word: connection.execute(count, (f'"{word}"',)).fetchone()[0] for word in words}
    return similar_tree(document, frequencies, total)


def _select(connection: sqlite3.Connection, query: Query) -> sqlite3.Cursor:
    """Return the rows that ``Matches`` takes."""
    codes = "document.codes" if query.facets or query.by else "x''"
    tables, conditions, values = _conditions(query)
    selection = select_documents(query_tree(query))
    rank = "0.0"
    if query.sort == "relevance" and selection.ranked:
        rank = _RANK
        if selection.ranked != selection.match:
            rank = "coalesce(ranked.score, 0.0)"
            ranked = f"SELECT rowid AS place, {_RANK} AS score FROM searched WHERE searched MATCH ?"  # noqa: S608
            tables += f" LEFT JOIN ({ranked}) AS ranked ON ranked.place = document.number"
            values.insert(0, selection.ranked)
        rank, weights = _weighted(rank, query)
        values[:0] = weights
    columns = f"{rank}, number, seen_at, first_seen, document.is_primary, document.copy_group, {codes}"
    return connection.execute(f"SELECT {columns} FROM {tables} WHERE {conditions}", values)  # noqa: S608 - names of ours


def _weighted(rank: str, query: Query) -> tuple[str, list[object]]:
    """Return a rank with the weight of original articles and of fresh ones, and the values of its question marks."""
    rank = f"{rank} * CASE WHEN document.is_primary THEN ? ELSE 1.0 END"
    if not query.fresh:
        return rank, [PRIMARY_WEIGHT]
    age = f"max(0.0, ? - document.seen_at) / {HALF_LIFE.total_seconds()}"
    return f"{rank} * pow(0.5, {age})", [PRIMARY_WEIGHT, query_time(query).timestamp()]


def _select_times(connection: sqlite3.Connection, query: Query) -> sqlite3.Cursor:
    """Return the times of all that matches ``query``, and what is an original."""
    tables, conditions, values = _conditions(query)
    return connection.execute(f"SELECT seen_at, document.is_primary FROM {tables} WHERE {conditions}", values)  # noqa: S608


def _conditions(query: Query) -> tuple[str, str, list[object]]:
    """Return the tables of a search, its conditions but for those of ``query.own_fields``, and their values."""
    selection = select_documents(query_tree(query))
    tables = "document"
    conditions = ["TRUE"]
    values: list[object] = []
    if selection.match:
        tables = "searched JOIN document ON document.number = searched.rowid"
        conditions.append("searched MATCH ?")
        values.append(selection.match)
    more = [selection.condition] if selection.condition else []
    for kept, is_wanted in ((query.filters, True), (query.exclude, False)):
        for field, named in kept.items():
            if field not in query.own_fields:
                having = value_condition(field, [stored_value(field, value) for value in named])
                more.append(having if is_wanted else having._replace(sql=f"NOT ({having.sql})"))
    for condition in more:
        conditions.append(condition.sql)
        values += condition.values
    if query.ids is not None:
        conditions.append("id IN (SELECT each.value FROM json_each(?) AS each)")
        values.append(to_json(query.ids).decode())
    for bound, sign in ((query.since, ">="), (query.until, "<")):
        if bound is not None:
            conditions.append(f"document.seen_at {sign} ?")
            values.append(bound.astimezone(dt.UTC).timestamp())
    return tables, " AND ".join(conditions), values


def _hits(connection: sqlite3.Connection, query: Query, page: list[tuple[int, float]]) -> Iterator[Hit]:
    counts = count_copies(connection, [number for number, _ in page]) if query.copy_counts else {}
    for number, rank in page:
        json = connection.execute("SELECT json FROM stored WHERE document = ?", (number,)).fetchone()[0]
        document = from_json(json, Document)
        copies, outlets = counts.get(number, (None, None))
        yield Hit(
            document=document,
            score=-rank if query.text.strip() and query.sort == "relevance" else None,
            highlights=_highlights(connection, query_tree(query), number, document) if query.highlight else {},
            copies=copies,
            outlets=outlets,
        )


def _highlights(connection: sqlite3.Connection, tree: Node | None, number: int, document: Document) -> dict[str, str]:
    """Return what matched in one document: short fields whole, of the text the best passage."""
    expression = ranking_expression(spell_patterns(tree, document))
    if not expression:
        return {}
    columns = [
        f"snippet(searched, {column}, '{START}', '{END}', '', {SNIPPET_WORDS}), searched.{field}"
        if field == "text"
        else f"highlight(searched, {column}, '{START}', '{END}'), ''"
        for column, field in enumerate(SEARCHED)
    ]
    row = connection.execute(
        f"SELECT {', '.join(columns)} FROM searched WHERE searched MATCH ? AND rowid = ?",  # noqa: S608 - names of ours
        (expression, number),
    ).fetchone()
    passages = zip(SEARCHED, row[::2], row[1::2], strict=True) if row else ()
    return {
        field: render_highlight(mark_passage(searched_texts(document, field), passage, words))
        for field, passage, words in passages
        if START in passage
    }
