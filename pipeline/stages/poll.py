"""Read the feeds that are due and take in the articles that they name: stage poll.

Results are saved in rounds, each in one transaction.
"""

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

# Feeds that are polled at the same time: enough to fill the servers' pauses between two requests.
_FEEDS_PER_ROUND = 2000


def run_poll(context: Context, *, sources: Sequence[str] = (), limit: int | None = None) -> Report:
    """Poll the feeds that are due (at most ``limit``, of ``sources``); return the counts."""
    report = Report(Stage.POLL)
    context.store.feeds.sync_feeds(list(context.sources.values()), context.clock())
    ingest_pushes(context, report)
    _poll_due(context, report, sources, limit)
    request_subscriptions(context)
    return report


def _poll_due(context: Context, report: Report, sources: Sequence[str], limit: int | None) -> None:
    store, settings = context.store, context.settings
    while limit is None or report.taken < limit:
        size = _FEEDS_PER_ROUND if limit is None else min(_FEEDS_PER_ROUND, limit - report.taken)
        with store.write() as connection:
            seconds = settings.run.lease_seconds
            due = store.feeds.claim(connection, context.clock(), limit=size, seconds=seconds, sources=sources)
        if not due:
            return
        our_fault = False

        def save(polled: list[PolledFeed]) -> None:
            nonlocal our_fault
            our_fault = our_fault or any(feed.our_fault for feed in polled)
            _save(context, polled, report)

        poll_feeds_in_batches(due, context.sources, settings, context.clock(), save, store.holds)
        if our_fault:
            _log.warning("poll: most servers can't be reached, so the fault is on our side: nobody is blamed")
            return  # the next run finds out whether it is over


def _save(context: Context, polled: Sequence[PolledFeed], report: Report) -> None:
    """Save what a round of polls brought, in one transaction.

    Entries of one round arrived at the same time. They enter in the order of publication, so that an original comes
    before its copies; of two addresses of one article the one without additions comes first, whichever server answered
    sooner.
    """
    store, now = context.store, context.clock()
    with store.write() as connection:
        saved = [feed for feed in polled if store.feeds.save(connection, feed.state)]
        entries = sorted((entry for feed in saved for entry in feed.entries), key=_order)
        new, changed = ingest_entries(context, connection, entries)
        store.subscriptions.save_hubs(connection, {feed.state.url: feed.hub for feed in saved if feed.hub}, now)
        gaps = [feed.gap for feed in saved if feed.gap]
        arrived = {entry.id: entry for entry in reversed(entries) if entry.id in new}
        store.gaps.record_round(connection, gaps, list(arrived.values()), now)
        store.feeds.make_sitemaps_due(connection, {gap.source for gap in gaps}, now)
        for feed in saved:
            detail = f"our own network seems to be down: {feed.detail}" if feed.our_fault else feed.detail
            store.ledger.log_outcome(connection, feed.state.url, Stage.POLL, feed.outcome, feed.reason, detail, now)
    report.notes.update({"new": len(new), "changed": changed, "gaps": len(gaps)})
    for gap in gaps:
        _log.warning("poll %s: about %d entries scrolled off since %s", gap.feed, gap.missed, gap.since)
    for feed in saved:
        report.add(feed.outcome, feed.reason)
        if not feed.our_fault and feed.outcome in {Outcome.RETRY, Outcome.QUARANTINED}:
            _log.warning("poll %s: %s %s: %s", feed.state.url, feed.outcome, feed.reason, feed.detail)


def _order(entry: Entry) -> tuple[dt.datetime, str]:
    return entry.published or entry.first_seen, entry.url
