"""Choose at which hosts requests are made next. Pure but for the queue, which holds who waits.

Hosts are served in turn. Of each only so much is taken as can be asked within the next few seconds, so that a host with
a thousand pages, or with minutes between two requests, keeps its own pages waiting and nobody else's.
"""

from __future__ import annotations

import collections
import heapq
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

# How far ahead requests are taken on. Longer, and a fresh article would wait behind older ones that were taken before.
AHEAD_SECONDS = 4.0
# Of a host that wants no time between its requests.
MOST_PER_HOST = 16


class WaitingTurn(NamedTuple):
    """A host at which something waits: its provider, and how many more requests may be taken on now."""

    host: str
    provider: str
    turns: int


def turns_within(ready_in: float, delay: float, *, taken: int = 0, ahead: float = AHEAD_SECONDS) -> int:
    """Return how many more requests may be taken on that start within ``ahead`` seconds.

    Args:
        ready_in: seconds until the next request that isn't taken on yet may start.
        delay: seconds between two requests.
        taken: how many are taken on already and not over.
        ahead: seconds.
    """
    if ready_in > ahead:
        return 0
    room = max(MOST_PER_HOST - taken, 0)
    if (room - 1) * delay <= ahead - ready_in:
        return room
    return math.floor((ahead - ready_in) / delay) + 1


def choose_turns(
    waiting: Iterable[WaitingTurn], *, room: int, per_provider: int, taken: Mapping[str, int]
) -> dict[str, int]:
    """Return host → how many requests are taken on at it, in the order in which the hosts wait.

    Each host gets one before any gets a second.

    Args:
        waiting: the hosts, those that have waited longest first.
        room: how many may be taken on at all.
        per_provider: how many of one provider may be taken on and not over.
        taken: provider → how many are.
    """
    chosen: dict[str, int] = {}
    by_provider = collections.Counter(taken)
    left: list[WaitingTurn] = []
    for turn in waiting:
        if room <= 0:
            break
        if turn.turns > 0 and by_provider[turn.provider] < per_provider:
            chosen[turn.host] = 1
            by_provider[turn.provider] += 1
            room -= 1
            if turn.turns > 1:
                left.append(turn._replace(turns=turn.turns - 1))
    while left and room > 0:
        again: list[WaitingTurn] = []
        for turn in left:
            if room > 0 and by_provider[turn.provider] < per_provider:
                chosen[turn.host] += 1
                by_provider[turn.provider] += 1
                room -= 1
                if turn.turns > 1:
                    again.append(turn._replace(turns=turn.turns - 1))
        left = again
    return chosen


class HostQueue:
    """The hosts at which something waits, those that are ready in the order in which they became so.

    Times are those of the loop's clock, in seconds.
    """

    def __init__(self) -> None:
        self._ready: dict[str, None] = {}  # in order
        self._later: dict[str, float] = {}  # host → when it is ready
        self._heap: list[tuple[float, str]] = []  # of what is in _later, and of what no longer is

    def __len__(self) -> int:
        return len(self._ready) + len(self._later)

    def __contains__(self, host: str) -> bool:
        return host in self._ready or host in self._later

    def add(self, host: str, ready_at: float) -> None:
        """Let ``host`` wait from then on; nothing changes where it does already."""
        if host not in self:
            self._later[host] = ready_at
            heapq.heappush(self._heap, (ready_at, host))

    def discard(self, host: str) -> None:
        """Let ``host`` wait no longer."""
        self._ready.pop(host, None)
        self._later.pop(host, None)

    def ready(self, now: float) -> Iterator[str]:
        """Yield the hosts that are ready, those longest so first; the queue doesn't change meanwhile."""
        while self._heap and self._heap[0][0] <= now:
            at, host = heapq.heappop(self._heap)
            if self._later.get(host) == at:
                del self._later[host]
                self._ready[host] = None
        yield from self._ready

    def next_ready(self) -> float | None:
        """Return when the next host becomes ready that isn't yet, None where none waits."""
        while self._heap and self._later.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None
