"""Turn outcomes, runs, samples and sources into documents, each with the id that it has whenever it is written.

Pure. ``fields`` says what each field means.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from pipeline.feed_records import FeedState, SourceDay
from pipeline.feeds.health import Condition, Health
from pipeline.fetch.statuses import stated_status
from pipeline.figures import OverviewSample, RunCounts, RunRecord, describe_run, judge_run
from pipeline.figures.run_counts import answered
from pipeline.index.operations import OperationsDocument
from pipeline.records import Stage, to_json
from pipeline.settings import Source
from pipeline.store import OutcomeLine
from pipeline.telemetry.fields import DocumentFamily
from pipeline.trace_ids import trace_id

SOURCES_PART = "1"  # of the name of the one index of sources
_NUMBERS = {stage.value: number for number, stage in enumerate(Stage, start=1)}
_ASKING = frozenset({Stage.POLL.value, Stage.FETCH.value})  # that ask hosts
_WELL = frozenset({Condition.WELL, Condition.NEW, Condition.LYING})


def outcome_document(line: OutcomeLine) -> OperationsDocument:
    """Return the document of one outcome."""
    names = {"detail": line.detail, "source": line.source, "host": line.host, "run": line.run, "command": line.command}
    fields: dict[str, Any] = {
        "@timestamp": line.at,
        "n": line.n,
        "kind": line.kind,
        "stage": line.stage,
        "stage_number": _NUMBERS.get(line.stage),
        "outcome": line.outcome,
        "reason": line.reason,
        "status": stated_status(line.detail) if line.stage in _ASKING else None,
        **names,
    }
    if line.is_feed:
        fields |= {"subject": "feed", "feed": line.id}
    else:
        age = _seconds(line.first_seen, line.at)
        fields |= {
            "subject": "article",
            "article": line.id,
            "url": line.url,
            "age_seconds": age,
            "step_seconds": _seconds(line.before, line.at),
            "latency_seconds": age if line.is_first and line.embargoed is None else None,
            "trace.id": trace_id(line.id),
        }
    # a ledger that was restored, or forgot all, gives out numbers again
    number = f"{line.n:x}-{round(line.at.timestamp() * 1000):x}"
    return _document(DocumentFamily.OUTCOMES, f"{line.at:%Y.%m.%d}", number, fields)


def run_documents(run: RunRecord, counts: RunCounts | None) -> Iterator[OperationsDocument]:
    """Yield the document of a run and those of its stages; ``counts`` are None where it isn't counted yet."""
    part = f"{run.began:%Y.%m}"
    shared: dict[str, Any] = {"@timestamp": run.began, "run": run.id, "command": run.command, "state": run.state.value}
    fields = shared | {"kind": "run", "started_by": run.started_by, "ended": run.ended}
    if counts is None:
        yield _document(DocumentFamily.RUNS, part, f"run/{run.id}", fields)
        return
    poll = counts.stage(Stage.POLL)
    fields |= {
        "seconds": _seconds(run.began, run.ended) if run.ended else None,
        "summary": describe_run(counts),
        "faults": list(judge_run(counts)),
        "failed_sources": [polls.source for polls in counts.polls if polls.failed == polls.asked],
        "feeds_asked": poll.taken_total,
        "feeds_failed": poll.taken_total - answered(poll),
        "new_articles": counts.new_articles,
        "changed_articles": counts.changed_articles,
        "indexed": counts.stage(Stage.INDEX).done_total,
    }
    yield _document(DocumentFamily.RUNS, part, f"run/{run.id}", fields)
    for name, figures in counts.stages.items():
        reasons: dict[str, int] = {}
        for by_reason in (figures.dropped_total, figures.retry_total, figures.quarantined_total):
            for reason, count in by_reason.items():
                reasons[reason] = reasons.get(reason, 0) + count
        stage = shared | {
            "kind": "stage",
            "stage": name,
            "stage_number": _NUMBERS.get(name),
            "taken": figures.taken_total,
            "done": figures.done_total,
            "dropped": sum(figures.dropped_total.values()),
            "retry": sum(figures.retry_total.values()),
            "quarantined": sum(figures.quarantined_total.values()),
            "reasons": sorted(reasons),
            "reason_counts": reasons,
        }
        yield _document(DocumentFamily.RUNS, part, f"run/{run.id}/{name}", stage)


def sample_documents(sample: OverviewSample) -> Iterator[OperationsDocument]:
    """Yield a document for each queue, host and program of a sample."""
    part, minute = f"{sample.at:%Y.%m}", f"{sample.at:%Y-%m-%dT%H:%M}"
    each: list[tuple[str, str, msgspec.Struct]] = [
        *(("queue", queue.stage, queue) for queue in sample.queues),
        *(("host", host.host, host) for host in sample.hosts),
        *(("program", program.program, program) for program in sample.programs),
    ]
    for kind, name, struct in each:
        fields = {"@timestamp": sample.at, "kind": kind, **msgspec.structs.asdict(struct)}
        if kind == "queue":
            fields["stage_number"] = _NUMBERS.get(name)
        yield _document(DocumentFamily.RUNS, part, f"{kind}/{minute}/{name}", fields)


class SourceState(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a source at a moment: its feeds, the worst first, today's polls, and what waits for a person."""

    name: str
    configured: Source | None
    feeds: tuple[Health, ...]
    states: tuple[FeedState, ...]
    today: SourceDay | None = None
    missed: int = 0
    quarantined: int = 0
    drift: str | None = None


def source_document(source: SourceState, now: dt.datetime) -> OperationsDocument:
    """Return the document of a source as it is now."""
    worst = source.feeds[0] if source.feeds else None
    condition = worst.condition if worst else Condition.NEW
    latest = _latest(feed.latest for feed in source.feeds)
    failing = [state for state in source.states if state.failures]
    reason = next((state.reason for state in failing if worst and state.url == worst.feed), None)
    rates = [feed.per_day for feed in source.feeds if feed.per_day is not None]
    today = source.today or SourceDay(source=source.name, day=now.date(), polls=0, failed=0, articles=0)
    fields: dict[str, Any] = {
        "@timestamp": now,
        "kind": "source",
        "source": source.name,
        "country": source.configured.country if source.configured else None,
        "language": source.configured.language if source.configured else None,
        "condition": condition.value,
        "why": worst.why if worst else None,
        "reason": reason,
        "needs_somebody": condition not in _WELL or source.drift is not None,
        "has_drifted": source.drift is not None,
        "drift": source.drift,
        "since": worst.since if worst else None,
        "latest": latest,
        "last_ok": _latest(state.succeeded for state in source.states),
        "silent_hours": round((now - latest).total_seconds() / 3600, 2) if latest else None,
        "feeds": len(source.feeds),
        "feeds_failing": len(failing),
        "failures": max((state.failures for state in source.states), default=0),
        "quarantined": source.quarantined,
        "missed": source.missed,
        "polls_today": today.polls,
        "failed_today": today.failed,
        "articles_today": today.articles,
        "per_day": round(sum(rates), 1) if rates else None,
        "every_minutes": min((feed.every_minutes for feed in source.feeds if feed.every_minutes), default=None),
    }
    return _document(DocumentFamily.SOURCES, SOURCES_PART, f"source/{source.name}", fields)


def day_documents(days: Sequence[SourceDay]) -> Iterator[OperationsDocument]:
    """Yield a document for each day of a source."""
    for day in days:
        begin = dt.datetime.combine(day.day, dt.time(), dt.UTC)
        counts: Mapping[str, Any] = {"polls": day.polls, "failed": day.failed, "articles": day.articles}
        fields = {"@timestamp": begin, "kind": "day", "source": day.source, **counts}
        yield _document(DocumentFamily.SOURCES, SOURCES_PART, f"day/{day.day}/{day.source}", fields)


def _latest(times: Iterator[dt.datetime | None] | Any) -> dt.datetime | None:
    return max((time for time in times if time is not None), default=None)


def _seconds(begin: dt.datetime | None, end: dt.datetime) -> float | None:
    """Return the seconds between two moments; none where a clock was put back."""
    return None if begin is None else round(max(0.0, (end - begin).total_seconds()), 3)


def _document(family: DocumentFamily, part: str, number: str, fields: Mapping[str, Any]) -> OperationsDocument:
    body = to_json({name: value for name, value in fields.items() if value is not None})
    return OperationsDocument(family.value, part, _bounded(number), body)


def _bounded(number: str) -> str:
    """Return an id that Elasticsearch takes: 512 bytes at most. What is cut has a digest in its place."""
    encoded = number.encode()
    if len(encoded) <= _MOST_ID_BYTES:
        return number
    return f"{encoded[: _MOST_ID_BYTES - 40].decode(errors='ignore')}…{trace_id(number)}"


_MOST_ID_BYTES = 512
