"""Tell figures in words, on one line: for a log, a status, and a terminal that shows no more.

Rates are those of the last minute, latency and failures those of the last five.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.figures.histogram import Histogram
from pipeline.figures.overview import Overview, ProgramStanding, ProgramState
from pipeline.figures.queues import HostBacklog, StageBacklog
from pipeline.figures.run_figures import FigureWindow, StagePause

_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"))
_MOST_FAILURES = 3  # kinds of failures on a line
_MEBIBYTE = 2**20
_WHOLE = 9.95  # from which on a number is told without a digit behind the point


def describe_duration(seconds: float) -> str:
    """Return a duration as a person reads it: two digits, or minutes, hours and days."""
    for size, unit in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{_digits(seconds)} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def describe_count(count: int, *, is_bounded: bool = False) -> str:
    """Return a count, with a plus where there may be more than were counted."""
    return f"{count:,}+" if is_bounded else f"{count:,}"


def describe_rate(rate: float) -> str:
    """Return a rate a second."""
    return f"{_digits(rate)}/s"


def describe_latency(histogram: Histogram) -> str:
    """Return the middle and the long end of durations, "-" where there are none."""
    parts = [f"p{percent} {describe_duration(histogram.percentile(percent) or 0)}" for percent in (50, 95)]
    return " ".join(parts) if histogram.count else "-"


def describe_memory(size: int) -> str:
    """Return a size in mebibytes."""
    return f"{size / _MEBIBYTE:,.0f} MiB"


def searchable_rate(window: FigureWindow) -> float:
    """Return how many articles a second became searchable."""
    return window.rate(window.figures.searchable_seconds.count)


def describe_programs(overview: Overview) -> str:
    """Return how many programs run and how they fare, and which are missing."""
    count = len(overview.running)
    parts = [f"running: {count} program{_plural(count)}"]
    if count:
        parts += [f"{_digits(searchable_rate(overview.recent))} articles/s"]
        if overview.lately.figures.searchable_seconds.count:
            parts += [describe_latency(overview.lately.figures.searchable_seconds)]
        parts += dict.fromkeys(stages for stages, _ in name_pauses(overview))
    return ", ".join(parts + [describe_standing(program) for program in overview.programs if _is_missing(program)])


def name_pauses(overview: Overview) -> list[tuple[str, StagePause]]:
    """Return which stages pause, in words, and why: those that pause for one reason together, since the first did."""
    by_reason: dict[str, dict[str, None]] = {}
    first: dict[str, StagePause] = {}
    for stage, pause in overview.pauses:
        by_reason.setdefault(pause.reason, {})[stage] = None
        first[pause.reason] = min(pause, first.get(pause.reason, pause), key=lambda each: each.since)
    return [
        (f"{', '.join(stages)} {'pauses' if len(stages) == 1 else 'pause'}", first[reason])
        for reason, stages in by_reason.items()
    ]


def describe_standing(program: ProgramStanding) -> str:
    """Return which program it is and how it is with it."""
    name = f"{program.figures.host} pid {program.figures.pid}"
    silent = describe_duration(program.silent_seconds)
    match program.state:
        case ProgramState.RUNNING:
            return f"{name} running"
        case ProgramState.ENDED:
            return f"{name} ended {silent} ago"
        case ProgramState.DEAD:
            return f"{name} died, not heard of for {silent}"
        case ProgramState.SILENT:
            return f"{name} not heard of for {silent}"


def describe_overview(overview: Overview) -> str:
    """Return all that matters on one line, with the time (UTC) before it."""
    recent, lately = overview.recent, overview.lately
    rates = [
        f"{queue.stage} {describe_rate(recent.rate(figures.taken_total))}"
        for queue in overview.queues
        if (figures := recent.figures.stages.get(queue.stage)) and figures.taken_total
    ]
    parts = [
        f"{overview.at:%H:%M:%S} {_digits(searchable_rate(recent))} articles/s searchable",
        f"latency {describe_latency(lately.figures.searchable_seconds)}",
        *([", ".join(rates)] if rates else []),
        *_describe_waiting(overview),
        *_describe_hosts(overview.hosts),
        *_describe_failures(lately),
        *(f"{stages}: {pause.reason}" for stages, pause in name_pauses(overview)),
    ]
    if running := overview.running:
        memory = sum(figures.memory_bytes for figures in running)
        parts.append(f"{describe_memory(memory)}, {recent.rate(recent.figures.cpu_seconds_total):.1f} cores")
    parts += [describe_standing(program) for program in overview.programs if _is_missing(program)]
    return "; ".join(parts)


def _is_missing(program: ProgramStanding) -> bool:
    """Tell whether a program should run and doesn't."""
    return program.state in {ProgramState.SILENT, ProgramState.DEAD}


def _describe_waiting(overview: Overview) -> list[str]:
    waiting = [
        f"{queue.stage} {describe_count(queue.waiting + queue.in_hand, is_bounded=queue.bounded)}"
        + _since(queue, overview)
        for queue in overview.queues
        if queue.waiting + queue.in_hand
    ]
    return [f"waiting: {', '.join(waiting)}"] if waiting else []


def _since(queue: StageBacklog, overview: Overview) -> str:
    if queue.oldest is None:
        return ""
    return f" ({describe_duration(max(0.0, (overview.at - queue.oldest).total_seconds()))})"


def _describe_hosts(hosts: Sequence[HostBacklog]) -> list[str]:
    held = sum(host.held_until is not None for host in hosts)
    return [f"{held} host{_plural(held)} held"] if held else []


def _describe_failures(lately: FigureWindow) -> list[str]:
    failures = list(lately.figures.failures().items())
    told = [f"{stage} {reason} {count:,}" for (stage, reason), count in failures[:_MOST_FAILURES]]
    if further := sum(count for _, count in failures[_MOST_FAILURES:]):
        told.append(f"{further:,} more")
    return [f"failed: {', '.join(told)}"] if told else []


def _digits(number: float) -> str:
    return f"{number:,.0f}" if number >= _WHOLE else f"{number:.1f}"


def _plural(count: int) -> str:
    return "" if count == 1 else "s"
