"""Say a tree of the query language in Elasticsearch's own.

Words are scored, all else only decides what matches. Words of no field are looked for in ``everything``, in which the
weightier fields stand more than once, and by the rules of the languages.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from pipeline.index._elasticsearch_mapping import EVERYTHING, LANGUAGES
from pipeline.index.fields import BY_LANGUAGE, BY_NAME, WORD_WEIGHTS
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
    all_leaves,
    wanted_words,
)

Clause = dict[str, Any]
# Elasticsearch takes 1,024 clauses at the least (indices.query.bool.max_clause_count), each language makes one of
# a term.
MAX_LANGUAGE_TERMS = 1_000 // (len(LANGUAGES) + 1)
_LANGUAGE_FIELDS = [f"by_language.{code}" for code in LANGUAGES]
# More are not marked: a text has no room for them.
_MARKED_TERMS = 100


def words_field(name: str) -> str:
    """Return the Elasticsearch field that holds the words of one of ours."""
    field = BY_NAME[name]
    if field.searched_part:
        return f"{name}.{field.searched_part}"
    return f"{name}.words" if field.facet else name


def exact_field(name: str) -> str:
    """Return the Elasticsearch field that holds them as they are written."""
    field = BY_NAME[name]
    return f"{name}.exact" if field.facet else f"{words_field(name)}.exact"


def uses_languages(tree: Node | None) -> bool:
    """Tell whether words of a tree are looked for by the rules of the languages too: not where there are many."""
    return sum(1 for leaf in all_leaves(tree) if isinstance(leaf, Words)) <= MAX_LANGUAGE_TERMS


def render_tree(tree: Node | None) -> Clause:
    """Return a tree in Elasticsearch's language."""
    if tree is None:
        return {"match_all": {"boost": 0.0}}
    return _render(tree, by_language=uses_languages(tree))


def _render(node: Node, *, by_language: bool) -> Clause:  # noqa: PLR0911 - one for each kind of node
    match node:
        case And(children):
            excluded = [child.child for child in children if isinstance(child, Not)]
            required = [child for child in children if not isinstance(child, Not)]
            return {
                "bool": {
                    "must": [_render(child, by_language=by_language) for child in required],
                    "must_not": [_render(child, by_language=by_language) for child in excluded],
                }
            }
        case Or(children):
            return _any_of([_render(child, by_language=by_language) for child in children])
        case AtLeast(minimum, children):
            enough = [_render(child, by_language=by_language) for child in children]
            return _any_of(enough, minimum) if len(enough) >= minimum else _NOTHING
        case Not(child):
            return _unscored({"bool": {"must_not": [_render(child, by_language=by_language)]}})
        case Words(text, field):
            return _words(text, field, by_language=by_language)
        case Near(text, distance, field):
            return _near(text, distance, field)
        case _:
            return _unscored(_render_value(node))


def _render_value(node: Wildcard | Value | Range | Exists | Similar) -> Clause:
    match node:
        case Wildcard(pattern, field):
            return {"wildcard": {exact_field(field) if field else f"{EVERYTHING}.exact": pattern}}
        case Value(field, value):
            return {"term": {field: value}}
        case Range():
            return _range(node)
        case Exists(field):
            return {"exists": {"field": _stored_field(field)}}
        case Similar(article):
            raise AssertionError(f"similar:{article} must be resolved first")


def _any_of(clauses: list[Clause], minimum: int = 1) -> Clause:
    return {"bool": {"should": clauses, "minimum_should_match": minimum}}


def _unscored(clause: Clause) -> Clause:
    return {"constant_score": {"filter": clause, "boost": 0.0}}


def _words(text: str, field: str | None, *, by_language: bool) -> Clause:
    if field is None and by_language:
        return {"multi_match": {"query": text, "type": "phrase", "fields": [EVERYTHING, *_LANGUAGE_FIELDS]}}
    if field is None:
        return {"match_phrase": {EVERYTHING: text}}
    if field in WORD_WEIGHTS:
        return {"match_phrase": {words_field(field): {"query": text, "boost": WORD_WEIGHTS[field]}}}
    fields = [words_field(name) for name in SEARCHED_TOGETHER.get(field, (field,))]
    return _unscored({"multi_match": {"query": text, "type": "phrase", "fields": fields}})


def _near(text: str, distance: int, field: str | None) -> Clause:
    """Return words near each other in one field, scored as words."""
    fields = [field] if field else list(WORD_WEIGHTS)
    tokens = near_tokens(text)
    rules = [{"match": {"query": token}} for token in tokens]
    clauses: list[Clause] = [
        {"intervals": {words_field(name): {"all_of": {"ordered": False, "max_gaps": distance, "intervals": rules}}}}
        for name in fields
    ]
    scored = [_words(token, field, by_language=False) for token in tokens]
    return {"bool": {"filter": [_any_of(clauses)], "should": scored}}


def near_tokens(text: str) -> list[str]:
    """Return the different words of a text whose words stand near each other."""
    return [token for token in dict.fromkeys(fold_words(text).split()) if token not in {".", ":", BOUNDARY}]


def _range(bounds: Range) -> Clause:
    names = (("gt" if bounds.low_open else "gte", bounds.low), ("lt" if bounds.high_open else "lte", bounds.high))
    limits = {
        name: bound.isoformat() if isinstance(bound, dt.datetime) else bound
        for name, bound in names
        if bound is not None
    }
    return {"range": {_stored_field(bounds.field): limits}}


def _stored_field(field: str) -> str:
    return "seen_at" if field == SEEN_AT else field


def render_marks(tree: Node | None, language_fields: list[str]) -> Clause:
    """Return what is marked in hits, each word by each field that it is looked for in.

    ``language_fields`` are those of the hits' languages alone: with all of them, marking takes ten times as long.
    """
    words = [word for word in wanted_words(tree) if word.field is None or word.field in WORD_WEIGHTS]
    return _any_of([clause for word in words[:_MARKED_TERMS] for clause in _marks(word, language_fields)] or [_NOTHING])


_NOTHING: Clause = {"match_none": {}}


def _marks(word: Words | Near | Wildcard, language_fields: list[str]) -> list[Clause]:
    fields = [word.field] if word.field else list(WORD_WEIGHTS)
    match word:
        case Wildcard(pattern):
            return [{"wildcard": {exact_field(field): pattern}} for field in fields]
        case Near(text, distance):
            return [_near(text, distance, field) for field in fields]
        case Words(text):
            analysed = language_fields if word.field is None else []
            names = [words_field(field) for field in fields]
            return [{"multi_match": {"query": text, "type": "phrase", "fields": names + analysed}}]


def marking_fields(tree: Node | None, language_fields: list[str]) -> dict[str, list[str]]:
    """Return field → the fields whose matches are marked in it as well; each of them is analysed once more."""
    has_patterns = any(isinstance(word, Wildcard) for word in wanted_words(tree))
    return {
        name: [
            *([exact_field(name)] if has_patterns else []),
            *(language_fields if name in BY_LANGUAGE else []),
        ]
        for name in WORD_WEIGHTS
    }
