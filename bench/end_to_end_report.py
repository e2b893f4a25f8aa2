"""Turn what a run from feeds to searches measured into figures, and print them. Pure but for the printing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from bench.web.server import Request
from bench.web.site import Web

STAGES = ("poll", "fetch", "extract", "dedupe", "enrich", "cluster", "index")
_ROLE_STAGES = {"feeds": "poll", "extract": "extract", "enrich": "enrich"}  # of workers that name themselves
_COLD_SECONDS = 30.0  # after newswire's start, while it loads what it needs
_MIB = 1024 * 1024


class Measured(NamedTuple):
    """What was seen of one run. Times in seconds since 1970, ``timeline``'s on the monotonic clock."""

    started: float  # when the server was
    began: float  # when newswire was
    seconds: float
    ending_seconds: float  # from SIGTERM to its end, 0 where it ended by itself
    cpu_by_role: dict[str, float]
    timeline: list[tuple[float, dict[str, float]]]
    peak_memory: int
    peak_by_role: dict[str, int]
    beside: dict[str, float]  # CPU seconds of server and prober
    searches: dict[str, float]
    found: dict[str, float]  # address → when a search found it
    requests: list[Request]
    articles: list[dict[str, Any]]  # what bench/ledger_times.py prints
    notes: dict[str, Any]  # of bench/sampled_newswire.py


def quantiles(values: Iterable[float]) -> dict[str, float] | None:
    """Return p50, p95 and max of some seconds, and how many there are; None where there are none."""
    ranked = sorted(values)
    if not ranked:
        return None
    at = {"p50": ranked[len(ranked) // 2], "p95": ranked[min(len(ranked) - 1, int(len(ranked) * 0.95))]}
    return {"n": len(ranked)} | {name: round(value, 3) for name, value in (at | {"max": ranked[-1]}).items()}


def first_listed(web: Web, requests: Sequence[Request]) -> dict[str, float]:
    """Return when a feed that newswire read first listed each article: by address, in seconds since 1970."""
    by_host: dict[str, list[str]] = {}
    for page in web.pages:
        by_host.setdefault(page.host, []).append(page.url)
    listed: dict[str, float] = {}
    counts: dict[str, int] = {}
    for request in requests:
        if request.listed is not None and request.listed > (known := counts.get(request.host, 0)):
            listed |= dict.fromkeys(by_host[request.host][known : request.listed], request.at)
            counts[request.host] = request.listed
    return listed


def politeness(requests: Sequence[Request], web: Web) -> dict[str, Any]:
    """Return what the server saw of a client's manners: pages that were asked for twice, and the least spacing."""
    pages = [(request.host, request.path) for request in requests if request.path.startswith("/news/")]
    last: dict[str, float] = {}
    gaps: dict[str, list[float]] = {"ordinary": [], "heavy": []}
    for request in requests:
        if request.path != "/robots.txt":
            kind = "heavy" if request.host in web.crawl_delays else "ordinary"
            if request.host in last:
                gaps[kind].append(request.at - last[request.host])
            last[request.host] = request.at
    return {
        "requests": len(requests),
        "pages_twice": len(pages) - len(set(pages)),
        "least_gap": {kind: round(min(values), 3) for kind, values in gaps.items() if values},
    }


def cpu_by_stage(measured: Measured) -> dict[str, float]:
    """Return CPU seconds of all processes by stage.

    The main process's are shared as the sampler saw them. Workers that name themselves tell their stage; the time of
    the others belongs to the stage at which the main thread was, if it is at one at a time, else to "workers".
    """
    notes = measured.notes
    sampled = sum(notes["by_stage"].values()) or 1.0
    scale = (measured.cpu_by_role.get("main", 0.0) - notes["sampler_cpu"]) / sampled
    spent = {stage: seconds * scale for stage, seconds in notes["by_stage"].items()}
    at_a_time = [(at, stage) for at, stage in notes["stages"]]
    for at, by_role in measured.timeline:
        for role, seconds in by_role.items():
            if role != "main":
                before = [stage for since, stage in at_a_time if since <= at]
                stage = _ROLE_STAGES.get(role) or (before[-1] if before and role == "workers" else role)
                name = f"{stage} (workers)"
                spent[name] = spent.get(name, 0.0) + seconds
    return spent


def stage_latencies(articles: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return, by stage, the seconds from the stage before (for fetch: from first sight) until it was saved."""
    steps: dict[str, list[float]] = {stage: [] for stage in STAGES[1:]}
    for article in articles:
        before = article["first_seen"]
        for stage in STAGES[1:]:
            if stage not in article["stages"]:
                break
            at = article["stages"][stage][0]
            steps[stage].append(at - before)
            before = at
    return {stage: quantiles(values) for stage, values in steps.items()}


def attempts_of(articles: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return how often a stage took each article that it had, in the mean."""
    counts: dict[str, list[int]] = {stage: [] for stage in STAGES[1:]}
    for article in articles:
        for stage in counts.keys() & article["stages"].keys():
            counts[stage].append(article["stages"][stage][2])
    return {stage: round(sum(values) / len(values), 2) for stage, values in counts.items() if values}


def outcomes_of(articles: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Return how many articles wait for which stage, were dropped or quarantined (with the reason), or are through."""
    counts: dict[str, int] = {}
    for article in articles:
        last = next((article["stages"][stage][1] for stage in reversed(STAGES) if stage in article["stages"]), "")
        waits = f"waits for {article['waits_for']}" if article["waits_for"] else "through"
        name = waits if article["state"] == "pending" else f"{article['state']}: {last}"
        counts[name] = counts.get(name, 0) + 1
    return counts


def report_of(measured: Measured, web: Web, *, alone: Any, heavy: str | None) -> dict[str, Any]:
    """Return all figures of a run; ``heavy`` is the host whose pages don't count for latency."""
    listed = first_listed(web, measured.requests)
    ordinary = {page.url for page in web.pages if page.host != heavy}
    found = {url: at for url, at in measured.found.items() if url in ordinary}
    articles = [article for article in measured.articles if article["url"] in ordinary]
    through = [a["stages"]["index"][0] for a in articles if "index" in a["stages"]]
    all_through = sum("index" in article["stages"] for article in measured.articles)
    span = (max(through) - measured.began) if through else measured.seconds
    cpu = sum(measured.cpu_by_role.values()) - measured.notes["sampler_cpu"]
    per_article = cpu / max(1, all_through)
    alone_rate, alone_cpu_rate = alone.pages / alone.wall, alone.pages / alone.cpu
    cores = len(os.sched_getaffinity(0))
    by_stage = {stage: round(1000 * s / max(1, all_through), 2) for stage, s in sorted(cpu_by_stage(measured).items())}
    return {
        "articles": all_through,
        "seconds": round(measured.seconds, 1),
        "articles_per_second": round(len(through) / span, 2),
        "cpu_ms_per_article": round(1000 * per_article, 1),
        "cpu_ms_by_stage": by_stage,
        "cpu_seconds_by_role": {role: round(seconds, 1) for role, seconds in measured.cpu_by_role.items()},
        "cores_busy": round(cpu / measured.seconds, 2),
        "alone_per_second": round(alone_rate, 2),
        "alone_cpu_ms": round(1000 / alone_cpu_rate, 1),
        "ratio": round(len(through) / span / alone_rate, 2),
        "ratio_by_cpu": round(cores / per_article / alone_cpu_rate, 2),
        "memory_mib": round(measured.peak_memory / _MIB),
        "memory_by_role_mib": {role: round(size / _MIB) for role, size in measured.peak_by_role.items()},
        "latency_from_listing": quantiles(at - listed[url] for url, at in found.items() if url in listed),
        "latency_when_warm": quantiles(
            at - listed[url] for url, at in found.items() if listed.get(url, 0.0) > measured.began + _COLD_SECONDS
        ),
        "latency_from_first_seen": quantiles(found[a["url"]] - a["first_seen"] for a in articles if a["url"] in found),
        "latency_by_stage": stage_latencies(articles),
        "attempts_per_article": attempts_of(measured.articles),
        "listed_but_not_found": len((listed.keys() & ordinary) - found.keys()),
        "outcomes": outcomes_of(articles),
        "outcomes_heavy": outcomes_of([a for a in measured.articles if a["url"] not in ordinary]),
        "manners": politeness(measured.requests, web),
        "ending_seconds": round(measured.ending_seconds, 2),
        "beside_cpu_seconds": {name: round(seconds, 1) for name, seconds in measured.beside.items()},
        "searches": measured.searches,
        "calls_on_threads": {
            name: [round(count / measured.seconds, 2), round(1000 * spent / max(1, all_through), 2)]
            for name, (count, spent) in sorted(measured.notes["calls"].items(), key=lambda call: -call[1][1])
        },
        "functions": {
            name: round(1000 * seconds / max(1, all_through), 2) for name, seconds in measured.notes["alone"].items()
        },
    }


def print_report(report: dict[str, Any]) -> None:
    """Print a report for people."""
    rate, alone, cores = report["articles_per_second"], report["alone_per_second"], report["cores_busy"]
    print(f"{report['articles']} articles searchable in {report['seconds']} s: {rate} a second, {cores} cores busy")
    print(f"trafilatura alone on one core: {alone} pages a second, {report['alone_cpu_ms']} ms CPU a page")
    print(f"ratio {report['ratio']}; by CPU time, with all cores busy, {report['ratio_by_cpu']}")
    print(f"ended within {report['ending_seconds']} s of SIGTERM")
    print(f"CPU {report['cpu_ms_per_article']} ms an article: " + _list(report["cpu_ms_by_stage"]))
    print(
        f"CPU seconds by process: {_list(report['cpu_seconds_by_role'])}; beside: {_list(report['beside_cpu_seconds'])}"
    )
    print(f"memory at its peak {report['memory_mib']} MiB: {_list(report['memory_by_role_mib'])}")
    for name in ("latency_from_listing", "latency_when_warm", "latency_from_first_seen"):
        print(f"{name.replace('_', ' ')}: {_list(report[name] or {})} s")
    for stage, seconds in report["latency_by_stage"].items():
        print(f"  {stage:8} {_list(seconds or {})} s")
    print(f"times that a stage took an article: {_list(report['attempts_per_article'])}")
    print(f"not found: {report['listed_but_not_found']}; articles: {_list(report['outcomes'])}")
    if report["outcomes_heavy"]:
        print(f"of the heavy host: {_list(report['outcomes_heavy'])}")
    print(f"manners: {_list(report['manners'])}; searches: {_list(report['searches'])}")
    print("calls on threads of the main process: a second, CPU ms an article:")
    for name, (calls, milliseconds) in list(report["calls_on_threads"].items())[:15]:
        print(f"  {calls:7.2f} {milliseconds:7.2f}  {name}")
    print("functions of the main process, CPU ms an article:")
    for name, milliseconds in list(report["functions"].items())[:15]:
        print(f"  {milliseconds:7.2f}  {name}")


def _list(figures: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in figures.items())
