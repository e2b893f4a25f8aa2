"""Compare a feed's document with its last one: what arrived, and what scrolled off unseen. Pure.

No entry in common proves that the feed turned over between two polls, unless what it lists now is no newer than what it
listed then: then its addresses have changed.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from pipeline.feed_records import SEEN_KEY_BYTES, ArrivalRate, FeedGap, FeedState
from pipeline.feeds.arrival_rate import initial_rate, mean_rate, to_hours, update_rate

_MIN_KEYS = 200  # keys at least: feeds that let entries come back would otherwise seem busy


class ListedEntry(NamedTuple):
    """An entry as its feed lists it: the article's id and when it says it was published."""

    id: str
    published: dt.datetime | None


class FeedDiff(NamedTuple):
    """What a document tells, compared with the one before it."""

    arrival_rate: ArrivalRate
    entry_keys: bytes
    window: int
    newest: dt.datetime | None
    earliest: dt.datetime | None  # of the new entries, as far as they are newer than all before
    gap: FeedGap | None


def diff_feed(state: FeedState, listed: Sequence[ListedEntry], now: dt.datetime) -> FeedDiff:
    """Return what ``listed``, the entries of a feed as they stand in it, tells about the feed that ``state`` knows."""
    keys = [bytes.fromhex(entry.id[: 2 * SEEN_KEY_BYTES]) for entry in listed]
    times = [entry.published for entry in listed if entry.published and entry.published <= now]
    old_keys = [state.seen[at : at + SEEN_KEY_BYTES] for at in range(0, len(state.seen), SEEN_KEY_BYTES)]
    old = frozenset(old_keys)
    fresh = [entry for entry, key in zip(listed, keys, strict=True) if key not in old]
    if state.arrival_rate is None or state.polled is None:
        rate = initial_rate(times, now)
    else:
        middle = state.polled + (now - state.polled) / 2
        came = [
            entry.published if entry.published and state.polled <= entry.published <= now else middle for entry in fresh
        ]
        rate = update_rate(state.arrival_rate, came, now)
    newest = max(times, default=None)
    newer = [entry.published for entry in fresh if entry.published and state.newest and entry.published > state.newest]
    turned_over = bool(old) and bool(listed) and len(fresh) == len(listed)
    distinct = dict.fromkeys([*keys, *old_keys])
    return FeedDiff(
        arrival_rate=rate,
        entry_keys=b"".join(list(distinct)[: max(_MIN_KEYS, 2 * len(keys))]),
        window=len(set(keys)),
        newest=max([time for time in (newest, state.newest) if time], default=None),
        earliest=min(newer, default=None),
        gap=_find_gap(state, times, len(listed), now) if turned_over else None,
    )


def remember_pushed(state: FeedState, listed: Sequence[ListedEntry], now: dt.datetime) -> FeedState:
    """Return what is remembered of a feed when ``listed``, entries of it, came without a poll.

    So the next poll does not take what came on another way for entries that scrolled off unseen.
    """
    if state.arrival_rate is None or state.polled is None or not listed:
        return state
    diff = diff_feed(state, listed, now)
    return replace(state, seen=diff.entry_keys, newest=diff.newest, arrival_rate=diff.arrival_rate)


def rate_after_silence(state: FeedState, now: dt.datetime) -> ArrivalRate | None:
    """Return the arrival rate of a feed that has not changed."""
    return update_rate(state.arrival_rate, (), now) if state.arrival_rate else None


def _find_gap(state: FeedState, times: Sequence[dt.datetime], count: int, now: dt.datetime) -> FeedGap | None:
    """Return the gap between two documents without a common entry, None where their addresses have changed."""
    since, until = state.newest or state.polled, min(times, default=now)
    if since is None or until <= since:
        return None
    span = to_hours(max(times) - until) if times else 0.0
    if span and len(times) > 1:  # as dense as the entries that it lists
        missed = (len(times) - 1) / span * to_hours(until - since)
    else:
        missed = mean_rate(state.arrival_rate) * to_hours(now - since) - count if state.arrival_rate else 1.0
    # more than the feed ever publishes in such a time is not believed: entries may bear times of revision
    most = 10 * count
    return FeedGap(
        feed=state.url, source=state.source, since=since, until=until, missed=max(1, min(math.ceil(missed), most))
    )
