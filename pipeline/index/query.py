"""Queries of an index and their results.

A query that ``check_query`` lets pass can be answered by every engine.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, get_args

import msgspec

from pipeline.errors import UsageError
from pipeline.index.fields import ALIASES, BOOLEANS, FACETS
from pipeline.index.query_language import ParsedLine, QueryWarning, parse
from pipeline.index.query_language.similar import resolve_similar
from pipeline.index.query_language.tree import Node
from pipeline.index.time_histogram import Interval, TimeHistogram
from pipeline.records import Document, Reason

Sort = Literal["relevance", "newest", "oldest", "arrived"]
Unit = Literal["articles", "originals"]
WordsWanted = Literal["all", "any"]

# What a page of hits goes on behind: the values by which the last one was sorted, which its engine alone understands.
SortKey = tuple[str | float | bool, ...]
# What says who printed an article, and not what it is about
_OF_OUTLETS = frozenset({"source", "source_country", "language"})

# Of two articles with the same text, the one that was first comes first: readers look for the original.
PRIMARY_WEIGHT = 1.2
HALF_LIFE = dt.timedelta(days=7)

# How deep a search can be paged: Elasticsearch's own index.max_result_window.
MAX_HITS = 10_000

_BOOLEAN_VALUES = ("true", "false")


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One search.

    ``text`` is a line of the query language (see ``pipeline.index.query_language``); empty, it matches everything.
    ``filters`` keeps documents that have, in each field named, any of the values given, ``exclude`` those that have
    none of them. ``since`` (inclusive) and ``until`` (exclusive) bound the time of publication, or that of first sight
    where the former is unknown.

    ``facets`` names fields whose values are counted, the ``facet_size`` most frequent of each; ``within`` maps some of
    them to a text that their values must hold. What is filtered or excluded by a field doesn't narrow that field's own
    counts, but with ``narrow_own``. ``interval`` asks for counts over time ("auto": as fits the time that the hits
    span), ``by`` for those of the ``by_size`` most frequent values of a field as well, ``share`` for how many articles
    there are of that time at all. ``count`` says whether all these count every article, or originals alone, which are
    no copies.

    With ``copies`` False the articles of one copy group are folded into one hit: it stands where the first of them
    does, and shows the original if that matches. With ``copy_counts`` each hit says how many copies there are.

    ``after`` is what ``Results.last`` was of the page before; it goes with every sort but by relevance, where copies
    aren't folded. *arrived* sorts by first sight, the oldest first: nothing ever changes an article's place there.
    ``ids`` keeps these documents alone.

    ``last:7d`` counts back from ``now``, else from the clock. With ``match`` "any", one of the words that stand side by
    side is enough. With ``fresh``, relevance halves with each ``HALF_LIFE`` of an article's age. ``read_as`` is what
    ``text`` was read as; the index sets it.
    """

    text: str = ""
    filters: Mapping[str, tuple[str, ...]] = {}
    exclude: Mapping[str, tuple[str, ...]] = {}
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    facets: tuple[str, ...] = ()
    facet_size: int = 10
    within: Mapping[str, str] = {}
    narrow_own: bool = False
    count: Unit = "articles"
    interval: Interval | Literal["auto"] | None = None
    by: str | None = None
    by_size: int = 5
    share: bool = False
    sort: Sort = "relevance"
    size: int = 10
    offset: int = 0
    copies: bool = True
    copy_counts: bool = True
    highlight: bool = True
    ids: tuple[str, ...] | None = None
    after: SortKey | None = None
    now: dt.datetime | None = None
    match: WordsWanted = "all"
    fresh: bool = False
    read_as: ParsedLine | None = None

    @property
    def has_cursor(self) -> bool:
        """Tell whether further hits can be asked for by ``after``, however many there are."""
        return self.copies and self.sort != "relevance"

    @property
    def own_fields(self) -> tuple[str, ...]:
        """Return the fields that are counted without what is filtered or excluded by them."""
        if self.narrow_own:
            return ()
        return tuple(field for field in self.facets if field in self.filters or field in self.exclude)

    def of_all(self) -> Query:
        """Return the search for all articles that ``share`` compares with.

        They are of the same times, outlets, their countries and languages.
        """
        kept, left_out = (
            {field: values for field, values in named.items() if field in _OF_OUTLETS}
            for named in (self.filters, self.exclude)
        )
        return Query(filters=kept, exclude=left_out, since=self.since, until=self.until, count=self.count)


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One document that matched. ``highlights`` maps fields to HTML: escaped text with what matched in <mark>.

    ``copies`` counts the other articles of its copy group, matching or not, and ``outlets`` those that printed them;
    both are None where they weren't asked for. The score of a folded hit is the best of its articles'.
    """

    document: Document
    score: float | None = None
    highlights: Mapping[str, str] = {}
    copies: int | None = None
    outlets: int | None = None


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """The results of a search.

    ``total`` counts hits (copies folded, if asked for), ``articles`` documents. ``facets`` and ``histogram`` count
    documents, so that each outlet is credited with what it printed, or originals alone, as was asked. ``last`` is
    behind what the next page begins, where the query can be paged so. ``understood`` is the search line with all that
    it leaves unsaid, ``warnings`` what in it was hardly meant as it was read. ``suggestion`` is, where nothing was
    found, a line with words that the index has.
    """

    total: int
    articles: int
    hits: tuple[Hit, ...]
    facets: Mapping[str, tuple[tuple[str, int], ...]] = {}
    histogram: TimeHistogram | None = None
    last: SortKey | None = None
    understood: str = ""
    warnings: tuple[QueryWarning, ...] = ()
    suggestion: str = ""


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
    by = (query.by,) if query.by is not None else ()
    for field in (*query.filters, *query.exclude, *query.facets, *query.within, *by):
        if field not in FACETS:
            raise UsageError(
                f"can't filter or count by {field!r}{_suggestion(field, FACETS)}; fields: {', '.join(FACETS)}"
            )
    _check_flags(query.filters)
    _check_flags(query.exclude)
    if query.sort not in get_args(Sort):
        raise UsageError(f"can't sort by {query.sort!r}; sorts: {', '.join(get_args(Sort))}")
    if query.match not in get_args(WordsWanted):
        raise UsageError(f"match: {', '.join(get_args(WordsWanted))}")
    if query.count not in get_args(Unit):
        raise UsageError(f"can't count {query.count!r}; counts: {', '.join(get_args(Unit))}")
    if query.interval not in {None, "auto", *get_args(Interval)}:
        raise UsageError(f"no interval {query.interval!r}; intervals: auto, {', '.join(get_args(Interval))}")
    if query.interval is None and (query.by is not None or query.share):
        raise UsageError("by and share belong to counts over time; name an interval, such as day")
    if query.size < 0 or query.offset < 0 or query.facet_size < 1 or query.by_size < 1:
        raise UsageError("size and offset can't be negative, facet_size and by_size not below 1")
    _check_page(query)
    if any(time and time.tzinfo is None for time in (query.since, query.until)):
        raise UsageError("since and until need a time zone")


def _check_page(query: Query) -> None:
    """Check that a page of hits can be had.

    Raises:
        UsageError: It can't.
    """
    if query.offset + query.size > MAX_HITS:
        raise UsageError(
            f"only the first {MAX_HITS} hits can be paged through; narrow the search by time or filters, or go on by "
            "cursor (docs/search.md)"
        )
    if query.after is not None and not query.has_cursor:
        raise UsageError("a cursor goes on where articles are sorted by newest, oldest or arrived, and not folded")
    if query.after is not None and query.offset:
        raise UsageError("a cursor goes on behind the page before: no page and no offset go with it")


def read_line(query: Query) -> ParsedLine:
    """Return what a query's search line means.

    Raises:
        QuerySyntaxError: It can't be read; the error names the character.
    """
    return parse(query.text, query_time(query), any_word=query.match == "any")


def resolve_line(query: Query, line: ParsedLine, find: Callable[[str], Node]) -> Query:
    """Return a query that says what its line was read as, with what ``find`` returns of an id for ``similar:ID``."""
    return msgspec.structs.replace(query, read_as=ParsedLine(tree=resolve_similar(line.tree, find)))


def query_tree(query: Query) -> Node | None:
    """Return what a query's line means, where it was not read yet as it is read now."""
    return (query.read_as or read_line(query)).tree


def query_time(query: Query) -> dt.datetime:
    """Return the time at which a query is asked."""
    return query.now or dt.datetime.now(dt.UTC)


def _check_flags(filters: Mapping[str, tuple[str, ...]]) -> None:
    for field in sorted(BOOLEANS & filters.keys()):
        if wrong := [value for value in filters[field] if value not in _BOOLEAN_VALUES]:
            raise UsageError(f"{field} is {' or '.join(_BOOLEAN_VALUES)}, not {wrong[0][:100]!r}")


def _suggestion(word: str, names: Iterable[str]) -> str:
    matches = [ALIASES[word]] if word in ALIASES else difflib.get_close_matches(word, list(names), n=1)
    return f" (did you mean {matches[0]}?)" if matches else ""
