"""Look up words and values of Elasticsearch that are like, or begin like, what is searched for.

Nothing here speaks to a server.
"""

from __future__ import annotations

from typing import Any

from pipeline.index._elasticsearch_clauses import exact_field
from pipeline.index._elasticsearch_mapping import EVERYTHING
from pipeline.index.query_language import word_tree
from pipeline.index.query_language.spelling import (
    COMPLETED,
    MAX_EDITS,
    SHORTEST,
    Completion,
    completes,
    likely_spelling,
    order_completions,
    respell,
)
from pipeline.index.query_language.tree import Node

_EXACT = f"{EVERYTHING}.exact"
_CANDIDATES = 20
# Values of the articles that have one which begins so; those that don't begin so themselves are left out
_VALUES = 200


def spelling_body(words: list[str]) -> dict[str, Any]:
    """Return the body of the search for words like these, and for whether they are there themselves."""
    near = {
        "field": _EXACT,
        "suggest_mode": "always",
        "max_edits": MAX_EDITS,
        "prefix_length": 1,
        "min_word_length": SHORTEST,
        "size": _CANDIDATES,
        "string_distance": "damerau_levenshtein",
    }
    return {
        "size": 0,
        "suggest": {word: {"text": word, "term": near} for word in words},
        "aggs": {"words": {"filters": {"filters": {word: {"term": {_EXACT: word}} for word in words}}}},
    }


def decode_suggestion(tree: Node, words: list[str], answer: dict[str, Any]) -> str:
    """Return a line whose words the index has, out of the answer to ``spelling_body``; empty where none is likely."""
    spellings: dict[str, str] = {}
    counts = answer["aggregations"]["words"]["buckets"]
    for word in words:
        options = [option for part in answer["suggest"][word] for option in part["options"]]
        candidates = ((option["text"], option["freq"]) for option in options)
        if not counts[word]["doc_count"] and (spelling := likely_spelling(word, candidates)):
            spellings[word] = spelling
    return word_tree(respell(tree, spellings)) if spellings else ""


def completion_body(folded: str) -> dict[str, Any]:
    """Return the body of the search for values with words that begin as ``folded`` ends."""
    *before, last = folded.split()

    def begins(name: str) -> dict[str, Any]:
        field = exact_field(name)
        return {"bool": {"filter": [{"prefix": {field: last}}, *({"term": {field: word}} for word in before)]}}

    return {
        "size": 0,
        "query": {"bool": {"should": [begins(name) for name in COMPLETED], "minimum_should_match": 1}},
        "aggs": {
            name: {"filter": begins(name), "aggs": {"values": {"terms": {"field": name, "size": _VALUES}}}}
            for name in COMPLETED
        },
    }


def decode_completions(folded: str, answer: dict[str, Any], size: int) -> tuple[Completion, ...]:
    """Return the values in the answer to ``completion_body`` that begin so, the most frequent first."""
    counted = [
        Completion(field=name, value=bucket["key"], count=bucket["doc_count"])
        for name in COMPLETED
        for bucket in answer["aggregations"][name]["values"]["buckets"]
        if completes(folded, bucket["key"])
    ]
    return order_completions(counted, size)
