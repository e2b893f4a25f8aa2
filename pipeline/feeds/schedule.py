"""When is a feed polled next? Pure: a state and what came of a poll in, the next state out."""

from __future__ import annotations

import datetime as dt
import hashlib

import msgspec

from pipeline.records import FeedState, Outcome, Reason, Record
from pipeline.settings import Settings, Source

# No hint of a server, and no back-off, keeps a feed away for longer (as miniflux and rss-fetcher do).
LONGEST = dt.timedelta(hours=24)
# A feed that said "gone" (410) this often is asked weekly: such feeds do come back (rss-fetcher's experience).
_GONE_TIMES = 3
_GONE = dt.timedelta(days=7)
# How much each failure adds to the wait, in intervals. What passes by itself counts half of what needs a person, as in
# rss-fetcher, whose linear back-off is followed.
_SOFT, _HARD = 1.0, 2.0
_FULL_EVERY = dt.timedelta(hours=24)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_JITTER = 0.1  # of the wait, at most: spreads feeds that were added together

_HARD_REASONS = frozenset(
    {
        Reason.NOT_FOUND,
        Reason.FORBIDDEN,
        Reason.REFUSED_ADDRESS,
        Reason.BAD_ADDRESS,
        Reason.NOT_FEED,
        Reason.TOO_LARGE,
        Reason.TOO_SLOW,
        Reason.CRASHED,
        Reason.TOO_MANY_REDIRECTS,
        Reason.TLS,
    }
)


class Result(Record, frozen=True, kw_only=True):
    """What came of one poll. The seconds are the server's wishes, where it has any."""

    outcome: Outcome
    reason: Reason | None = None
    detail: str = ""
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    fresh_seconds: float | None = None  # Cache-Control, Expires, ttl
    retry_after: float | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the feed was read, or is known not to have changed."""
        return self.outcome is Outcome.DONE or self.reason is Reason.NOT_MODIFIED


def interval(source: Source | None, settings: Settings) -> dt.timedelta:
    """Return how often a source's feeds are polled."""
    own = source.interval_minutes if source else None
    return dt.timedelta(minutes=settings.poll.interval_minutes if own is None else own)


def is_full(state: FeedState, now: dt.datetime) -> bool:
    """Whether a feed is asked for unconditionally: where nothing is known of it, and once a day.

    Some servers answer "not modified" for ever. The hour differs from feed to feed.
    """
    if state.polled is None or not (state.etag or state.last_modified):
        return True
    offset = _FULL_EVERY * _share(state.url)
    return (now - _EPOCH + offset) // _FULL_EVERY != (state.polled - _EPOCH + offset) // _FULL_EVERY


def next_state(state: FeedState, result: Result, now: dt.datetime, every: dt.timedelta) -> FeedState:
    """Return what is remembered of a feed after ``result``; ``every`` is its interval.

    After a failure the validators stay those of the last good answer, so that it is asked for again.
    """
    failures = 0 if result.succeeded else state.failures + 1
    wait = _wait(result, failures, every)
    changes: dict[str, object] = {
        "polled": now,
        "due": now + wait * (1 + _JITTER * _share(state.url)),
        "failures": failures,
        "error": None if result.succeeded else f"{result.reason}: {result.detail}".rstrip(": "),
    }
    if result.succeeded:
        changes["succeeded"] = now
    if result.outcome is Outcome.DONE:
        changes |= {"etag": result.etag, "last_modified": result.last_modified, "body_hash": result.body_hash}
    elif result.succeeded:  # a 304 may renew the validators, but need not repeat them
        changes |= {"etag": result.etag or state.etag, "last_modified": result.last_modified or state.last_modified}
    return msgspec.structs.replace(state, **changes)


def _wait(result: Result, failures: int, every: dt.timedelta) -> dt.timedelta:
    longest = max(every, LONGEST)
    if result.succeeded:
        return _clamp(result.fresh_seconds, every, longest)
    if result.reason is Reason.GONE:
        return longest if failures < _GONE_TIMES else max(every, _GONE)
    weight = _HARD if result.reason in _HARD_REASONS else _SOFT
    # The factor is capped before multiplying: a timedelta overflows
    backed_off = min(every * min(weight * failures, 10_000.0), longest)
    return _clamp(result.retry_after, max(backed_off, every), longest)


def _clamp(seconds: float | None, low: dt.timedelta, high: dt.timedelta) -> dt.timedelta:
    return max(low, dt.timedelta(seconds=min(max(seconds or 0.0, 0.0), high.total_seconds())))


def _share(url: str) -> float:
    """Return a number from 0 to 1 that is always the same for ``url``."""
    return int.from_bytes(hashlib.sha256(url.encode()).digest()[:4], "big") / 2**32
