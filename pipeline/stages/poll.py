"""poll: which feeds are due, and which articles do they say exist?"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence

from pipeline.feeds import Polled, poll_in_parts
from pipeline.records import Entry, Outcome, Stage
from pipeline.stages.arrivals import take_in
from pipeline.stages.context import Context
from pipeline.stages.hubs import read_pushes, subscribe
from pipeline.stages.report import Report

_log = logging.getLogger(__name__)

# Feeds that are asked at the same time: as many as the servers' pauses between two requests need to be filled.
_ROUND = 2000


def run(context: Context, *, sources: Sequence[str] = (), limit: int | None = None) -> Report:
    """Poll the feeds that are due (at most ``limit``, of ``sources``); return the counts, new articles noted."""
    report = Report(Stage.POLL)
    context.store.feeds.configure(list(context.sources.values()), context.clock())
    read_pushes(context, report)
    _poll_due(context, report, sources, limit)
    subscribe(context)
    return report


def _poll_due(context: Context, report: Report, sources: Sequence[str], limit: int | None) -> None:
    store, settings = context.store, context.settings
    while limit is None or report.taken < limit:
        size = _ROUND if limit is None else min(_ROUND, limit - report.taken)
        due = store.feeds.claim(context.clock(), limit=size, seconds=settings.run.lease_seconds, sources=sources)
        if not due:
            return
        ours = False

        def take(polled: list[Polled]) -> None:
            nonlocal ours
            ours = ours or any(one.ours for one in polled)
            _save(context, polled, report)

        poll_in_parts(due, context.sources, settings, context.clock(), take, store.holds)
        if ours:
            _log.warning("poll: most servers can't be reached, so the fault is on our side: nobody is blamed")
            return  # the next run finds out whether it is over


def _save(context: Context, polled: Sequence[Polled], report: Report) -> None:
    """Save what a round of polls learnt, in one transaction.

    What came in one round arrived at one time; it enters in the order of publication, so that the original of a copy
    comes before what was taken from it; of two addresses of one article the one without additions comes first,
    whichever server answered sooner.
    """
    store, now = context.store, context.clock()
    with store.write() as connection:
        saved = [one for one in polled if store.feeds.save(connection, one.state)]
        entries = sorted((entry for one in saved for entry in one.entries), key=_order)
        new, changed = take_in(context, connection, entries)
        store.subscriptions.want(connection, {one.state.url: one.hub for one in saved if one.hub}, now)
        gaps = [one.gap for one in saved if one.gap]
        arrived = {entry.id: entry for entry in reversed(entries) if entry.id in new}
        store.gaps.save(connection, gaps, list(arrived.values()), now)
        store.feeds.call(connection, {gap.source for gap in gaps}, now)
        for one in saved:
            detail = f"our own network seems to be down: {one.detail}" if one.ours else one.detail
            store.ledger.note(connection, one.state.url, Stage.POLL, one.outcome, one.reason, detail, now)
    report.notes.update({"new": len(new), "changed": changed, "gaps": len(gaps)})
    for gap in gaps:
        _log.warning("poll %s: about %d entries scrolled off since %s", gap.feed, gap.missed, gap.since)
    for one in saved:
        report.add(one.outcome, one.reason)
        if not one.ours and one.outcome in {Outcome.RETRY, Outcome.QUARANTINED}:
            _log.warning("poll %s: %s %s: %s", one.state.url, one.outcome, one.reason, one.detail)


def _order(entry: Entry) -> tuple[dt.datetime, str]:
    return entry.published or entry.first_seen, entry.url
