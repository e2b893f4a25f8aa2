"""poll: which feeds are due, and which articles do they say exist?"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence

from pipeline.context import Context
from pipeline.feeds import PolledFeed, poll_feeds_in_batches
from pipeline.intake.websub_subscriber import ingest_pushes, request_subscriptions
from pipeline.reconcile.entry_matching import ingest_entries
from pipeline.records import Entry, Outcome, Stage
from pipeline.report import Report

_log = logging.getLogger(__name__)

# Feeds that are asked at the same time: as many as the servers' pauses between two requests need to be filled.
_ROUND = 2000


def run_poll(context: Context, *, sources: Sequence[str] = (), limit: int | None = None) -> Report:
    """Poll the feeds that are due (at most ``limit``, of ``sources``); return the counts, new articles noted."""
    report = Report(Stage.POLL)
    context.store.feeds.sync_feeds(list(context.sources.values()), context.clock())
    ingest_pushes(context, report)
    _poll_due(context, report, sources, limit)
    request_subscriptions(context)
    return report


def _poll_due(context: Context, report: Report, sources: Sequence[str], limit: int | None) -> None:
    store, settings = context.store, context.settings
    while limit is None or report.taken < limit:
        size = _ROUND if limit is None else min(_ROUND, limit - report.taken)
        with store.write() as connection:
            seconds = settings.run.lease_seconds
            due = store.feeds.claim(connection, context.clock(), limit=size, seconds=seconds, sources=sources)
        if not due:
            return
        ours = False

        def take(polled: list[PolledFeed]) -> None:
            nonlocal ours
            ours = ours or any(one.our_fault for one in polled)
            _save(context, polled, report)

        poll_feeds_in_batches(due, context.sources, settings, context.clock(), take, store.holds)
        if ours:
            _log.warning("poll: most servers can't be reached, so the fault is on our side: nobody is blamed")
            return  # the next run finds out whether it is over


def _save(context: Context, polled: Sequence[PolledFeed], report: Report) -> None:
    """Save what a round of polls learnt, in one transaction.

    What came in one round arrived at one time; it enters in the order of publication, so that the original of a copy
    comes before what was taken from it; of two addresses of one article the one without additions comes first,
    whichever server answered sooner.
    """
    store, now = context.store, context.clock()
    with store.write() as connection:
        saved = [one for one in polled if store.feeds.save(connection, one.state)]
        entries = sorted((entry for one in saved for entry in one.entries), key=_order)
        new, changed = ingest_entries(context, connection, entries)
        store.subscriptions.save_hubs(connection, {one.state.url: one.hub for one in saved if one.hub}, now)
        gaps = [one.gap for one in saved if one.gap]
        arrived = {entry.id: entry for entry in reversed(entries) if entry.id in new}
        store.gaps.record_round(connection, gaps, list(arrived.values()), now)
        store.feeds.make_sitemaps_due(connection, {gap.source for gap in gaps}, now)
        for one in saved:
            detail = f"our own network seems to be down: {one.detail}" if one.our_fault else one.detail
            store.ledger.log_outcome(connection, one.state.url, Stage.POLL, one.outcome, one.reason, detail, now)
    report.notes.update({"new": len(new), "changed": changed, "gaps": len(gaps)})
    for gap in gaps:
        _log.warning("poll %s: about %d entries scrolled off since %s", gap.feed, gap.missed, gap.since)
    for one in saved:
        report.add(one.outcome, one.reason)
        if not one.our_fault and one.outcome in {Outcome.RETRY, Outcome.QUARANTINED}:
            _log.warning("poll %s: %s %s: %s", one.state.url, one.outcome, one.reason, one.detail)


def _order(entry: Entry) -> tuple[dt.datetime, str]:
    return entry.published or entry.first_seen, entry.url
