"""Decide which articles are new to a saved search, and when digests are sent. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

from pipeline.index import Query
from pipeline.records import Document
from pipeline.search_records import ArticleArrival, DigestRhythm, MatchScope, SavedSearch

NEW = dt.timedelta(days=30)  # an article that comes to match later than so long after it came is no news
# An article may have come so long before the search was saved, and be searchable only since: stages were at rest.
UNDER_WAY = dt.timedelta(days=7)

_ORIGINALS = {"is_primary": ("true",)}


def earliest_arrival(search: SavedSearch, now: dt.datetime) -> dt.datetime:
    """Return when an article came at the earliest that can be new to a search."""
    return max(search.since - UNDER_WAY, now - NEW)


def new_articles(
    search: SavedSearch, arrivals: Collection[ArticleArrival], indexed_before: Collection[str], now: dt.datetime
) -> list[str]:
    """Return those articles that are new to a search, in their order.

    Args:
        search: that is asked.
        arrivals: articles whose documents have changed.
        indexed_before: those of them that were searchable when the search was saved.
        now: the time.
    """
    earliest = earliest_arrival(search, now)
    return [
        arrival.article
        for arrival in arrivals
        if arrival.came >= earliest and (arrival.came >= search.since or arrival.article not in indexed_before)
    ]


def to_query(search: SavedSearch, *, size: int, ids: Sequence[str] | None = None) -> Query:
    """Return a saved search as a query of the index, for the newest ``size`` hits (among ``ids``)."""
    filters = {**search.filters, **_ORIGINALS} if search.scope is MatchScope.ORIGINAL else search.filters
    return Query(
        text=search.text,
        filters=filters,
        exclude=search.exclude,
        match=search.match,
        sort="newest",
        size=size,
        highlight=False,
        ids=None if ids is None else tuple(ids),
    )


def first_of_each(scope: MatchScope, documents: Collection[Document]) -> list[Document]:
    """Return those documents that are told of: of one story or one copy group the first."""
    if scope is MatchScope.ARTICLE:
        return list(documents)
    chosen: dict[str, Document] = {}
    for document in documents:
        chosen.setdefault(document.story if scope is MatchScope.STORY else document.copy_group, document)
    return list(chosen.values())


def in_order(ids: Sequence[str], documents: Mapping[str, Document]) -> list[Document]:
    """Return the documents that there are, in the order of ``ids``."""
    return [documents[article] for article in ids if article in documents]


def next_digest(rhythm: DigestRhythm, now: dt.datetime, hour: int) -> dt.datetime | None:
    """Return when the next digest is due behind ``now``: at the full hour, each day at ``hour`` UTC, or on Mondays."""
    now = now.astimezone(dt.UTC)
    full_hour = now.replace(minute=0, second=0, microsecond=0)
    match rhythm:
        case DigestRhythm.NOW:
            return None
        case DigestRhythm.HOURLY:
            return full_hour + dt.timedelta(hours=1)
        case DigestRhythm.DAILY:
            at, period = full_hour.replace(hour=hour), dt.timedelta(days=1)
        case DigestRhythm.WEEKLY:
            at = full_hour.replace(hour=hour) - dt.timedelta(days=now.weekday())
            period = dt.timedelta(weeks=1)
    return at if at > now else at + period
