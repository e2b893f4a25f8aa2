"""Find articles that are like one, by the rare terms and names that they share.

Copies of it and articles of its own story are left out: the page shows those already.
"""

from __future__ import annotations

import re

import msgspec

from pipeline.index import Index, Query
from pipeline.records import Document
from pipeline.text import split_words

_SHOWN = 5
_ASKED = 30  # hits, of which some are copies or of the same story
_NAMES, _WORDS = 8, 12  # in the search line, which takes 24 terms
_LEAST_WORD = 5  # letters of a word of the title that may be telling
_LEAST_SHARED = 2
_FIELDS = ("people", "organisations", "places", "groups", "events")


class SimilarArticle(msgspec.Struct, frozen=True, kw_only=True):
    """An article, and the names and words that it shares with another one."""

    document: Document
    shared: tuple[str, ...]


def find_similar(index: Index, document: Document) -> tuple[SimilarArticle, ...]:
    """Return articles of other stories that share names and rare words with ``document``, the most alike first."""
    line = similarity_line(document)
    if not line:
        return ()
    results = index.search(
        Query(text=line, sort="relevance", size=_ASKED, copies=False, copy_counts=False, highlight=False)
    )
    similar = []
    for hit in results.hits:
        other = hit.document
        if other.copy_group == document.copy_group or other.story == document.story:
            continue
        shared = shared_terms(document, other)
        if len(shared) >= _LEAST_SHARED:
            similar.append(SimilarArticle(document=other, shared=shared))
    return tuple(similar[:_SHOWN])


def similarity_line(document: Document) -> str:
    """Return a search line for the names that an article is about and the longer words of its title.

    The index weighs rare ones more.
    """
    names = [_quoted(name) for name in (document.about or _names(document))[:_NAMES]]
    return " OR ".join(dict.fromkeys(name for name in (*names, *_title_words(document)[:_WORDS]) if name))


def shared_terms(document: Document, other: Document) -> tuple[str, ...]:
    """Return the names that two articles share, then the longer words of their titles that both have."""
    theirs = set(_names(other))
    names = [name for name in _names(document) if name in theirs]
    spoken = {word for name in names for word in split_words(name)}
    words = set(_title_words(other))
    return (*names, *(word for word in _title_words(document) if word in words and word not in spoken))


def _names(document: Document) -> tuple[str, ...]:
    ordered = (*document.about, *(name for field in _FIELDS for name in getattr(document, field)))
    return tuple(dict.fromkeys(ordered))


def _title_words(document: Document) -> list[str]:
    words = [word for word in split_words(document.title or "") if len(word) >= _LEAST_WORD and word.isalpha()]
    return list(dict.fromkeys(words))


def _quoted(name: str) -> str:
    plain = re.sub(r"[\"“”„«»]", " ", name).strip()
    return f'"{plain}"' if plain else ""
