"""Replay arrival traces against rules of polling, and count requests, delays and what was missed.

No network is asked: a trace answers as its server would have.
"""

from __future__ import annotations

import bisect
import math
import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

from pipeline.records import Record
from pipeline.simulation.policies import (
    DuplicateShare,
    EntryFrequency,
    FixedInterval,
    Policy,
    PollAnswer,
    adaptive_policy,
)
from pipeline.simulation.traces import Trace

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
    last_count, seen_at = -1, dict[int, float]()
    while now < until:
        conditional = policy.is_conditional(now)
        requests += now >= since
        published = bisect.bisect_right(trace.arrivals, now)
        if any(begin <= now < end for begin, end in trace.broken):
            answer = PollAnswer(failed=True)
        elif conditional and (trace.lies or published == last_count):
            answer = PollAnswer()
        else:
            listed = range(published - 1, max(published - trace.window, 0) - 1, -1)
            for number in listed:
                if number in seen_at:
                    break
                seen_at[number] = now
            answer = PollAnswer([(number, trace.arrivals[number]) for number in listed])
            last_count = published
        now += max(policy.next_wait(now, answer), 1 / 3600)
    delays, missed = [], 0
    for number in range(bisect.bisect_left(trace.arrivals, since), bisect.bisect_left(trace.arrivals, until)):
        if number in seen_at:
            delays.append(60 * (seen_at[number] - trace.arrivals[number]))
        else:
            missed += until - trace.arrivals[number] > _LATE or number < last_count - trace.window
    return ReplayResult(int(requests), delays, missed)


def summarise_by_kind(rule: str, traces: Sequence[Trace], results: Sequence[ReplayResult]) -> list[RuleResult]:
    """Return the result of a rule for each kind of ``traces``, the last one for all kinds together."""
    kinds = [*dict.fromkeys(trace.kind for trace in traces), "all"]
    return [
        _rule_result(
            rule, kind, [result for trace, result in zip(traces, results, strict=True) if kind in {trace.kind, "all"}]
        )
        for kind in kinds
    ]


def _rule_result(rule: str, kind: str, results: Sequence[ReplayResult]) -> RuleResult:
    delays = sorted(delay for result in results for delay in result.delays)
    missed = sum(result.missed for result in results)
    return RuleResult(
        rule=rule,
        kind=kind,
        requests=sum(result.requests for result in results),
        articles=len(delays) + missed,
        median=_percentile(delays, missed, 0.5),
        p95=_percentile(delays, missed, 0.95),
        mean=round(statistics.fmean(delays), 1) if delays else None,
        missed=missed,
    )


def _percentile(delays: Sequence[float], missed: int, share: float) -> float | None:
    index = int(share * (len(delays) + missed))
    return round(delays[index], 1) if index < len(delays) else None


RIVALS: dict[str, Callable[[], Policy]] = {
    "every 15 min": lambda: FixedInterval(15),
    "entry frequency": EntryFrequency,
    "duplicate share": DuplicateShare,
}


def compare_rules(
    traces: Sequence[Trace], *, since: float, until: float, report: Callable[[Sequence[RuleResult]], None]
) -> None:
    """Give ``report`` the results of each rival, then those of ours with the interval at which it asks as often."""
    minutes = 15.0
    for rule, make in RIVALS.items():
        results = [replay_trace(trace, make(), since=since, until=until) for trace in traces]
        report(summarise_by_kind(rule, traces, results))
        allowed = sum(result.requests for result in results)
        minutes, ours = match_requests(traces, allowed, minutes, since=since, until=until)
        report(summarise_by_kind(f"newswire {minutes:.1f} min", traces, ours))


def match_requests(
    traces: Sequence[Trace], allowed: int, guess: float, *, since: float, until: float
) -> tuple[float, list[ReplayResult]]:
    """Return the interval (minutes) at which ours makes nearly, but no more than, ``allowed`` requests, and its run.

    Where none is found, the run that comes nearest.
    """
    runs: list[tuple[float, int, list[ReplayResult]]] = []
    minutes, low, high = guess, 0.0, math.inf
    for _ in range(_ROUNDS):
        run = [replay_trace(trace, adaptive_policy(trace.name, minutes), since=since, until=until) for trace in traces]
        requests = sum(result.requests for result in run)
        runs.append((minutes, requests, run))
        if 0.98 * allowed < requests <= allowed:
            break
        low, high = (low, min(high, minutes)) if requests <= allowed else (max(low, minutes), high)
        bracketed = low > 0 and high < math.inf
        minutes = math.sqrt(low * high) if bracketed else minutes * (requests / allowed) ** _STRIDE
    best = min(runs, key=lambda run: (run[1] > allowed, abs(run[1] - allowed)))
    return best[0], best[2]
