"""Queries in Elasticsearch's own language, and its hits as ours.

Nothing here speaks to a server.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from pipeline.index._elasticsearch_mapping import LANGUAGES, language_code
from pipeline.index.fields import BOOLEANS, BY_LANGUAGE, BY_NAME, WORD_WEIGHTS, stored_value
from pipeline.index.highlights import END, SNIPPET_CHARACTERS, START, render_highlight
from pipeline.index.query import Hit, Query, SortKey
from pipeline.index.query_language import Term, parse
from pipeline.records import Document

_NOTHING: dict[str, Any] = {"match_none": {}}

# Elasticsearch refuses to mark what lies beyond index.highlight.max_analyzed_offset, a million characters.
_MARKED_CHARACTERS = 999_999
_BY_TIME = [{"is_primary": "desc"}, {"id": "asc"}]
SORTS: dict[str, list[dict[str, str]]] = {
    "relevance": [{"_score": "desc"}, {"is_primary": "desc"}, {"seen_at": "desc"}, {"id": "asc"}],
    "newest": [{"seen_at": "desc"}, *_BY_TIME],
    "oldest": [{"seen_at": "asc"}, *_BY_TIME],
    "arrived": [{"first_seen": "asc"}, {"id": "asc"}],
}


def _words_field(name: str) -> str:
    """Return the Elasticsearch field that holds the words of one of ours."""
    field = BY_NAME[name]
    if field.searched_part:
        return f"{name}.{field.searched_part}"
    return f"{name}.words" if field.facet else name


_LANGUAGE_FIELDS = [f"by_language.{code}" for code in LANGUAGES]
_WEIGHTED_FIELDS = [f"{_words_field(name)}^{weight}" for name, weight in WORD_WEIGHTS.items()] + _LANGUAGE_FIELDS


def render_query(query: Query) -> dict[str, Any]:
    """Return a query's clauses in Elasticsearch's own language."""
    tree = parse(query.text)
    filters: list[dict[str, Any]] = [render_values(name, values) for name, values in query.filters.items()]
    if query.ids is not None:
        filters.append({"ids": {"values": list(query.ids)}})
    excluded = [render_values(name, values) for name, values in query.exclude.items()]
    times = {"gte": query.since, "lt": query.until}
    if any(times.values()):
        filters.append({"range": {"seen_at": {sign: time.isoformat() for sign, time in times.items() if time}}})
    return {
        "bool": {
            "must": [_any(group) for group in tree if len(group) > 1 or not group[0].negated],
            "must_not": [_term(group[0]) for group in tree if len(group) == 1 and group[0].negated] + excluded,
            "filter": filters,
        }
    }


def render_values(name: str, values: Iterable[str]) -> dict[str, Any]:
    """Return the clause of documents that have any of the values of a field."""
    stored = [stored_value(name, value) for value in values]
    if name in BOOLEANS:  # Elasticsearch refuses what is neither
        stored = [value for value in stored if value in {"true", "false"}]
    return {"terms": {name: stored}}


def _any(group: tuple[Term, ...]) -> dict[str, Any]:
    if len(group) == 1:
        return _term(group[0])
    terms = [{"bool": {"must_not": [_term(term)]}} if term.negated else _term(term) for term in group]
    return {"bool": {"should": terms, "minimum_should_match": 1}}


def _term(term: Term) -> dict[str, Any]:
    if term.field in BOOLEANS:
        value = term.text.lower()
        return {"term": {term.field: value}} if value in {"true", "false"} else _NOTHING
    if term.field is None:
        return {"multi_match": {"query": term.text, "type": "phrase", "fields": _WEIGHTED_FIELDS}}
    return {"match_phrase": {_words_field(term.field): term.text}}


def scan_body(query: Query, after: SortKey | None, size: int) -> dict[str, Any]:
    """Return the body of the search for the next documents that match, by first sight."""
    body = {"query": render_query(query), "size": size, "sort": SORTS["arrived"], "track_total_hits": False}
    return body if after is None else body | {"search_after": list(after)}


def highlight_body(query: Query, hits: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the body of the search that marks what matched in ``hits``.

    It is a separate search because it marks by the analysers of the languages among the hits alone: with those of all
    languages it took ten times as long as the search.
    """
    codes = {language_code(hit["_source"].get("language")) for hit in hits}
    language_fields = [f"by_language.{code}" for code in sorted(code for code in codes if code)]
    return {
        "query": {
            "bool": {"must": [render_query(query)], "filter": [{"ids": {"values": [hit["_id"] for hit in hits]}}]}
        },
        "size": len(hits),
        "_source": False,
        "highlight": {
            "pre_tags": [START],
            "post_tags": [END],
            "max_analyzed_offset": _MARKED_CHARACTERS,
            "number_of_fragments": 0,
            "fields": {_words_field(name): _highlighting(name, language_fields) for name in WORD_WEIGHTS},
        },
    }


def _highlighting(name: str, language_fields: list[str]) -> dict[str, Any]:
    """Return how a field is marked: of the text the best passage; what a language's analyser matched counts too."""
    passage = {"number_of_fragments": 1, "fragment_size": SNIPPET_CHARACTERS} if name == "text" else {}
    analysed = {"matched_fields": language_fields} if language_fields and name in BY_LANGUAGE else {}
    return passage | analysed


def last_key(answer: dict[str, Any]) -> SortKey | None:
    """Return what the last hit of an answer was sorted by, None where there is no hit."""
    hits = answer["hits"]["hits"]
    return tuple(hits[-1]["sort"]) if hits else None


def decode_hit(query: Query, hit: dict[str, Any], score: float | None, highlights: dict[str, list[str]]) -> Hit:
    """Return a hit of Elasticsearch's as ours; ``highlights`` are what it answers to ``highlight_body`` of it."""
    return Hit(
        document=decode_document(hit),
        score=score if query.text and query.sort == "relevance" else None,
        highlights={
            name: ", ".join(render_highlight(text) for text in highlights[_words_field(name)])
            for name in WORD_WEIGHTS
            if _words_field(name) in highlights
        },
    )


def decode_document(hit: dict[str, Any]) -> Document:
    """Return the document that a hit holds."""
    return msgspec.convert(hit["_source"], Document)
