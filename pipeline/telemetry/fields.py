"""Define the fields of the documents of operations: outcomes, runs and samples, sources.

Mapping, Kibana's data views and documentation follow from it, as they do for articles from ``index.fields``.
"""

from __future__ import annotations

import enum
from typing import Any

import msgspec


class DocumentFamily(enum.StrEnum):
    """The kinds of indices; each has an alias, which ends so."""

    OUTCOMES = "outcomes"
    RUNS = "runs"
    SOURCES = "sources"


class OperationsField(msgspec.Struct, frozen=True):
    """A field: its name, its type in Elasticsearch, its meaning, and which documents have it ("" for all)."""

    name: str
    type: str
    meaning: str
    kinds: str = ""


_F = OperationsField
_STAGE = (
    _F("stage", "keyword", "poll, fetch, extract, dedupe, enrich, cluster or index", "stage, queue"),
    _F("stage_number", "byte", "1 to 7, to sort by", "stage, queue"),
)

FAMILIES: dict[DocumentFamily, tuple[OperationsField, ...]] = {
    DocumentFamily.OUTCOMES: (
        _F("@timestamp", "date", "when the outcome was saved"),
        _F("n", "long", "its number in the ledger"),
        _F("kind", "keyword", "attempt (of a stage), new (an article that poll saw first), changed (a new version)"),
        _F("subject", "keyword", "article or feed"),
        _F("stage", "keyword", "poll, fetch, extract, dedupe, enrich, cluster or index"),
        _F("stage_number", "byte", "1 to 7, to sort stages by"),
        _F("outcome", "keyword", "done, dropped, retry or quarantined"),
        _F("reason", "keyword", "why it isn't done"),
        _F("detail", "text", "the reason in words"),
        _F("status", "short", "the HTTP status of an answer that was no page and no feed"),
        _F("article", "keyword", "the article's id: leads to what happened to it", "article"),
        _F("feed", "keyword", "the feed's address, of polls", "feed"),
        _F("url", "keyword", "the article's address", "article"),
        _F("source", "keyword", "the outlet"),
        _F("host", "keyword", "which host was, or would be, asked"),
        _F("run", "keyword", "the run that it belongs to"),
        _F("command", "keyword", "what was started"),
        _F("age_seconds", "float", "since first sight of the article", "article"),
        _F("step_seconds", "float", "since the outcome before it of the same article: waiting and work", "article"),
        _F("latency_seconds", "float", "from first sight until a search finds it, the first time", "article"),
        _F("trace.id", "keyword", "the article's trace", "article"),
    ),
    DocumentFamily.RUNS: (
        _F("@timestamp", "date", "when the run began, or the minute of the sample"),
        _F("kind", "keyword", "run, stage (of a run), or a sample each minute: queue, host, program"),
        _F("run", "keyword", "the run's id", "run, stage"),
        _F("command", "keyword", "what was started", "run, stage, program"),
        _F("started_by", "keyword", "the person who started it", "run"),
        _F("state", "keyword", "running, well, failed or cut off", "run, stage"),
        _F("ended", "date", "when the run ended", "run"),
        _F("seconds", "float", "how long it took", "run"),
        _F("summary", "text", "what it did, in a line", "run"),
        _F("faults", "text", "why it has failed", "run"),
        _F("failed_sources", "keyword", "outlets of which no feed could be read", "run"),
        _F("feeds_asked", "integer", "feeds that it asked for", "run"),
        _F("feeds_failed", "integer", "feeds that failed", "run"),
        _F("new_articles", "integer", "articles that it was the first to see", "run"),
        _F("changed_articles", "integer", "articles that came in a new version", "run"),
        _F("indexed", "integer", "documents that it wrote", "run"),
        *_STAGE,
        _F("taken", "integer", "what the stage took: done + dropped + retry + quarantined", "stage"),
        _F("done", "integer", "of these, done", "stage"),
        _F("dropped", "integer", "of these, dropped", "stage"),
        _F("retry", "integer", "of these, to be tried again", "stage"),
        _F("quarantined", "integer", "of these, for a person to look at", "stage, queue"),
        _F("reasons", "keyword", "why what was not done wasn't", "stage"),
        _F("reason_counts", "flattened", "how often there was each reason", "stage"),
        _F("waiting", "integer", "articles that can be taken now, before the stage or for the host", "queue, host"),
        _F("in_hand", "integer", "articles that a worker has", "queue"),
        _F("later", "integer", "articles that are due later", "queue"),
        _F("held", "integer", "articles that an embargo holds back", "queue"),
        _F("oldest_seconds", "float", "how long the one waits that waits longest", "queue, host"),
        _F("bounded", "boolean", "whether there may be more than were counted", "queue"),
        _F("taken_per_second", "float", "articles a second that the stage took in the last minute", "queue"),
        _F("busy_share", "float", "of the last minute, at work: of all lanes together", "queue"),
        _F("ready_to_saved_p50_seconds", "float", "half of the last five minutes took no longer", "queue"),
        _F("ready_to_saved_p95_seconds", "float", "95 % of them took no longer", "queue"),
        _F("host", "keyword", "a host that is held or has most pages waiting", "host"),
        _F("is_held", "boolean", "whether the host wants to be left alone", "host"),
        _F("held_seconds", "float", "until the host may be asked again", "host"),
        _F("crawl_delay_seconds", "float", "between two requests to the host, by its robots.txt", "host"),
        _F("program", "keyword", "a running program: host, process id and a part of its own", "program"),
        _F("machine", "keyword", "on which machine", "program"),
        _F("version", "keyword", "of newswire", "program"),
        _F("memory_bytes", "long", "memory of all its processes", "program"),
        _F("processes", "integer", "the program and its workers", "program"),
        _F("workers_died", "integer", "workers that died since it was started", "program"),
        _F("cores", "float", "processor cores in use in the last minute", "program"),
        _F("searchable_per_second", "float", "articles a second that became searchable in the last minute", "program"),
        _F("latency_p50_seconds", "float", "half of the last five minutes were searchable so soon", "program"),
        _F("latency_p95_seconds", "float", "95 % of them were", "program"),
        _F("paused_stages", "keyword", "stages that can't work now", "program"),
        _F("pause_reasons", "text", "why they can't", "program"),
    ),
    DocumentFamily.SOURCES: (
        _F("@timestamp", "date", "when the source was looked at; of a day, its midnight (UTC)"),
        _F("kind", "keyword", "source (as it is now) or day (how a day of it went)"),
        _F("source", "keyword", "the outlet"),
        _F("country", "keyword", "its country, ISO 3166-1 alpha-2", "source"),
        _F("language", "keyword", "its language, ISO 639-1", "source"),
        _F("condition", "keyword", "of its worst feed: gone, failing, gapped, late, silent … well", "source"),
        _F("why", "text", "the condition in words", "source"),
        _F("reason", "keyword", "why its worst feed failed last, where it fails", "source"),
        _F("needs_somebody", "boolean", "whether a person should look at it", "source"),
        _F("has_drifted", "boolean", "whether its pages are built otherwise than they were", "source"),
        _F("drift", "text", "what its pages no longer have, in words", "source"),
        _F("since", "date", "since when the condition lasts", "source"),
        _F("latest", "date", "when its feeds last named a new article", "source"),
        _F("last_ok", "date", "when a feed of it was last read well", "source"),
        _F("silent_hours", "float", "hours since its latest article", "source"),
        _F("feeds", "integer", "how many feeds it has", "source"),
        _F("feeds_failing", "integer", "how many of them fail", "source"),
        _F("failures", "integer", "failures in a row, of its worst feed", "source"),
        _F("quarantined", "integer", "articles that a person should look at", "source"),
        _F("missed", "integer", "articles that scrolled off its feeds unseen in the last day, by estimate", "source"),
        _F("polls_today", "integer", "polls of its feeds today", "source"),
        _F("failed_today", "integer", "polls today that failed", "source"),
        _F("articles_today", "integer", "new articles today", "source"),
        _F("per_day", "float", "articles a day, as learnt", "source"),
        _F("every_minutes", "float", "the shortest interval of its feeds", "source"),
        _F("polls", "integer", "of a day: polls", "day"),
        _F("failed", "integer", "of a day: polls that failed", "day"),
        _F("articles", "integer", "of a day: new articles", "day"),
    ),
}  # fmt: skip

_KEYWORD = {"type": "keyword", "ignore_above": 1024}


def mapping_of(family: DocumentFamily) -> dict[str, Any]:
    """Return the mapping of the indices of a family."""
    return {
        "dynamic": False,
        "properties": {field.name: _property(field.type) for field in FAMILIES[family]},
    }


def _property(kind: str) -> dict[str, Any]:
    return _KEYWORD if kind == "keyword" else {"type": kind}
