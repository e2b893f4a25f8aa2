"""How soon would a rule have seen what feeds published, and with how many requests? Traces replayed, no network."""

from __future__ import annotations

import bisect
import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from pipeline.feeds.policies import DuplicateShare, EntryFrequency, FixedInterval, Policy, PollAnswer, adaptive_policy
from pipeline.feeds.traces import Trace
from pipeline.records import Record

_LATE = 24.0  # hours: what hasn't been seen by then is missed
_ROUNDS = 10  # of the search for the interval that makes as many requests
_STRIDE = 1.2  # requests fall more slowly than intervals grow


class ReplayResult(NamedTuple):
    """What one rule did with one trace; delays in minutes."""

    requests: int
    delays: list[float]
    missed: int


class RuleResult(Record, frozen=True, kw_only=True):
    """One rule on one kind of feeds ("all": on all together).

    Of the delays (minutes) median and 95th percentile count what was missed as later than all the rest: None where
    that is reached, or nothing was published. The mean is of what was seen.
    """

    rule: str
    kind: str
    requests: int
    articles: int
    median: float | None
    p95: float | None
    mean: float | None
    missed: int


def replay_trace(trace: Trace, policy: Policy, *, since: float, until: float) -> ReplayResult:
    """Poll ``trace`` by ``policy`` until hour ``until``; count from hour ``since`` on, what came before is learning."""
    now = requests = 0.0
    known, seen_at = -1, dict[int, float]()
    while now < until:
        conditional = policy.is_conditional(now)
        requests += now >= since
        published = bisect.bisect_right(trace.arrivals, now)
        if any(begin <= now < end for begin, end in trace.broken):
            answer = PollAnswer(failed=True)
        elif conditional and (trace.lies or published == known):
            answer = PollAnswer()
        else:
            listed = range(published - 1, max(published - trace.window, 0) - 1, -1)
            for number in listed:
                if number in seen_at:
                    break
                seen_at[number] = now
            answer = PollAnswer([(number, trace.arrivals[number]) for number in listed])
            known = published
        now += max(policy.next_wait(now, answer), 1 / 3600)
    delays, missed = [], 0
    for number in range(bisect.bisect_left(trace.arrivals, since), bisect.bisect_left(trace.arrivals, until)):
        if number in seen_at:
            delays.append(60 * (seen_at[number] - trace.arrivals[number]))
        else:
            missed += until - trace.arrivals[number] > _LATE or number < known - trace.window
    return ReplayResult(int(requests), delays, missed)


def summarise_by_kind(rule: str, traces: Sequence[Trace], seen: Sequence[ReplayResult]) -> list[RuleResult]:
    """Return a row for each kind of ``traces``, the last for all."""
    kinds = [*dict.fromkeys(trace.kind for trace in traces), "all"]
    return [
        _row(rule, kind, [one for trace, one in zip(traces, seen, strict=True) if kind in {trace.kind, "all"}])
        for kind in kinds
    ]


def _row(rule: str, kind: str, seen: Iterable[ReplayResult]) -> RuleResult:
    seen = list(seen)
    delays = sorted(delay for one in seen for delay in one.delays)
    missed = sum(one.missed for one in seen)
    return RuleResult(
        rule=rule,
        kind=kind,
        requests=sum(one.requests for one in seen),
        articles=len(delays) + missed,
        median=_percentile(delays, missed, 0.5),
        p95=_percentile(delays, missed, 0.95),
        mean=round(statistics.fmean(delays), 1) if delays else None,
        missed=missed,
    )


def _percentile(delays: Sequence[float], missed: int, share: float) -> float | None:
    place = int(share * (len(delays) + missed))
    return round(delays[place], 1) if place < len(delays) else None


RIVALS: dict[str, Callable[[], Policy]] = {
    "every 15 min": lambda: FixedInterval(15),
    "entry frequency": EntryFrequency,
    "duplicate share": DuplicateShare,
}


def compare_rules(
    traces: Sequence[Trace], *, since: float, until: float, report: Callable[[Sequence[RuleResult]], None]
) -> None:
    """Give ``report`` the rows of each rival, then those of ours with the interval at which it asks as often."""
    before = 15.0
    for rule, make in RIVALS.items():
        theirs = [replay_trace(trace, make(), since=since, until=until) for trace in traces]
        report(summarise_by_kind(rule, traces, theirs))
        allowed = sum(one.requests for one in theirs)
        before, ours = match_requests(traces, allowed, before, since=since, until=until)
        report(summarise_by_kind(f"newswire {before:.1f} min", traces, ours))


def match_requests(
    traces: Sequence[Trace], allowed: int, guess: float, *, since: float, until: float
) -> tuple[float, list[ReplayResult]]:
    """Return the interval (minutes) at which ours makes nearly, but no more than, ``allowed`` requests, and its run.

    Where none is found, the run that comes nearest.
    """
    runs: list[tuple[float, int, list[ReplayResult]]] = []
    minutes, low, high = guess, 0.0, math.inf
    for _ in range(_ROUNDS):
        seen = [replay_trace(trace, adaptive_policy(trace.name, minutes), since=since, until=until) for trace in traces]
        made = sum(one.requests for one in seen)
        runs.append((minutes, made, seen))
        if 0.98 * allowed < made <= allowed:
            break
        low, high = (low, min(high, minutes)) if made <= allowed else (max(low, minutes), high)
        bracketed = low > 0 and high < math.inf
        minutes = math.sqrt(low * high) if bracketed else minutes * (made / allowed) ** _STRIDE
    best = min(runs, key=lambda one: (one[1] > allowed, abs(one[1] - allowed)))
    return best[0], best[2]
