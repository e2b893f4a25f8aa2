"""Define Kibana's data views of how the pipeline does: outcomes, runs and samples, sources.

Names and types are those of the indices that newswire writes beside the articles when it is told to. Fields that no
panel or search of ours needs are left to Kibana, which learns them from the index.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.kibana.data_views import MINUTES, SECONDS, DataView, page_link

TIME_FIELD = "@timestamp"

_OUTCOMES: Mapping[str, tuple[str, str]] = {
    TIME_FIELD: ("date", "when the outcome was saved"),
    "n": ("long", "its number in the ledger"),
    "kind": (
        "keyword",
        "attempt (of a stage), new (poll was the first to see an article), changed (it came in a new version)",
    ),
    "subject": ("keyword", "article or feed (polls)"),
    "stage": ("keyword", "poll, fetch, extract, dedupe, enrich, cluster or index"),
    "stage_number": ("byte", "1 to 7, to sort stages by"),
    "outcome": ("keyword", "done, dropped, retry or quarantined"),
    "reason": ("keyword", "why it is not done"),
    "detail": ("text", "the reason in words"),
    "article": ("keyword", "the article's id: leads to what happened to it"),
    "feed": ("keyword", "the feed's address, of polls"),
    "url": ("keyword", "the article's address"),
    "source": ("keyword", "the outlet"),
    "host": ("keyword", "which host was asked"),
    "run": ("keyword", "the run that it belongs to"),
    "command": ("keyword", "what was started"),
    "age_seconds": ("float", "since the article was first seen"),
    "step_seconds": ("float", "since the outcome before it of the same article or feed: waiting and work"),
    "latency_seconds": ("float", "from first sight until it could be found, on the first time that it was indexed"),
    "trace.id": ("keyword", "the article's trace"),
}

_RUNS: Mapping[str, tuple[str, str]] = {
    TIME_FIELD: ("date", "when the run began, or when the sample was taken"),
    "kind": ("keyword", "run, stage (of a run), or a sample each minute: queue, host, program"),
    "run": ("keyword", "the run's id"),
    "command": ("keyword", "what was started"),
    "started_by": ("keyword", "who started it"),
    "state": ("keyword", "running, well, failed or cut off"),
    "ended": ("date", "when the run ended"),
    "seconds": ("float", "how long it took"),
    "summary": ("text", "what it did, in words"),
    "faults": ("text", "what went wrong, in words"),
    "feeds_asked": ("integer", "feeds that it asked for"),
    "feeds_failed": ("integer", "feeds that failed"),
    "new_articles": ("integer", "articles that it was the first to see"),
    "changed_articles": ("integer", "articles that came in a new version"),
    "indexed": ("integer", "documents that it wrote"),
    "failed_sources": ("keyword", "outlets that failed"),
    "stage": ("keyword", "poll, fetch, extract, dedupe, enrich, cluster or index"),
    "stage_number": ("byte", "1 to 7, to sort stages by"),
    "taken": ("integer", "what the stage took in hand"),
    "done": ("integer", "of these, done"),
    "dropped": ("integer", "of these, dropped"),
    "retry": ("integer", "of these, to be tried again"),
    "quarantined": ("integer", "of these, for a person to look at"),
    "reasons": ("keyword", "why what was not done wasn't"),
    "waiting": ("integer", "articles that wait before the stage, or for the host"),
    "in_hand": ("integer", "articles that a worker has"),
    "later": ("integer", "articles whose time to be tried again has not come"),
    "held": ("integer", "articles that wait for a host"),
    "oldest_seconds": ("float", "how long the oldest of them has waited"),
    "busy_share": ("float", "the share of their time that the stage's workers work"),
    "taken_per_second": ("float", "articles a second that the stage takes"),
    "ready_to_saved_p50_seconds": ("float", "half of the articles take no longer from ready to saved"),
    "ready_to_saved_p95_seconds": ("float", "95 % of the articles take no longer from ready to saved"),
    "host": ("keyword", "a host that is held or has most pages waiting"),
    "held_seconds": ("float", "until the host may be asked again"),
    "is_held": ("boolean", "whether the host is held"),
    "program": ("keyword", "a running program: machine, process"),
    "machine": ("keyword", "on which machine"),
    "version": ("keyword", "of newswire"),
    "memory_bytes": ("long", "memory of the program and its workers"),
    "processes": ("integer", "the program and its workers"),
    "workers_died": ("integer", "workers that died"),
    "cores": ("float", "processor cores in use"),
    "searchable_per_second": ("float", "articles a second that become searchable"),
    "latency_p50_seconds": ("float", "half of the articles can be found this soon after first sight"),
    "latency_p95_seconds": ("float", "95 % of the articles can be found this soon after first sight"),
    "paused_stages": ("keyword", "stages that can't work now"),
}

_SOURCES: Mapping[str, tuple[str, str]] = {
    TIME_FIELD: ("date", "when it was read; of a day, its midnight (UTC)"),
    "kind": ("keyword", "source (as it is now) or day (how a day of it went)"),
    "source": ("keyword", "the outlet"),
    "country": ("keyword", "its country, ISO 3166-1 alpha-2"),
    "language": ("keyword", "its language, ISO 639-1"),
    "condition": (
        "keyword",
        "gone, failing, gapped, late, silent, empty, moved, lying, new or well: of its worst feed",
    ),
    "reason": ("keyword", "why its worst feed failed last"),
    "why": ("text", "the condition in words"),
    "drift": ("text", "what its pages no longer have, in words"),
    "needs_somebody": ("boolean", "whether a person should look at it"),
    "has_drifted": ("boolean", "whether its pages are built otherwise than they were"),
    "since": ("date", "since when the condition lasts"),
    "latest": ("date", "when its latest article was seen"),
    "last_ok": ("date", "when a feed of it was last read well"),
    "silent_hours": ("float", "hours since its latest article"),
    "feeds": ("integer", "how many feeds it has"),
    "feeds_failing": ("integer", "how many of them fail"),
    "failures": ("integer", "failures in a row, of its worst feed"),
    "quarantined": ("integer", "articles that a person should look at"),
    "missed": ("integer", "articles that scrolled off its feeds unseen in the last day, by estimate"),
    "polls_today": ("integer", "polls of its feeds today"),
    "failed_today": ("integer", "polls today that failed"),
    "articles_today": ("integer", "new articles today"),
    "per_day": ("float", "articles a day, as learnt"),
    "every_minutes": ("float", "how often its busiest feed is asked for"),
    "polls": ("integer", "of a day: polls"),
    "failed": ("integer", "of a day: polls that failed"),
    "articles": ("integer", "of a day: new articles"),
}

_HOURS = {**MINUTES, "params": {**MINUTES["params"], "inputFormat": "hours"}}  # type: ignore[dict-item]


def outcome_view(prefix: str, pages_url: str) -> DataView:
    """Return the data view of what became of each article and poll at each attempt of a stage."""
    formats = {
        "article": page_link(pages_url, "explain"),
        "run": page_link(pages_url, "runs"),
        **dict.fromkeys(("age_seconds", "step_seconds", "latency_seconds"), SECONDS),
    }
    return _view(f"{prefix}-outcomes", "newswire-outcomes", "newswire outcomes", _OUTCOMES, formats)


def run_view(prefix: str, pages_url: str) -> DataView:
    """Return the data view of runs, and of what was sampled each minute."""
    seconds = [name for name, (kind, _) in _RUNS.items() if name.endswith("seconds") and kind == "float"]
    formats = {
        "run": page_link(pages_url, "runs"),
        "memory_bytes": {"id": "bytes"},
        "busy_share": {"id": "percent", "params": {"pattern": "0%"}},
        **dict.fromkeys(seconds, SECONDS),
    }
    return _view(f"{prefix}-runs", "newswire-runs", "newswire runs", _RUNS, formats)


def source_view(prefix: str, pages_url: str) -> DataView:
    """Return the data view of how each source does."""
    formats = {"source": page_link(pages_url, "sources"), "silent_hours": _HOURS, "every_minutes": MINUTES}
    return _view(f"{prefix}-sources", "newswire-sources", "newswire sources", _SOURCES, formats)


def _view(
    pattern: str,
    view_id: str,
    name: str,
    fields: Mapping[str, tuple[str, str]],
    formats: Mapping[str, Mapping[str, Any]],
) -> DataView:
    return DataView(
        id=view_id,
        pattern=pattern,
        name=name,
        time_field=TIME_FIELD,
        types={field: kind for field, (kind, _) in fields.items()},
        descriptions={field: meaning for field, (_, meaning) in fields.items()},
        formats=formats,
    )
