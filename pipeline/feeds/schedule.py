"""Schedule a feed's next poll, and keep its state. Pure: result of a poll in, the next state out.

A feed is due when the articles that are to be expected in it have together waited for a certain time. That makes the
intervals fall with the square root of the rate, which gives the shortest mean delay for a number of requests.
"""

from __future__ import annotations

import datetime as dt
import hashlib

import msgspec
from msgspec.structs import replace

from pipeline.feed_records import FeedState, has_answered
from pipeline.feeds.arrival_rate import USUAL_PER_HOUR, time_until_expected, to_hours
from pipeline.feeds.feed_diff import FeedDiff, rate_after_silence
from pipeline.feeds.redirects import apply_redirect
from pipeline.records import Outcome, Reason, Record
from pipeline.settings import PollSettings, Source

# A feed that said "gone" (410) this often is asked weekly: such feeds do come back (rss-fetcher's experience).
GONE_TIMES = 3
_WEEK = dt.timedelta(days=7)
# How much of its document may be new at the next poll: the rest is the margin for a burst. With less more requests go
# into that, and none the fewer articles are missed: `newswire feeds simulate`
_TURNOVER = 0.5
_FULL_EVERY = dt.timedelta(hours=24)
# A feed or sitemap index that has listed nothing for so long is asked weekly (as news-crawl retires sitemaps).
_RETIRED_AFTER = dt.timedelta(days=180)
# How long a server that answered "not modified" untruly is asked in full each time.
_DISTRUST = dt.timedelta(days=30)
# Pages bear a time that is up to so much earlier than when they appear.
_TARDY = dt.timedelta(hours=2)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
# What keeps feeds that were added together from being due together ever after: the first wait is at least this share of
# what it would be, and a further one longer by a tenth at most.
_FIRST_WAIT, _JITTER = 0.25, 0.1
_CALLED_AGAIN = dt.timedelta(days=3650)  # a sitemap that only fills gaps is due when there is one

# How much each failure adds to the back-off, in waits; it grows linearly, as rss-fetcher's, whose weights these are.
# What passes by itself counts least, what a person must mend most.
_PASSING, _SOFT, _HARD = 0.25, 0.5, 1.0
_WEIGHTS = {
    Reason.TIMEOUT: _PASSING,
    Reason.CONNECTION: _PASSING,
    Reason.FORBIDDEN: _HARD,
    Reason.REFUSED_ADDRESS: _HARD,
    Reason.BAD_ADDRESS: _HARD,
    Reason.TOO_LARGE: _HARD,
    Reason.TOO_SLOW: _HARD,
    Reason.CRASHED: _HARD,
}
# From here on a feed counts as dead and is asked weekly. "A surprising number of feeds come back" (rss-fetcher)
_DEAD_STRAIN = 30.0


class PollResult(Record, frozen=True, kw_only=True):
    """What came of one poll. The seconds are the server's wishes, where it has any."""

    outcome: Outcome
    reason: Reason | None = None
    detail: str = ""
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    format: str | None = None
    fresh_seconds: float | None = None  # Cache-Control, Expires
    declared_seconds: float | None = None  # ttl, sy:updatePeriod
    retry_after: float | None = None
    not_modified: bool = False  # the server said so (304), not we
    full: bool = True  # whether it was asked for unconditionally
    leads_to: str | None = None  # where permanent redirects from the address led

    @property
    def succeeded(self) -> bool:
        """Tell whether the feed was read, or is known not to have changed."""
        return has_answered(self.outcome, self.reason)


class PollPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How a feed may be scheduled: what the operator set."""

    usual: dt.timedelta  # the interval of a feed with 100 articles a day
    shortest: dt.timedelta
    longest: dt.timedelta
    fixed: bool = False  # always the usual interval


def plan_polls(source: Source | None, settings: PollSettings) -> PollPlan:
    """Return how the feeds of ``source`` are scheduled: by its own interval, else adaptively."""
    minutes = source.interval_minutes if source else None
    usual = dt.timedelta(minutes=settings.interval_minutes if minutes is None else minutes)
    longest = max(usual, dt.timedelta(hours=settings.longest_hours))
    shortest = usual if minutes is not None else min(usual, dt.timedelta(minutes=settings.shortest_minutes))
    return PollPlan(usual=usual, shortest=shortest, longest=longest, fixed=minutes is not None)


def is_full_request(state: FeedState, now: dt.datetime) -> bool:
    """Tell whether a feed is asked for unconditionally: where nothing is known of it, once a day, and after a lie.

    Some servers answer "not modified" for ever. The hour differs from feed to feed.
    """
    if state.polled is None or not (state.etag or state.last_modified) or state.format == "sitemapindex":
        return True  # an index may stay as it is while the sitemaps in it change
    if state.lied and now - state.lied < _DISTRUST:
        return True
    offset = _FULL_EVERY * _share(state.url)
    return (now - _EPOCH + offset) // _FULL_EVERY != (state.polled - _EPOCH + offset) // _FULL_EVERY


def next_state(
    state: FeedState, result: PollResult, diff: FeedDiff | None, now: dt.datetime, plan: PollPlan
) -> FeedState:
    """Return what is remembered of a feed after ``result``; ``diff`` compares its document, if any, with the last one.

    After a failure the validators stay those of the last good answer, so that it is asked for again.
    """
    updated = _succeeded(state, result, diff, now) if result.succeeded else _failed(state, result, now)
    updated = apply_redirect(updated, result.leads_to, now, succeeded=result.succeeded)
    wait = _calm(updated, result, plan) if result.succeeded else _backed_off(updated, result, plan)
    every = wait.total_seconds() if result.succeeded else state.every
    due = now + (_CALLED_AGAIN if state.role == "sitemap" and result.succeeded else _spread(wait, state, result))
    return replace(updated, polled=now, due=due, every=every)


def _spread(wait: dt.timedelta, state: FeedState, result: PollResult) -> dt.timedelta:
    """Return a feed's wait, changed so that many feeds aren't due together; the first one is as long as servers ask."""
    share = _share(state.url)
    if state.polled or not result.succeeded:
        return wait * (1 + _JITTER * share)
    asked = _longer(result.fresh_seconds, result.declared_seconds)
    return _clamp(asked, wait * (_FIRST_WAIT + (1 - _FIRST_WAIT) * share), wait)


def state_after_outage(state: FeedState, now: dt.datetime, plan: PollPlan) -> FeedState:
    """Return the state of a feed whose failure was ours: nothing is held against it, it is asked again soon."""
    return replace(state, due=now + min(plan.usual, dt.timedelta(minutes=5)) * (1 + _share(state.url)))


def _succeeded(state: FeedState, result: PollResult, diff: FeedDiff | None, now: dt.datetime) -> FeedState:
    updated = replace(
        state,
        succeeded=now,
        failures=0,
        strain=0.0,
        reason=None,
        error=None,
        failing_since=None,
        unmodified=now if result.not_modified else state.unmodified,
        lied=now if _lied(state, result, diff) else state.lied,
    )
    if diff:
        return replace(
            updated,
            read=now,
            etag=result.etag,
            last_modified=result.last_modified,
            body_hash=result.body_hash,
            format=result.format,
            arrival_rate=diff.arrival_rate,
            seen=diff.entry_keys,
            empty_since=None if diff.window else state.empty_since or now,
            window=diff.window,
            newest=diff.newest,
            gap=now if diff.gap else state.gap,
        )
    # a 304 may renew the validators, but need not repeat them
    etag, last_modified = result.etag or state.etag, result.last_modified or state.last_modified
    return replace(updated, etag=etag, last_modified=last_modified, arrival_rate=rate_after_silence(state, now))


def _lied(state: FeedState, result: PollResult, diff: FeedDiff | None) -> bool:
    """Tell whether a full answer shows that the last "not modified", given since the last reading, kept entries back.

    It does by an entry from before that, or where nothing was new for long and all is at once.
    """
    if not (diff and result.full and state.unmodified and state.read) or state.unmodified <= state.read:
        return False
    if diff.earliest and diff.earliest < state.unmodified - _TARDY:
        return True
    asked = state.polled or state.unmodified
    return diff.gap is not None and state.unmodified - state.read > max(_TARDY, 2 * (asked - state.unmodified))


def _failed(state: FeedState, result: PollResult, now: dt.datetime) -> FeedState:
    weight = _WEIGHTS.get(result.reason, _SOFT) if result.reason else _SOFT
    return replace(
        state,
        failures=state.failures + 1,
        strain=state.strain + weight,
        reason=result.reason,
        error=f"{result.reason}: {result.detail}".rstrip(": "),
        failing_since=state.failing_since or now,
    )


def _calm(state: FeedState, result: PollResult, plan: PollPlan) -> dt.timedelta:
    """Return the wait after a good answer."""
    longest, rate = plan.longest, state.arrival_rate
    if state.empty_since and (state.succeeded or state.empty_since) - state.empty_since >= _RETIRED_AFTER:
        return max(longest, _WEEK)
    if plan.fixed or rate is None:
        return _clamp(_longer(result.fresh_seconds, result.declared_seconds), plan.usual, longest)
    usual = to_hours(plan.usual)
    turnover = max(_TURNOVER * state.window, 1.0)
    wait = time_until_expected(rate, waiting=USUAL_PER_HOUR * usual * usual / 2, arrivals=turnover, longest=longest)
    wait = min(max(wait, plan.shortest), longest)
    if result.declared_seconds:  # believed as long as what arrives bears it out
        wait = max(wait, min(_clamp(result.declared_seconds, wait, longest), _expects(state, 1.0, longest)))
    if result.fresh_seconds:  # a cache in between would answer the same; but not so long that entries get lost
        wait = max(wait, min(_clamp(result.fresh_seconds, wait, longest), _expects(state, turnover, longest)))
    return wait


def _expects(state: FeedState, arrivals: float, longest: dt.timedelta) -> dt.timedelta:
    return (
        time_until_expected(state.arrival_rate, arrivals=arrivals, longest=longest) if state.arrival_rate else longest
    )


def _backed_off(state: FeedState, result: PollResult, plan: PollPlan) -> dt.timedelta:
    """Return the wait after a failure: never shorter than while all went well, never for good."""
    longest = max(plan.longest, _WEEK)
    if result.reason is Reason.GONE:
        return plan.longest if state.failures < GONE_TIMES else longest
    base = max(plan.usual, dt.timedelta(seconds=state.every or 0.0))
    # the factor is capped before multiplying: a timedelta overflows
    wait = longest if state.strain >= _DEAD_STRAIN else min(base * max(state.strain, 1.0), plan.longest)
    return _clamp(result.retry_after, wait, max(wait, plan.longest))


def _longer(*seconds: float | None) -> float | None:
    return max((wait for wait in seconds if wait is not None), default=None)


def _clamp(seconds: float | None, low: dt.timedelta, high: dt.timedelta) -> dt.timedelta:
    return max(low, dt.timedelta(seconds=min(max(seconds or 0.0, 0.0), high.total_seconds())))


def _share(url: str) -> float:
    """Return a number from 0 to 1 that is always the same for ``url``."""
    return int.from_bytes(hashlib.sha256(url.encode()).digest()[:4], "big") / 2**32
