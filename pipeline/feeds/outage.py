"""Tell an outage of our own network from failures of servers. Pure.

Where most hosts that answered before fail at once, our network is down and nobody is blamed.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline import urls
from pipeline.feed_records import FeedState
from pipeline.records import Reason

# How our own network shows when it is down: names don't resolve, nothing can be connected to, answers don't come.
OUTAGE_REASONS = frozenset({Reason.CONNECTION, Reason.TIMEOUT})
# Fewer hosts than these may well be down together: publishers share providers.
_FEWEST_HOSTS = 5
_OUTAGE_SHARE = 0.5


def is_outage(results: Sequence[tuple[FeedState, Reason | None]]) -> bool:
    """Return whether what failed in one round of polls (state before it, reason of failure) failed because of us."""
    fine, failed = _sort_hosts(results)
    return len(failed) >= _FEWEST_HOSTS and len(failed) >= _OUTAGE_SHARE * (len(failed) + len(fine))


def is_conclusive(results: Sequence[tuple[FeedState, Reason | None]]) -> bool:
    """Return whether polls show whose fault a failure is: a host has answered since, or enough of them have not."""
    fine, failed = _sort_hosts(results)
    return bool(fine) or len(failed) >= _FEWEST_HOSTS


def _sort_hosts(results: Sequence[tuple[FeedState, Reason | None]]) -> tuple[set[str], set[str]]:
    """Return the hosts that answered, and those that failed as they do where our network is down.

    Only hosts that answered when they were last asked count: what is broken anyway proves nothing.
    """
    fine: set[str] = set()
    failed: set[str] = set()
    for state, reason in results:
        if state.failures or not state.succeeded:
            continue
        try:
            host = urls.host_and_port(state.address or state.url)
        except ValueError:
            continue
        (failed if reason in OUTAGE_REASONS else fine).add(host)
    return fine, failed - fine
