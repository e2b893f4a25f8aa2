"""The records that the ledger keeps of feeds and of robots.txt files.

They outlive the articles that they were learnt from.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from pipeline.records import Outcome, Reason, Record

# How an address of a source is read: as a feed (or news sitemap), as a page whose links are articles, or as a sitemap
# that only fills the gaps of the feeds.
FeedRole = Literal["feed", "page", "sitemap"]


class ArrivalRate(Record, frozen=True, kw_only=True):
    """When a feed publishes, learnt from its entries' arrivals: all that its schedule follows from.

    Counts decay, so that the rate follows a feed that changes within weeks; times are in hours.
    """

    at: dt.datetime  # the end of the observation
    count: float = 0.0  # arrivals, decayed over weeks
    span: float = 0.0  # hours of observation, decayed over weeks
    recent: float = 0.0  # arrivals, decayed over an hour: shows a burst
    hours: tuple[float, ...] = ()  # arrivals by hour of the day, UTC
    days: tuple[float, ...] = ()  # arrivals by day of the week, Monday first
    last: dt.datetime | None = None  # the latest arrival


SEEN_KEY_BYTES = 6  # of an id; among the 4,000 of the longest feed one is taken for another once in 10 million polls


class FeedState(Record, frozen=True, kw_only=True):
    """What is stored of one feed between polls. ``url`` identifies it, as config/feeds.toml spells it."""

    url: str
    source: str
    due: dt.datetime
    role: FeedRole = "feed"
    address: str | None = None  # where it is read once it has moved permanently
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    polled: dt.datetime | None = None
    succeeded: dt.datetime | None = None
    read: dt.datetime | None = None  # when its document last differed
    failures: int = 0  # in a row
    strain: float = 0.0  # failures in a row, weighted by kind
    reason: Reason | None = None  # of the last failure
    error: str | None = None
    failing_since: dt.datetime | None = None
    format: str | None = None
    empty_since: dt.datetime | None = None  # since when it lists nothing
    window: int = 0  # how many entries its document holds
    seen: bytes = b""  # keys of the entries in its last documents, newest first (feeds.feed_diff)
    newest: dt.datetime | None = None  # the latest time of publication in them
    arrival_rate: ArrivalRate | None = msgspec.field(default=None, name="rhythm")
    every: float | None = None  # seconds that its schedule waits while all goes well
    unmodified: dt.datetime | None = None  # when its server last answered 304
    lied: dt.datetime | None = None  # when a 304 last proved untrue
    moved_to: str | None = None  # where permanent redirects lead
    moved_since: dt.datetime | None = None
    gap: dt.datetime | None = None  # when a poll last noticed that entries had scrolled off unseen


class FeedGap(Record, frozen=True, kw_only=True):
    """Entries that scrolled off between two polls of a feed: published between ``since`` and ``until``."""

    feed: str
    source: str
    since: dt.datetime
    until: dt.datetime
    missed: int  # an estimate
    filled: int = 0  # how many of them another feed of the source listed


class RobotsFile(Record, frozen=True, kw_only=True):
    """A host's robots.txt; ``host`` is scheme and authority, such as ``https://www.outlet.example``."""

    host: str
    status: int
    body: str
    fetched: dt.datetime


class HostState(Record, frozen=True, kw_only=True):
    """What is remembered of a host: when it may be asked next, and what it asked for."""

    host: str  # see urls.host_and_port
    next_turn: dt.datetime | None = None  # no request starts before
    held_until: dt.datetime | None = None  # until then it wants to be left alone
    crawl_delay: float | None = None  # seconds between requests that its robots.txt asks for

    def ready_at(self) -> dt.datetime | None:
        """Return when a request may start, None where that is at any time."""
        return max((at for at in (self.next_turn, self.held_until) if at), default=None)


class SourceDay(Record, frozen=True, kw_only=True):
    """How a source fared on a day (UTC): polls of its feeds, those that failed, and new articles that they named."""

    source: str
    day: dt.date
    polls: int
    failed: int
    articles: int


def has_answered(outcome: Outcome, reason: Reason | None) -> bool:
    """Tell whether a poll read its feed, or learnt that it hasn't changed."""
    return outcome is Outcome.DONE or reason is Reason.NOT_MODIFIED
