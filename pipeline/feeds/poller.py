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
from pipeline.fetch.pacing import NotNowError
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
    asked: bool = True  # no where its host can't be asked soon: the feed may be given back as it was


def poll_feeds(
    states: Sequence[FeedState],
    sources: Mapping[str, Source],
    settings: Settings,
    now: dt.datetime,
) -> list[PolledFeed]:
    """Poll the feeds of ``states`` once, without a ledger; return what came of each, in their order.

    Feeds are parsed in worker processes under a limit of time and memory.
    """
    return asyncio.run(_poll_all(states, sources, settings, now)) if states else []


async def _poll_all(
    states: Sequence[FeedState], sources: Mapping[str, Source], settings: Settings, now: dt.datetime
) -> list[PolledFeed]:
    async with open_reader(settings, now, patience=settings.run.lease_seconds / 2) as reader:
        poller = FeedPoller(reader, SourceTerms(sources.values()), settings, lambda: now)
        polled = await asyncio.gather(*(poller.poll(state, sources.get(state.source)) for state in states))
    return excuse_outage(list(zip(states, polled, strict=True)), sources, settings, now)


def excuse_outage(
    polled: Sequence[tuple[FeedState, PolledFeed]],
    sources: Mapping[str, Source],
    settings: Settings,
    now: dt.datetime,
    others: Sequence[tuple[FeedState, Reason | None]] = (),
) -> list[PolledFeed]:
    """Return what came of polls (each with its feed's state before), nobody being blamed where our network was down.

    ``others`` are what else was polled meanwhile, with the reasons of failures: it counts as well.
    """
    results = [*((state, feed.reason) for state, feed in polled), *others]
    if not is_outage(results):
        return [feed for _, feed in polled]
    return [
        _excuse(feed, state, sources, settings, now) if feed.reason in OUTAGE_REASONS else feed
        for state, feed in polled
    ]


def _excuse(
    feed: PolledFeed, old_state: FeedState, sources: Mapping[str, Source], settings: Settings, now: dt.datetime
) -> PolledFeed:
    """Return a feed whose failure was ours, with nothing held against it."""
    plan = plan_polls(sources.get(old_state.source), settings.poll)
    return feed._replace(state=state_after_outage(old_state, now, plan), our_fault=True)


class FeedPoller:
    """Polls one feed at a time; what all of them share."""

    def __init__(
        self, reader: FeedReader, terms: SourceTerms, settings: Settings, clock: Callable[[], dt.datetime]
    ) -> None:
        self._reader = reader
        self._terms = terms
        self._settings = settings
        self._clock = clock
        self._hubs: dict[str, Hub | None] = {}  # by feed, while it is polled

    async def poll(self, state: FeedState, source: Source | None) -> PolledFeed:
        """Return what came of polling one feed, whatever happened; raise WorkersError where no feed can be parsed."""
        now, asked = self._clock(), True
        selected = diff = None
        try:
            result, selected = await self._read(state, source, now)
            diff = diff_feed(state, selected.listed, now) if selected else None
        except ItemError as error:
            asked = not isinstance(error, NotNowError)
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
            state=next_state(state, result, diff, now, plan_polls(source, self._settings.poll)),
            entries=selected.entries if selected else (),
            outcome=result.outcome,
            reason=result.reason,
            detail=result.detail,
            gap=diff.gap if diff else None,
            hub=self._hubs.pop(state.url, None),
            asked=asked,
        )

    async def _read(
        self, state: FeedState, source: Source | None, now: dt.datetime
    ) -> tuple[PollResult, SelectedEntries | None]:
        """Fetch and parse a feed; its entries are None where it has not changed."""
        full = is_full_request(state, now)
        address = state.address or state.url
        response = await self._reader.fetch(
            address,
            conditions=None if full else _conditions(state),
            login=self._terms.login_for(state.source, address),
        )
        seen = self._clock()  # it has waited for its host's turn
        links = response.headers.getall("Link", ())
        self._hubs[state.url] = find_hub(response.final_url, links)
        result = PollResult(
            outcome=Outcome.DONE,
            etag=response.headers.get("ETag"),
            last_modified=response.headers.get("Last-Modified"),
            body_hash=hashlib.sha256(response.body).hexdigest(),
            fresh_seconds=freshness_seconds(response.headers, now),
            format=state.format,
            not_modified=response.status == HTTPStatus.NOT_MODIFIED,
            full=full,
            leads_to=permanent_target(response.hops, response.final_url),
        )
        same = result.body_hash == state.body_hash and state.format != "sitemapindex"
        if result.not_modified or same:
            return replace(result, outcome=Outcome.DROPPED, reason=Reason.NOT_MODIFIED), None
        parsed = await self._reader.parse(response, role=state.role, source=source)
        self._hubs[state.url] = find_hub(response.final_url, links, parsed.hub, parsed.topic)
        if parsed.sitemaps:
            parsed = replace(parsed, items=await self._read_sitemaps(parsed.sitemaps, source))
        selected = select_entries(parsed, state, source, self._settings.poll, seen)
        result = replace(result, detail=selected.note, format=parsed.format, declared_seconds=parsed.declared_seconds)
        return result, selected

    async def _read_sitemaps(self, addresses: Sequence[str], source: Source | None) -> tuple[FeedItem, ...]:
        """Return the items of an index's sitemaps, those left out that aren't there or hold no news.

        Raises:
            ItemError: The last one met, where no sitemap could be read.
        """
        items, fault, count = list[FeedItem](), None, 0
        for address in addresses:
            try:
                response = await self._reader.fetch(address)
                items += (await self._reader.parse(response, source=source)).items
                count += 1
            except ItemError as error:
                _log.info("poll %s: %s", address, error)
                error = error.after_request() if isinstance(error, NotNowError) else error
                fault = error if error.reason is not Reason.NOT_FEED else fault
        if fault and not count:
            raise fault
        return tuple(items[: self._settings.poll.max_entries])


def _conditions(state: FeedState) -> dict[str, str]:
    """Return the headers that make a request conditional; validators go back as they came, quotes included."""
    headers = {"If-None-Match": state.etag, "If-Modified-Since": state.last_modified}
    return {name: value for name, value in headers.items() if value}
