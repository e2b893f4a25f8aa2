"""Define rules of polling: ours, as it runs, and those of others, as their sources state them.

A rule gets what a poll brought and says in how many hours it asks again. Times are hours since the traces' start.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from pipeline.feed_records import FeedState
from pipeline.feeds.feed_diff import ListedEntry, diff_feed
from pipeline.feeds.schedule import PollPlan, PollResult, is_full_request, next_state
from pipeline.records import Outcome, Reason
from pipeline.simulation.traces import START

_MINUTE = 1 / 60
_DAY = 24.0


class PollAnswer(NamedTuple):
    """What a poll brought: numbers and times of the entries, newest first; None for "not modified" or a failure."""

    entries: Sequence[tuple[int, float]] | None = None
    failed: bool = False


class Policy(Protocol):
    """One rule on behalf of one feed."""

    def is_conditional(self, now: float) -> bool:
        """Tell whether the next request is conditional."""

    def next_wait(self, now: float, answer: PollAnswer) -> float:
        """Return in how many hours the feed is polled again."""


class FixedInterval:
    """Every so many minutes, in full."""

    def __init__(self, minutes: float) -> None:
        self._wait = minutes * _MINUTE

    def is_conditional(self, now: float) -> bool:  # noqa: ARG002
        """Tell that it never is: nothing is remembered."""
        return False

    def next_wait(self, now: float, answer: PollAnswer) -> float:  # noqa: ARG002
        """Return the interval."""
        return self._wait


class EntryFrequency:
    """Miniflux's entry_frequency: a week by the count that the gaps of last week's entries suggest, 5 min to 24 h.

    Its stop after three errors is left out: a person undoes it sooner or later.
    """

    def __init__(self, factor: float = 1.0) -> None:
        self._factor = factor
        self._listed: dict[int, float] = {}
        self._asked = False

    def is_conditional(self, now: float) -> bool:  # noqa: ARG002
        """Tell that it is, but for the first time."""
        return self._asked

    def next_wait(self, now: float, answer: PollAnswer) -> float:
        """Return 7 d / (weekly count · factor), clamped."""
        self._asked = self._asked or not answer.failed
        self._listed.update(answer.entries or ())
        self._listed = {number: at for number, at in self._listed.items() if at > now - 7 * _DAY}
        times = sorted(self._listed.values())
        gap = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 0.0
        weekly = 7 * _DAY / gap if gap else float(len(times))
        return min(max(7 * _DAY / (weekly * self._factor), 5 * _MINUTE), _DAY) if weekly else _DAY


class DuplicateShare:
    """rss-fetcher's rule: the share of known entries in the document lengthens or shortens the interval."""

    def __init__(self) -> None:
        self._minutes, self._last = 360.0, -1.0  # DEFAULT_INTERVAL
        self._numbers: set[int] = set()
        self._good = False
        self._failures = 0.0

    def is_conditional(self, now: float) -> bool:  # noqa: ARG002
        """Tell that it never is (HTTP_CONDITIONAL_FETCH is off)."""
        return False

    def next_wait(self, now: float, answer: PollAnswer) -> float:
        """Return the interval, adjusted after two successes in a row; linear back-off after failures."""
        if answer.failed:
            self._good, self._failures = False, self._failures + 0.5
            return min(self._minutes * max(self._failures, 1.0), 1440) * _MINUTE
        self._failures = 0.0
        numbers = {number for number, _ in answer.entries or ()}
        fresh = numbers - self._numbers
        self._last = now if fresh else self._last
        share = 102.0 if not numbers else 100.0 * len(numbers & self._numbers) / len(numbers) if fresh else 101.0
        if self._good and share >= 67:  # noqa: PLR2004
            recent = now - self._last < 31 * _DAY or share < 100  # noqa: PLR2004
            self._minutes = min(self._minutes + (10 if recent else 60), 1440)
        elif self._good and share < 33:  # noqa: PLR2004
            self._minutes = 360 if self._minutes > 360 else max(self._minutes - 60, 10)  # noqa: PLR2004
        self._numbers |= numbers
        self._good = True
        return self._minutes * _MINUTE


class Adaptive:
    """Ours: what ``pipeline.feeds.schedule`` does, none of it imitated."""

    def __init__(self, name: str, scheduled: PollPlan) -> None:
        self._plan = scheduled
        self._state = FeedState(url=name, source="", due=START)
        self._listed: dict[int, ListedEntry] = {}

    def is_conditional(self, now: float) -> bool:
        """Tell what the schedule says."""
        return not is_full_request(self._state, _time(now))

    def next_wait(self, now: float, answer: PollAnswer) -> float:
        """Return when the next state is due."""
        at, arrivals = _time(now), None
        full = not self.is_conditional(now)
        if answer.failed:
            result = PollResult(outcome=Outcome.RETRY, reason=Reason.SERVER_ERROR)
        elif answer.entries is None:
            result = PollResult(outcome=Outcome.DROPPED, reason=Reason.NOT_MODIFIED, not_modified=not full, full=full)
        else:
            for number, when in answer.entries:
                if number not in self._listed:
                    self._listed[number] = ListedEntry(f"{number:012x}", _time(when))
            listed = [self._listed[number] for number, _ in answer.entries]
            arrivals = diff_feed(self._state, listed, at)
            result = PollResult(outcome=Outcome.DONE, etag="1", full=full)
        self._state = next_state(self._state, result, arrivals, at, self._plan)
        return (self._state.due - at).total_seconds() / 3600


def adaptive_policy(name: str, minutes: float) -> Adaptive:
    """Return our rule with ``minutes`` as poll.interval_minutes and defaults for the rest."""
    usual = dt.timedelta(minutes=minutes)
    shortest = min(usual, dt.timedelta(minutes=3))
    return Adaptive(name, PollPlan(usual=usual, shortest=shortest, longest=dt.timedelta(hours=24)))


def _time(hours: float) -> dt.datetime:
    return START + dt.timedelta(hours=hours)
