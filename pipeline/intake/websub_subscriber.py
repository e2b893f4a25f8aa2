"""Subscribe to the hubs that feeds name, and take in what they push.

A subscription is renewed before its lease ends; a push changes nothing about when its feed is polled next.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Sequence

from pipeline import websub
from pipeline.context import Context
from pipeline.errors import ItemError
from pipeline.feed_records import FeedState
from pipeline.feeds.entries import select_entries
from pipeline.feeds.feed_diff import remember_pushed
from pipeline.feeds.model import FeedResponse, ParsedFeed
from pipeline.feeds.reader import FeedParsers
from pipeline.fetch import Client
from pipeline.fetch.robots import Call
from pipeline.reconcile.entry_matching import ingest_entries
from pipeline.records import Entry, Outcome, Stage
from pipeline.report import Report
from pipeline.store import Push, Subscription

_log = logging.getLogger(__name__)

# What is asked for; hubs grant what they like. Google's hub grants five days, others ten.
LEASE_LENGTH = dt.timedelta(days=10)
# A hub that doesn't come back to us within an hour is asked again; one that refuses, after a week.
_NO_ANSWER = dt.timedelta(hours=1)
WAIT_AFTER_REFUSAL = dt.timedelta(days=7)
_AT_ONCE = 50  # hubs asked in one run
_BATCH = 20  # pushes read in one transaction
_ACCEPTED = range(200, 300)


async def request_subscriptions(context: Context, client: Client, call: Call) -> int:
    """Ask the hubs that are due to push to us; return how many were asked. Without ``serve.public_url`` none is.

    ``call`` runs what blocks.
    """
    public, store = context.settings.serve.public_url, context.store
    if not public:
        return 0
    due = await call(lambda: store.subscriptions.list_due(context.clock(), _AT_ONCE))
    if due:
        await call(lambda: _mark_asked(context, due))  # noted first: many hubs come back to us before they answer
        faults = await asyncio.gather(*(_ask_hub(client, subscription, public.rstrip("/")) for subscription in due))
        await call(lambda: _mark_failed(context, due, faults))
    return len(due)


def _mark_asked(context: Context, due: Sequence[Subscription]) -> None:
    with context.store.write() as connection:
        for subscription in due:
            context.store.subscriptions.mark_asked(connection, subscription.feed, context.clock() + _NO_ANSWER)


def _mark_failed(context: Context, asked: Sequence[Subscription], faults: Sequence[str | None]) -> None:
    failed = [(subscription, fault) for subscription, fault in zip(asked, faults, strict=True) if fault]
    for subscription, fault in failed:
        _log.warning("websub %s: %s", subscription.hub, fault)
        with context.store.write() as connection:
            context.store.subscriptions.mark_failed(connection, subscription.feed, fault)


async def _ask_hub(client: Client, subscription: Subscription, public: str) -> str | None:
    """Ask one hub; return what went wrong."""
    hub = websub.Hub(subscription.hub, subscription.topic)
    callback = f"{public}/websub/{subscription.token}"
    form = websub.subscription_form(hub, callback, subscription.secret, int(LEASE_LENGTH.total_seconds()))
    try:
        answer = await client.post(subscription.hub, form)
    except ItemError as error:
        return str(error)
    if answer.status in _ACCEPTED:
        return None
    return f"status {answer.status}: {answer.body[:200].decode('utf-8', 'replace')}"


def ingest_pushes(context: Context, parsers: FeedParsers, report: Report) -> None:
    """Read what hubs have pushed as if it were polled; when a feed is polled next stays as it is."""
    store = context.store
    while True:
        with store.read() as connection:
            pushed = store.subscriptions.list_pushes(connection, _BATCH)
            states = {state.url: state for state in store.feeds.list_states(connection)} if pushed else {}
        if not pushed:
            return
        parsing = [parsers.submit(_feed_response(context, push, states.get(push.feed))) for push in pushed]
        parsed = [parsers.wait_result(future) for future in parsing]
        _save(context, pushed, parsed, states, report)


def _feed_response(context: Context, push: Push, state: FeedState | None) -> FeedResponse:
    source = context.sources.get(state.source) if state else None
    return FeedResponse(
        data=push.body,
        url=push.feed,
        now=push.received,
        content_type=push.content_type,
        time_zone=source.time_zone if source else None,
        language=source.language if source else None,
        country=source.country if source else None,
        max_items=context.settings.poll.max_entries,
    )


def _save(
    context: Context,
    pushed: Sequence[Push],
    parsed: Sequence[ParsedFeed | ItemError],
    states: dict[str, FeedState],
    report: Report,
) -> None:
    store, now = context.store, context.clock()
    entries: list[Entry] = []
    with store.write() as connection:
        for push, feed in zip(pushed, parsed, strict=True):
            state = states.get(push.feed)
            if state is None:  # the feed has left the settings meanwhile
                continue
            if isinstance(feed, ItemError):
                store.feeds.wake(connection, push.feed, now)
                outcome, reason, detail = feed.outcome, feed.reason, f"pushed: {feed.detail}"
            else:
                source = context.sources.get(state.source)
                selected = select_entries(feed, state, source, context.settings.poll, now)
                states[push.feed] = remember_pushed(state, selected.listed, push.received)
                store.feeds.save_pushed(connection, states[push.feed])
                entries += selected.entries
                outcome, reason, detail = Outcome.DONE, None, f"pushed: {len(selected.entries)} entries"
            store.ledger.log_outcome(connection, push.feed, Stage.POLL, outcome, reason, detail, now)
            report.add(outcome, reason)
        new, changed = ingest_entries(context, connection, sorted(entries, key=lambda e: e.published or e.first_seen))
        arrived = {entry.id: entry for entry in reversed(entries) if entry.id in new}
        store.gaps.record_round(connection, [], list(arrived.values()), now)
        store.subscriptions.delete_pushes(connection, pushed)
    report.notes.update({"new": len(new), "changed": changed})
