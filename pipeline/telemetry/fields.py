"""Define the fields of the documents of operations: outcomes, runs and samples, sources.

Mapping and documentation follow from it, as they do for articles from ``index.fields``.
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
        _F("stage_number", "byte", "1 to 7, to sort by"),
        _F("outcome", "keyword", "done, dropped, retry or quarantined"),
        _F("reason", "keyword", "why it isn't done"),
        _F("detail", "text", "the reason in words"),
        _F("article", "keyword", "the article's id", "article"),
        _F("feed", "keyword", "the feed's address", "feed"),
        _F("url", "keyword", "the article's address", "article"),
        _F("source", "keyword", "the source's name"),
        _F("host", "keyword", "which host was, or would be, asked"),
        _F("run", "keyword", "id of the run"),
        _F("command", "keyword", "what was started"),
        _F("age_seconds", "float", "since first sight of the article", "article"),
        _F("step_seconds", "float", "since the outcome before it of the same article: waiting and work", "article"),
        _F("latency_seconds", "float", "from first sight until a search finds it, the first time", "article"),
        _F("trace.id", "keyword", "the article's trace", "article"),
    ),
    DocumentFamily.RUNS: (
        _F("@timestamp", "date", "when the run began, or the minute of the sample"),
        _F("kind", "keyword", "run, stage (of a run), or a sample: queue, host, program"),
        _F("run", "keyword", "id of the run", "run, stage"),
        _F("command", "keyword", "what was started", "run, stage, program"),
        _F("started_by", "keyword", "the person who started it", "run"),
        _F("state", "keyword", "running, well, failed or cut off", "run, stage"),
        _F("ended", "date", "when it ended", "run"),
        _F("seconds", "float", "that it took", "run"),
        _F("summary", "text", "what it did, in a line", "run"),
        _F("faults", "text", "why it has failed", "run"),
        _F("failed_sources", "keyword", "sources of which no feed could be read", "run"),
        _F("feeds_asked", "integer", "", "run"),
        _F("feeds_failed", "integer", "", "run"),
        _F("new_articles", "integer", "that it was the first to see", "run"),
        _F("changed_articles", "integer", "that came in a new version", "run"),
        _F("indexed", "integer", "documents that it wrote", "run"),
        *_STAGE,
        _F("taken", "integer", "done + dropped + retry + quarantined", "stage"),
        _F("done", "integer", "", "stage"),
        _F("dropped", "integer", "", "stage"),
        _F("retry", "integer", "", "stage"),
        _F("quarantined", "integer", "", "stage, queue"),
        _F("reasons", "keyword", "those that there were", "stage"),
        _F("reason_counts", "flattened", "how often each", "stage"),
        _F("waiting", "integer", "that can be taken now", "queue, host"),
        _F("in_hand", "integer", "that a worker has", "queue"),
        _F("later", "integer", "that are due later", "queue"),
        _F("held", "integer", "that an embargo holds back", "queue"),
        _F("oldest_seconds", "float", "how long the one waits that waits longest", "queue, host"),
        _F("bounded", "boolean", "whether there may be more than were counted", "queue"),
        _F("taken_per_second", "float", "of the last minute", "queue"),
        _F("busy_share", "float", "of the last minute, at work: of all lanes together", "queue"),
        _F("ready_to_saved_p50_seconds", "float", "of the last five minutes: waiting and work", "queue"),
        _F("ready_to_saved_p95_seconds", "float", "", "queue"),
        _F("host", "keyword", "", "host"),
        _F("is_held", "boolean", "whether it wants to be left alone", "host"),
        _F("held_seconds", "float", "until it may be asked again", "host"),
        _F("crawl_delay_seconds", "float", "between two requests, by its robots.txt", "host"),
        _F("program", "keyword", "host, process id and a part of its own", "program"),
        _F("machine", "keyword", "", "program"),
        _F("version", "keyword", "of newswire", "program"),
        _F("memory_bytes", "long", "of all its processes", "program"),
        _F("processes", "integer", "", "program"),
        _F("workers_died", "integer", "since it was started", "program"),
        _F("cores", "float", "processor time of the last minute", "program"),
        _F("searchable_per_second", "float", "articles, in the last minute", "program"),
        _F("latency_p50_seconds", "float", "first sight to searchable, in the last five minutes", "program"),
        _F("latency_p95_seconds", "float", "", "program"),
        _F("paused_stages", "keyword", "that can't work", "program"),
        _F("pause_reasons", "text", "", "program"),
    ),
    DocumentFamily.SOURCES: (
        _F("@timestamp", "date", "when the source was looked at, or the begin of the day"),
        _F("kind", "keyword", "source (as it is now) or day"),
        _F("source", "keyword", "its name"),
        _F("country", "keyword", "", "source"),
        _F("language", "keyword", "", "source"),
        _F("condition", "keyword", "of its worst feed, as newswire feeds health has it", "source"),
        _F("why", "text", "", "source"),
        _F("reason", "keyword", "of the last failure, where it fails", "source"),
        _F("needs_somebody", "boolean", "whether a person should look", "source"),
        _F("has_drifted", "boolean", "whether its pages have changed", "source"),
        _F("drift", "text", "", "source"),
        _F("since", "date", "when the condition began", "source"),
        _F("latest", "date", "when its feeds last named a new article", "source"),
        _F("last_ok", "date", "when a feed of it was last read", "source"),
        _F("silent_hours", "float", "since its latest article", "source"),
        _F("feeds", "integer", "", "source"),
        _F("feeds_failing", "integer", "", "source"),
        _F("failures", "integer", "in a row, the most of its feeds", "source"),
        _F("quarantined", "integer", "articles that a person should look at", "source"),
        _F("missed", "integer", "articles that scrolled off in the last day, by estimate", "source"),
        _F("polls_today", "integer", "", "source"),
        _F("failed_today", "integer", "of these polls", "source"),
        _F("articles_today", "integer", "", "source"),
        _F("per_day", "float", "articles, as learnt", "source"),
        _F("every_minutes", "float", "the shortest interval of its feeds", "source"),
        _F("polls", "integer", "", "day"),
        _F("failed", "integer", "of these polls", "day"),
        _F("articles", "integer", "", "day"),
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
