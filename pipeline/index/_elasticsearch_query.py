"""Queries in Elasticsearch's own language, and its hits as ours.

Nothing here speaks to a server.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from pipeline.index._elasticsearch_clauses import (
    MAX_LANGUAGE_TERMS,
    marking_fields,
    render_marks,
    render_tree,
    uses_languages,
    words_field,
)
from pipeline.index._elasticsearch_mapping import EVERYTHING, language_code
from pipeline.index.fields import BOOLEANS, WORD_WEIGHTS, stored_value
from pipeline.index.highlights import END, SNIPPET_CHARACTERS, START, render_highlight
from pipeline.index.query import HALF_LIFE, PRIMARY_WEIGHT, Hit, Query, SortKey, query_time, query_tree
from pipeline.index.query_language import QueryWarning
from pipeline.index.query_language.tree import Node
from pipeline.records import Document

_ENGLISH_ONLY = QueryWarning(
    message=f"with more than {MAX_LANGUAGE_TERMS} words and phrases, endings are matched as in English only"
)
_BY_TIME = [{"is_primary": "desc"}, {"id": "asc"}]
SORTS: dict[str, list[dict[str, str]]] = {
    "relevance": [{"_score": "desc"}, {"is_primary": "desc"}, {"seen_at": "desc"}, {"id": "asc"}],
    "newest": [{"seen_at": "desc"}, *_BY_TIME],
    "oldest": [{"seen_at": "asc"}, *_BY_TIME],
    "arrived": [{"first_seen": "asc"}, {"id": "asc"}],
}


def render_query(query: Query) -> dict[str, Any]:
    """Return a query's clauses in Elasticsearch's own language."""
    filters: list[dict[str, Any]] = [render_values(name, values) for name, values in query.filters.items()]
    if query.ids is not None:
        filters.append({"ids": {"values": list(query.ids)}})
    excluded = [render_values(name, values) for name, values in query.exclude.items()]
    times = {"gte": query.since, "lt": query.until}
    if any(times.values()):
        filters.append({"range": {"seen_at": {sign: time.isoformat() for sign, time in times.items() if time}}})
    return {"bool": {"must": [render_tree(query_tree(query))], "must_not": excluded, "filter": filters}}


def render_values(name: str, values: Iterable[str]) -> dict[str, Any]:
    """Return the clause of documents that have any of the values of a field."""
    stored = [stored_value(name, value) for value in values]
    if name in BOOLEANS:  # Elasticsearch refuses what is neither
        stored = [value for value in stored if value in {"true", "false"}]
    return {"terms": {name: stored}}


def language_warnings(tree: Node | None) -> tuple[QueryWarning, ...]:
    """Return what is said of a line that has too many words for the rules of the languages."""
    return () if uses_languages(tree) else (_ENGLISH_ONLY,)


def scan_body(query: Query, after: SortKey | None, size: int) -> dict[str, Any]:
    """Return the body of the search for the next documents that match, by first sight."""
    body = {"query": render_query(query), "size": size, "sort": SORTS["arrived"], "track_total_hits": False}
    return body if after is None else body | {"search_after": list(after)}


def render_ranked(query: Query) -> dict[str, Any]:
    """Return a query's clauses; sorted by relevance, scores weigh original articles, and fresh ones if asked for."""
    if query.sort != "relevance" or query_tree(query) is None:
        return render_query(query)
    functions: list[dict[str, Any]] = [{"filter": {"term": {"is_primary": True}}, "weight": PRIMARY_WEIGHT}]
    if query.fresh:
        decay = {"origin": query_time(query).isoformat(), "scale": f"{HALF_LIFE.days}d", "decay": 0.5}
        # of the time to come nothing is lost; an article of tomorrow is as fresh as one of now
        functions.append({"filter": {"range": {"seen_at": {"lt": decay["origin"]}}}, "exp": {"seen_at": decay}})
    return {"function_score": {"query": render_query(query), "functions": functions, "score_mode": "multiply"}}


def render_marking(query: Query, hits: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return how what matched is marked in articles that have the languages of ``hits``; empty where nothing is.

    With the analysers of all languages it takes ten times as long as the search.
    """
    if not (query.highlight and query.text):
        return {}
    codes = {language_code(hit["_source"].get("language")) for hit in hits}
    language_fields = [f"by_language.{code}" for code in sorted(code for code in codes if code)]
    tree = query_tree(query)
    fields = marking_fields(tree, language_fields)
    return {
        "pre_tags": [START],
        "post_tags": [END],
        "number_of_fragments": 0,
        "highlight_query": render_marks(tree, language_fields),
        "fields": {words_field(name): _highlighting(name, fields[name]) for name in WORD_WEIGHTS},
    }


def frequency_body(words: list[str]) -> dict[str, Any]:
    """Return the body of the search that counts in how many documents each of these words stands."""
    filters = {word: {"match": {EVERYTHING: word}} for word in words}
    return {
        "size": 0,
        "track_total_hits": True,
        "aggs": {"words": {"filters": {"filters": filters or {"none": {"match_none": {}}}}}},
    }


def _highlighting(name: str, matched_fields: list[str]) -> dict[str, Any]:
    """Return how a field is marked: of the text the best passage; what matched in ``matched_fields`` counts too."""
    passage = {"number_of_fragments": 1, "fragment_size": SNIPPET_CHARACTERS} if name == "text" else {}
    return {**passage, **({"matched_fields": matched_fields} if matched_fields else {})}


def last_key(answer: dict[str, Any]) -> SortKey | None:
    """Return what the last hit of an answer was sorted by, None where there is no hit."""
    hits = answer["hits"]["hits"]
    return tuple(hits[-1]["sort"]) if hits else None


def decode_hit(query: Query, hit: dict[str, Any], score: float | None) -> Hit:
    """Return a hit of Elasticsearch's, with its marks, as ours."""
    highlights = hit.get("highlight", {})
    return Hit(
        document=decode_document(hit),
        score=score if query.text.strip() and query.sort == "relevance" else None,
        highlights={
            name: ", ".join(render_highlight(text) for text in highlights[words_field(name)])
            for name in WORD_WEIGHTS
            if words_field(name) in highlights
        },
    )


def decode_document(hit: dict[str, Any]) -> Document:
    """Return the document that a hit holds."""
    return msgspec.convert(hit["_source"], Document)
