"""Poll many feeds at once, conditionally, and report what came of each.

A feed that fails costs only itself; where most fail at once because of our own network, none is blamed.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple

from msgspec.structs import replace

from pipeline.errors import ItemError, WorkersError
from pipeline.feed_records import FeedGap, FeedState
from pipeline.feeds.entries import SelectedEntries, select_entries
from pipeline.feeds.feed_diff import diff_feed
from pipeline.feeds.model import FeedItem
from pipeline.feeds.outage import OUTAGE_REASONS, is_outage
from pipeline.feeds.reader import FeedReader, open_reader
from pipeline.feeds.redirects import permanent_target
from pipeline.feeds.schedule import PollResult, is_full_request, next_state, plan_polls, state_after_outage
from pipeline.fetch.headers import freshness_seconds
from pipeline.fetch.pacing import Holds
from pipeline.fetch.terms import SourceTerms
from pipeline.records import Entry, Outcome, Reason
from pipeline.settings import Settings, Source
from pipeline.websub import Hub, find_hub

_log = logging.getLogger(__name__)


class PolledFeed(NamedTuple):
    """What came of polling one feed; entries oldest first. ``our_fault`` says that our own network failed."""

    state: FeedState
    entries: tuple[Entry, ...]
    outcome: Outcome
    reason: Reason | None
    detail: str
    gap: FeedGap | None = None
    our_fault: bool = False
    hub: Hub | None = None  # that pushes the feed


def poll_feeds(
    states: Sequence[FeedState],
    sources: Mapping[str, Source],
    settings: Settings,
    now: dt.datetime,
) -> list[PolledFeed]:
    """Poll the feeds of ``states``, each with its validators; return what came of each, in their order.

    Feeds are parsed in worker processes under a limit of time and memory.
    """
    polled: list[PolledFeed] = []
    poll_feeds_in_batches(states, sources, settings, now, polled.extend)
    order = {state.url: number for number, state in enumerate(states)}
    return sorted(polled, key=lambda feed: order[feed.state.url])


def poll_feeds_in_batches(
    states: Sequence[FeedState],
    sources: Mapping[str, Source],
    settings: Settings,
    now: dt.datetime,
    take: Callable[[list[PolledFeed]], None],
    holds: Holds | None = None,
) -> None:
    """Poll the feeds of ``states`` and give what came of them to ``take`` in batches, as their servers answer.

    So a slow server keeps only its own feed waiting. Failures that may be ours come last, when all answers are there.

    Args:
        states: the feeds that are due.
        sources: the sources of these feeds, by name.
        settings: those of ``poll``, ``fetch`` and ``run`` hold.
        now: the time of this run.
        take: saves a batch.
        holds: keeps which hosts are to be left alone.
    """
    if states:
        asyncio.run(_poll_all(states, sources, settings, now, take, holds))


async def _poll_all(
    states: Sequence[FeedState],
    sources: Mapping[str, Source],
    settings: Settings,
    now: dt.datetime,
    take: Callable[[list[PolledFeed]], None],
    holds: Holds | None,
) -> None:
    # Half of the lease, so that what was waited for is also saved in time
    patience = settings.run.lease_seconds / 2
    async with open_reader(settings, now, patience=patience, holds=holds) as reader:
        poller = _Poller(reader, SourceTerms(sources), settings, now)
        tasks = [asyncio.create_task(poller.poll(state, sources.get(state.source))) for state in states]
        ready: list[PolledFeed] = []
        suspect: list[PolledFeed] = []
        try:
            for done in asyncio.as_completed(tasks):
                feed = await done
                (suspect if feed.reason in OUTAGE_REASONS else ready).append(feed)
                if len(ready) >= settings.run.batch:
                    take(ready)
                    ready = []
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    failed = {feed.state.url: feed.reason for feed in suspect}
    if is_outage([(state, failed.get(state.url)) for state in states]):
        old_states = {state.url: state for state in states}
        suspect = [_excuse(feed, old_states[feed.state.url], sources, settings, now) for feed in suspect]
    take(ready + suspect)


def _excuse(
    feed: PolledFeed, old_state: FeedState, sources: Mapping[str, Source], settings: Settings, now: dt.datetime
) -> PolledFeed:
    """Return a feed whose failure was ours, with nothing held against it."""
    plan = plan_polls(sources.get(old_state.source), settings.poll)
    return feed._replace(state=state_after_outage(old_state, now, plan), our_fault=True)


class _Poller:
    """Polls one feed at a time; what all of them share."""

    def __init__(self, reader: FeedReader, terms: SourceTerms, settings: Settings, now: dt.datetime) -> None:
        self._reader = reader
        self._terms = terms
        self._settings = settings
        self._now = now
        self._hubs: dict[str, Hub | None] = {}  # by feed

    async def poll(self, state: FeedState, source: Source | None) -> PolledFeed:
        """Return what came of polling one feed, whatever happened."""
        selected = diff = None
        try:
            result, selected = await self._read(state, source)
            diff = diff_feed(state, selected.listed, self._now) if selected else None
        except ItemError as error:
            result = PollResult(
                outcome=error.outcome, reason=error.reason, detail=error.detail, retry_after=error.retry_after
            )
        except WorkersError:
            raise  # no feed can be parsed
        except Exception as error:  # noqa: BLE001 a fault of ours, met by one feed: the others go on
            _log.exception("poll %s", state.url)
            detail = f"{type(error).__name__}: {error}"[:500]
            result = PollResult(outcome=Outcome.QUARANTINED, reason=Reason.CRASHED, detail=detail)
        return PolledFeed(
            state=next_state(state, result, diff, self._now, plan_polls(source, self._settings.poll)),
            entries=selected.entries if selected else (),
            outcome=result.outcome,
            reason=result.reason,
            detail=result.detail,
            gap=diff.gap if diff else None,
            hub=self._hubs.get(state.url),
        )

    async def _read(self, state: FeedState, source: Source | None) -> tuple[PollResult, SelectedEntries | None]:
        """Fetch and parse a feed; its entries are None where it has not changed."""
        full = is_full_request(state, self._now)
        address = state.address or state.url
        response = await self._reader.fetch(
            address,
            conditions=None if full else _conditions(state),
            login=self._terms.login_for(state.source, address),
        )
        links = response.headers.getall("Link", ())
        self._hubs[state.url] = find_hub(response.final_url, links)
        result = PollResult(
            outcome=Outcome.DONE,
            etag=response.headers.get("ETag"),
            last_modified=response.headers.get("Last-Modified"),
            body_hash=hashlib.sha256(response.body).hexdigest(),
            fresh_seconds=freshness_seconds(response.headers, self._now),
            format=state.format,
            not_modified=response.status == HTTPStatus.NOT_MODIFIED,
            full=full,
            leads_to=permanent_target(response.hops, response.final_url),
        )
        same = result.body_hash == state.body_hash and state.format != "sitemapindex"
        if result.not_modified or same:
            return replace(result, outcome=Outcome.DROPPED, reason=Reason.NOT_MODIFIED), None
        time_zone = source.time_zone if source else None
        parsed = await self._reader.parse(response, role=state.role, time_zone=time_zone)
        self._hubs[state.url] = find_hub(response.final_url, links, parsed.hub, parsed.topic)
        if parsed.sitemaps:
            parsed = replace(parsed, items=await self._read_sitemaps(parsed.sitemaps, time_zone))
        selected = select_entries(parsed, state, source, self._settings.poll, self._now)
        result = replace(result, detail=selected.note, format=parsed.format, declared_seconds=parsed.declared_seconds)
        return result, selected

    async def _read_sitemaps(self, addresses: Sequence[str], time_zone: str | None) -> tuple[FeedItem, ...]:
        """Return the items of an index's sitemaps, those left out that aren't there or hold no news.

        Raises:
            ItemError: The last one met, where no sitemap could be read.
        """
        items, fault, count = list[FeedItem](), None, 0
        for address in addresses:
            try:
                response = await self._reader.fetch(address)
                items += (await self._reader.parse(response, time_zone=time_zone)).items
                count += 1
            except ItemError as error:
                _log.info("poll %s: %s", address, error)
                fault = error if error.reason is not Reason.NOT_FEED else fault
        if fault and not count:
            raise fault
        return tuple(items[: self._settings.poll.max_entries])


def _conditions(state: FeedState) -> dict[str, str]:
    """Return the headers that make a request conditional; validators go back as they came, quotes included."""
    headers = {"If-None-Match": state.etag, "If-Modified-Since": state.last_modified}
    return {name: value for name, value in headers.items() if value}
