"""Find the articles of other stories that are most like one, as ``similar:ID`` does in a search line.

Copies of it and articles of its own story are left out: the page shows those already.
"""

from __future__ import annotations

import itertools

import msgspec

from pipeline.index import Index, Query
from pipeline.records import Document
from pipeline.text import split_words
from pipeline.web.code_names import ENTITY_FIELDS

_SHOWN = 5
_ASKED = 30  # hits, some of which share too little that could be said
_LEAST_SHARED = 2
_LEAST_WORD = 5  # letters of a word of the title that says something


class SimilarArticle(msgspec.Struct, frozen=True, kw_only=True):
    """An article, and the names and words of the headline that it shares with another one."""

    document: Document
    shared: tuple[str, ...]


def find_similar(index: Index, document: Document) -> tuple[SimilarArticle, ...]:
    """Return articles of other stories that are like ``document``, the most alike first.

    Those are shown of which it can be said what the two have in common: names, or words of their headlines.

    Raises:
        UnknownError: The index has it no more.
    """
    query = Query(
        text=f'similar:"{document.id}"',
        exclude={"story": (document.story,)},
        sort="relevance",
        size=_ASKED,
        copies=False,
        copy_counts=False,
        highlight=False,
    )
    articles = (
        SimilarArticle(document=hit.document, shared=shared_terms(document, hit.document))
        for hit in index.search(query).hits
    )
    return tuple(itertools.islice((article for article in articles if len(article.shared) >= _LEAST_SHARED), _SHOWN))


def shared_terms(document: Document, candidate: Document) -> tuple[str, ...]:
    """Return the names that two articles share, then the longer words of their titles that both have."""
    candidate_names = set(_names(candidate))
    names = [name for name in _names(document) if name in candidate_names]
    spoken = {word for name in names for word in split_words(name)}
    words = set(_title_words(candidate))
    return (*names, *(word for word in _title_words(document) if word in words and word not in spoken))


def _names(document: Document) -> tuple[str, ...]:
    ordered = (*document.about, *(name for field in ENTITY_FIELDS.values() for name in getattr(document, field)))
    return tuple(dict.fromkeys(ordered))


def _title_words(document: Document) -> list[str]:
    words = [word for word in split_words(document.title or "") if len(word) >= _LEAST_WORD and word.isalpha()]
    return list(dict.fromkeys(words))
