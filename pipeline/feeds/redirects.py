"""Follow feeds that moved for good: a permanent redirect is believed after a week. Pure.

Sites send all addresses elsewhere for an hour while they are mended; a week of the same answer is meant.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from urllib.parse import urlsplit

from msgspec.structs import replace

from pipeline.feed_records import FeedState
from pipeline.fetch.client import Hop
from pipeline.records import Reason

_SEVEN_DAYS = dt.timedelta(days=7)
_PERMANENT = frozenset({301, 308})
# A new address that fails so often in a row was none: the old one is asked again.
_GIVEN_UP = 3
_NOT_THERE = frozenset({Reason.NOT_FOUND, Reason.GONE, Reason.NOT_FEED, Reason.BAD_ADDRESS, Reason.TOO_MANY_REDIRECTS})


def permanent_target(hops: Sequence[Hop], final_url: str) -> str | None:
    """Return where the permanent redirects at the beginning of a chain end; None where the first one isn't."""
    target = None
    addresses = [*(hop.url for hop in hops), final_url]
    for hop, onward in zip(hops, addresses[1:], strict=True):
        if hop.status not in _PERMANENT:
            break
        target = onward
    return target


def apply_redirect(state: FeedState, target: str | None, now: dt.datetime, *, succeeded: bool) -> FeedState:
    """Return ``state`` with what a poll that was led to ``target`` (None: nowhere) says about the feed's address.

    Only a poll that found a feed says anything: a redirect to an error page moves nothing.
    """
    if not succeeded:
        lost = state.address and state.failures >= _GIVEN_UP and state.reason in _NOT_THERE
        return replace(state, address=None, moved_to=None, moved_since=None) if lost else state
    if target is None or target == (state.address or state.url):
        return replace(state, moved_to=None, moved_since=None) if state.moved_to else state
    stood = state.moved_to == target and state.moved_since and now - state.moved_since >= _SEVEN_DAYS
    if stood or _is_secured(state.address or state.url, target):
        return replace(state, address=target, moved_to=None, moved_since=None)
    if state.moved_to == target:
        return state
    return replace(state, moved_to=target, moved_since=now)


def _is_secured(old_url: str, new_url: str) -> bool:
    """Tell whether ``new_url`` is ``old_url`` with https in place of http and all else alike."""
    old, new = urlsplit(old_url), urlsplit(new_url)
    return (old.scheme, new.scheme) == ("http", "https") and (old.netloc, old.path, old.query) == (
        new.netloc,
        new.path,
        new.query,
    )
