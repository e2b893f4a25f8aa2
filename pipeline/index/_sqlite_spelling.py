"""Look up words and values of the embedded index that are like, or begin like, what is searched for."""

from __future__ import annotations

import sqlite3

from pipeline.index.folding import split_words
from pipeline.index.query_language import word_tree
from pipeline.index.query_language.spelling import (
    COMPLETED,
    MAX_EDITS,
    Completion,
    completes,
    likely_spelling,
    order_completions,
    respell,
    spelt_words,
)
from pipeline.index.query_language.tree import Node

_LAST = "\U0010ffff"


def suggest_line(connection: sqlite3.Connection, tree: Node | None) -> str:
    """Return a line whose words the index has, in place of one that finds nothing; empty where none is likely."""
    spellings: dict[str, str] = {}
    for word in spelt_words(tree):
        if connection.execute("SELECT 1 FROM vocabulary WHERE term = ?", (word,)).fetchone():
            continue
        candidates = connection.execute(
            "SELECT term, doc FROM vocabulary WHERE term >= ? AND term < ? AND length(term) BETWEEN ? AND ?",
            (word[0], word[0] + _LAST, len(word) - MAX_EDITS, len(word) + MAX_EDITS),
        )
        if spelling := likely_spelling(word, candidates):
            spellings[word] = spelling
    return word_tree(respell(tree, spellings)) if tree is not None and spellings else ""


def find_completions(connection: sqlite3.Connection, beginning: str, size: int) -> tuple[Completion, ...]:
    """Return values of names' fields that have a word that begins so, the most frequent first."""
    folded = " ".join(split_words(beginning))
    if not folded:
        return ()
    marks = ", ".join("?" * len(COMPLETED))
    rows = connection.execute(
        "SELECT field, value, (SELECT count(*) FROM facet WHERE facet.value = value.number) AS documents FROM value "  # noqa: S608
        f"WHERE field IN ({marks}) AND instr(' ' || folded, ?) AND documents > 0 ORDER BY documents DESC LIMIT ?",
        (*COMPLETED, f" {folded}", 10 * size),
    )
    completions = (Completion(field=field, value=value, count=count) for field, value, count in rows)
    return order_completions((completion for completion in completions if completes(folded, completion.value)), size)
