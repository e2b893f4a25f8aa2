"""Turn outcomes into spans: all that happens to an article is one trace, whichever programs did it.

Pure. A span lasts from the outcome before it until its own was saved: waiting and work. Ids follow from the article's
id and the outcome's number, so that a span that is sent twice is the same one.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from pipeline.records import Outcome
from pipeline.store import OutcomeLine
from pipeline.trace_ids import root_span_id, span_id, trace_id

_FAILED = frozenset({Outcome.RETRY.value, Outcome.QUARANTINED.value})


class SpanRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A span; ``parent`` is None for the first one of its trace, ``fault`` for one that has not failed."""

    trace: str
    span: str
    parent: str | None
    name: str
    began: dt.datetime
    ended: dt.datetime
    fault: str | None
    attributes: dict[str, str | int]


def make_span(line: OutcomeLine) -> SpanRecord | None:
    """Return the span of an article's outcome, None for a feed's: those are no article's way."""
    if line.is_feed:
        return None
    is_root = line.kind == "new"
    began = (line.first_seen if is_root else line.before) or line.before or line.at
    named = {
        "newswire.article": line.id,
        "newswire.stage": line.stage,
        "newswire.outcome": line.outcome,
        "newswire.reason": line.reason,
        "newswire.source": line.source,
        "newswire.run": line.run,
        "url.full": line.url,
        "server.address": line.host,
    }
    return SpanRecord(
        trace=trace_id(line.id),
        span=root_span_id(line.id) if is_root else span_id(line.id, line.n),
        parent=None if is_root else root_span_id(line.id),
        name=line.stage,
        began=min(began, line.at),
        ended=line.at,
        fault=(line.reason or line.outcome) if line.outcome in _FAILED else None,
        attributes={name: value for name, value in named.items() if value is not None},
    )
