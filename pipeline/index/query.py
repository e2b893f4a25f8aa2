"""Queries of an index and their results.

A query that ``check_query`` lets pass can be answered by every engine.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

import msgspec

from pipeline.errors import UsageError
from pipeline.index.fields import ALIASES, FACETS
from pipeline.records import Document, Reason

Sort = Literal["relevance", "newest", "oldest", "arrived"]

# What a page of hits goes on behind: the values by which the last one was sorted, which its engine alone understands.
SortKey = tuple[str | float | bool, ...]

# How deep a search can be paged: Elasticsearch's own index.max_result_window.
MAX_HITS = 10_000


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One search.

    ``text`` is a line of the query language (see ``pipeline.index.query_language``); empty, it matches everything.
    ``filters`` keeps documents that have, in each field named, any of the values given. ``since`` (inclusive) and
    ``until`` (exclusive) bound the time of publication, or that of first sight where the former is unknown.
    ``facets`` names fields whose values are counted, the ``facet_size`` most frequent of each. With ``copies`` False
    the articles of one copy group are folded into one hit. ``after`` is what ``Results.last`` was of the page before;
    it goes with every sort but by relevance, where copies aren't folded. *arrived* sorts by first sight, the oldest
    first: nothing ever changes an article's place there. ``ids`` keeps these documents alone.
    """

    text: str = ""
    filters: Mapping[str, tuple[str, ...]] = {}
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    facets: tuple[str, ...] = ()
    facet_size: int = 10
    sort: Sort = "relevance"
    size: int = 10
    offset: int = 0
    copies: bool = True
    highlight: bool = True
    ids: tuple[str, ...] | None = None
    after: SortKey | None = None

    @property
    def has_cursor(self) -> bool:
        """Tell whether further hits can be asked for by ``after``, however many there are."""
        return self.copies and self.sort != "relevance"


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One document that matched. ``highlights`` maps fields to HTML: escaped text with what matched in <mark>."""

    document: Document
    score: float | None = None
    highlights: Mapping[str, str] = {}


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """The results of a search.

    ``total`` counts hits (copies folded, if asked for), ``articles`` documents. ``facets`` count documents, so that
    each outlet is credited with what it printed; filter by is_primary to count originals alone. ``last`` is behind what
    the next page begins, where the query can be paged so.
    """

    total: int
    articles: int
    hits: tuple[Hit, ...]
    facets: Mapping[str, tuple[tuple[str, int], ...]] = {}
    last: SortKey | None = None


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A document that the index did not take, why, and whether it may take it later."""

    id: str
    reason: Reason
    detail: str
    retry: bool


def check_query(query: Query) -> None:
    """Check that every engine can answer ``query``.

    Raises:
        UsageError: none can; it says what is allowed.
    """
    for field in (*query.filters, *query.facets):
        if field not in FACETS:
            raise UsageError(
                f"can't filter or count by {field!r}{_suggestion(field, FACETS)}; fields: {', '.join(FACETS)}"
            )
    if query.sort not in get_args(Sort):
        raise UsageError(f"can't sort by {query.sort!r}; sorts: {', '.join(get_args(Sort))}")
    if query.size < 0 or query.offset < 0 or query.facet_size < 1:
        raise UsageError("size and offset can't be negative, facet_size not below 1")
    if query.offset + query.size > MAX_HITS:
        raise UsageError(
            f"only the first {MAX_HITS} hits can be paged through; narrow the search by time or filters, or go on by "
            "cursor (docs/search.md)"
        )
    if query.after is not None and not query.has_cursor:
        raise UsageError("a cursor goes on where articles are sorted by newest, oldest or arrived, and not folded")
    if query.after is not None and query.offset:
        raise UsageError("a cursor goes on behind the page before: no page and no offset go with it")
    if any(time and time.tzinfo is None for time in (query.since, query.until)):
        raise UsageError("since and until need a time zone")


def _suggestion(word: str, names: Iterable[str]) -> str:
    matches = [ALIASES[word]] if word in ALIASES else difflib.get_close_matches(word, list(names), n=1)
    return f" (did you mean {matches[0]}?)" if matches else ""
