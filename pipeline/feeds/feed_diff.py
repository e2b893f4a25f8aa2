"""What arrived in a feed since its last poll, and did anything scroll off unseen? Pure: two documents are compared.

No entry in common proves that the feed turned over between two polls, unless what it lists now is no newer than what it
listed then: then its addresses have changed.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from pipeline.feed_records import ArrivalRate, FeedGap, FeedState
from pipeline.feeds import arrival_rate as rhythms

_KEY = 6  # bytes; among the 4,000 keys of the longest feed one is mistaken for another once in 10 million polls
_KEPT = 200  # keys at least: feeds that let entries come back would otherwise seem busy


class ListedEntry(NamedTuple):
    """An entry as its feed lists it: the article's id and when it says it was published."""

    id: str
    published: dt.datetime | None


class FeedDiff(NamedTuple):
    """What a document tells after the one before it."""

    rhythm: ArrivalRate
    entry_keys: bytes
    window: int
    newest: dt.datetime | None
    earliest: dt.datetime | None  # of the new entries, as far as they are newer than all before
    gap: FeedGap | None


def diff_feed(state: FeedState, listed: Sequence[ListedEntry], now: dt.datetime) -> FeedDiff:
    """Return what ``listed``, the entries of a feed as they stand in it, tells about the feed that ``state`` knows."""
    keys = [bytes.fromhex(one.id[: 2 * _KEY]) for one in listed]
    times = [one.published for one in listed if one.published and one.published <= now]
    known = [state.seen[at : at + _KEY] for at in range(0, len(state.seen), _KEY)]
    before = frozenset(known)
    fresh = [one for one, key in zip(listed, keys, strict=True) if key not in before]
    if state.rhythm is None or state.polled is None:
        rhythm = rhythms.initial_rhythm(times, now)
    else:
        middle = state.polled + (now - state.polled) / 2
        came = [one.published if one.published and state.polled <= one.published <= now else middle for one in fresh]
        rhythm = rhythms.update_rhythm(state.rhythm, came, now)
    newest = max(times, default=None)
    newer = [one.published for one in fresh if one.published and state.newest and one.published > state.newest]
    turned_over = bool(before) and bool(listed) and len(fresh) == len(listed)
    distinct = dict.fromkeys([*keys, *known])
    return FeedDiff(
        rhythm=rhythm,
        entry_keys=b"".join(list(distinct)[: max(_KEPT, 2 * len(keys))]),
        window=len(set(keys)),
        newest=max([time for time in (newest, state.newest) if time], default=None),
        earliest=min(newer, default=None),
        gap=_gap(state, times, len(listed), now) if turned_over else None,
    )


def remember_pushed(state: FeedState, listed: Sequence[ListedEntry], now: dt.datetime) -> FeedState:
    """Return what is remembered of a feed when ``listed``, entries of it, came without a poll.

    So the next poll finds them known: what came on another way has not scrolled off unseen.
    """
    if state.rhythm is None or state.polled is None or not listed:
        return state
    told = diff_feed(state, listed, now)
    return replace(state, seen=told.entry_keys, newest=told.newest, rhythm=told.rhythm)


def rhythm_after_silence(state: FeedState, now: dt.datetime) -> ArrivalRate | None:
    """Return the rhythm of a feed that has not changed."""
    return rhythms.update_rhythm(state.rhythm, (), now) if state.rhythm else None


def _gap(state: FeedState, times: Sequence[dt.datetime], count: int, now: dt.datetime) -> FeedGap | None:
    since, until = state.newest or state.polled, min(times, default=now)
    if since is None or until <= since:
        return None
    span = rhythms.to_hours(max(times) - until) if times else 0.0
    if span and len(times) > 1:  # as dense as the entries that it lists
        missed = (len(times) - 1) / span * rhythms.to_hours(until - since)
    else:
        missed = rhythms.mean_rate(state.rhythm) * rhythms.to_hours(now - since) - count if state.rhythm else 1.0
    # more than the feed ever publishes in such a time is not believed: entries may bear times of revision
    most = 10 * count
    return FeedGap(
        feed=state.url, source=state.source, since=since, until=until, missed=max(1, min(math.ceil(missed), most))
    )
