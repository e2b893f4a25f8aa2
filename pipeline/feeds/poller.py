"""What is new in the feeds that are due? Asks them all, conditionally and at once; one bad feed costs only itself."""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from pipeline.errors import ItemError, WorkersError
from pipeline.feed_records import FeedGap, FeedRole, FeedState
from pipeline.feeds.entries import SelectedEntries, select_entries
from pipeline.feeds.feed_diff import diff_feed
from pipeline.feeds.model import FeedItem, FeedResponse, ParsedFeed
from pipeline.feeds.outage import OUTAGE_REASONS, is_outage
from pipeline.feeds.parse import parse
from pipeline.feeds.redirects import permanent_target
from pipeline.feeds.schedule import PollResult, is_full_request, next_state, plan_polls, state_after_outage
from pipeline.fetch.client import Client, Headers, HttpResponse
from pipeline.fetch.headers import freshness_seconds
from pipeline.fetch.pacing import Holds, Pacing
from pipeline.fetch.statuses import status_error
from pipeline.fetch.terms import SourceTerms
from pipeline.records import Entry, Outcome, Reason
from pipeline.settings import Settings, Source
from pipeline.websub import Hub, find_hub
from pipeline.workers import Workers

_log = logging.getLogger(__name__)

_ACCEPT = (
    "application/rss+xml,application/atom+xml,application/feed+json,application/rdf+xml,application/xml;q=0.9,"
    "text/xml;q=0.9,application/json;q=0.8,*/*;q=0.5"
)
_NOT_MODIFIED = 304


class PolledFeed(NamedTuple):
    """What came of polling one feed; entries oldest first. ``ours`` says that the failure was our network's."""

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
    order = {state.url: place for place, state in enumerate(states)}
    return sorted(polled, key=lambda one: order[one.state.url])


def poll_feeds_in_batches(
    states: Sequence[FeedState],
    sources: Mapping[str, Source],
    settings: Settings,
    now: dt.datetime,
    take: Callable[[list[PolledFeed]], None],
    holds: Holds | None = None,
) -> None:
    """Poll the feeds of ``states`` and give what came of them to ``take`` in parts, as their servers answer.

    A slow server so keeps only its own feed waiting. Failures that may be ours come last, when all is known.
    ``holds`` keeps which hosts are to be left alone.
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
    limits, places = settings.poll, settings.poll.concurrency
    workers: Workers[FeedResponse, ParsedFeed]
    with Workers(parse, count=limits.workers, seconds=limits.parse_seconds, memory_mb=limits.memory_mb) as workers:
        async with Client(settings.fetch, connections=places) as client:
            # Half of the lease, so that what was waited for is also saved in time
            patience = settings.run.lease_seconds / 2
            pacing = Pacing(settings.fetch, places, patience=patience, holds=holds, now=lambda: now)
            poller = _Poller(client, pacing, workers, settings, now)
            poller.terms = SourceTerms(sources)
            tasks = [asyncio.create_task(poller.poll(state, sources.get(state.source))) for state in states]
            ready: list[PolledFeed] = []
            suspect: list[PolledFeed] = []
            try:
                for done in asyncio.as_completed(tasks):
                    one = await done
                    (suspect if one.reason in OUTAGE_REASONS else ready).append(one)
                    if len(ready) >= settings.run.batch:
                        take(ready)
                        ready = []
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
    before = {state.url: state for state in states}
    failed = {one.state.url: one.reason for one in suspect}
    if is_outage([(state, failed.get(state.url)) for state in states]):
        suspect = [_spared(one, before[one.state.url], sources, settings, now) for one in suspect]
    take(ready + suspect)


def _spared(
    one: PolledFeed, before: FeedState, sources: Mapping[str, Source], settings: Settings, now: dt.datetime
) -> PolledFeed:
    scheduled = plan_polls(sources.get(before.source), settings.poll)
    return one._replace(state=state_after_outage(before, now, scheduled), our_fault=True)


class _Poller:
    """Polls one feed at a time; what all of them share."""

    def __init__(
        self,
        client: Client,
        pacing: Pacing,
        workers: Workers[FeedResponse, ParsedFeed],
        settings: Settings,
        now: dt.datetime,
    ) -> None:
        self._client = client
        self._pacing = pacing
        self._workers = workers
        self._settings = settings
        self._now = now
        self.terms = SourceTerms()
        self._hubs: dict[str, Hub] = {}  # by feed

    async def poll(self, state: FeedState, source: Source | None) -> PolledFeed:
        """Return what came of polling one feed, whatever happened."""
        named = arrivals = None
        try:
            result, named = await self._read(state, source)
            arrivals = diff_feed(state, named.listed, self._now) if named else None
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
        after = next_state(state, result, arrivals, self._now, plan_polls(source, self._settings.poll))
        entries, gap = named.entries if named else (), arrivals.gap if arrivals else None
        return PolledFeed(
            after, entries, result.outcome, result.reason, result.detail, gap, hub=self._hubs.get(state.url)
        )

    async def _read(self, state: FeedState, source: Source | None) -> tuple[PollResult, SelectedEntries | None]:
        full = is_full_request(state, self._now)
        answer = await self._client.get(
            state.address or state.url,
            headers={"Accept": _ACCEPT} if full else {"Accept": _ACCEPT, **_conditions(state)},
            max_bytes=self._settings.poll.max_bytes,
            seconds=self._settings.poll.timeout_seconds,
            check=functools.partial(self._check, full),
            gate=self._pacing.gate(),
            login=self.terms.login_for(state.source, state.address or state.url),
        )
        if hub := find_hub(answer.final_url, answer.headers.getall("Link", ()), answer.body):
            self._hubs[state.url] = hub
        result = PollResult(
            outcome=Outcome.DONE,
            etag=answer.headers.get("ETag"),
            last_modified=answer.headers.get("Last-Modified"),
            body_hash=hashlib.sha256(answer.body).hexdigest(),
            fresh_seconds=freshness_seconds(answer.headers, self._now),
            format=state.format,
            not_modified=answer.status == _NOT_MODIFIED,
            full=full,
            leads_to=permanent_target(answer.hops, answer.final_url),
        )
        same = result.body_hash == state.body_hash and state.format != "sitemapindex"
        if result.not_modified or same:
            return replace(result, outcome=Outcome.DROPPED, reason=Reason.NOT_MODIFIED), None
        parsed = await self._parse(answer, source, state.role)
        if parsed.sitemaps:
            parsed = replace(parsed, items=await self._read_sitemaps(parsed.sitemaps, source))
        named = select_entries(parsed, state, source, self._settings.poll, self._now)
        result = replace(result, detail=named.note, format=parsed.format, declared_seconds=parsed.declared_seconds)
        return result, named

    async def _read_sitemaps(self, addresses: Sequence[str], source: Source | None) -> tuple[FeedItem, ...]:
        """Return the items of an index's sitemaps, those left out that aren't there or hold no news.

        Raises the last ItemError where none could be read.
        """
        items, fault, read = list[FeedItem](), None, 0
        for address in addresses:
            try:
                answer = await self._client.get(
                    address,
                    headers={"Accept": _ACCEPT},
                    max_bytes=self._settings.poll.max_bytes,
                    seconds=self._settings.poll.timeout_seconds,
                    check=functools.partial(self._check, True),  # noqa: FBT003  full
                    gate=self._pacing.gate(),
                )
                items += (await self._parse(answer, source, "feed")).items
                read += 1
            except ItemError as error:
                _log.info("poll %s: %s", address, error)
                fault = error if error.reason is not Reason.NOT_FEED else fault
        if fault and not read:
            raise fault
        return tuple(items[: self._settings.poll.max_entries])

    async def _parse(self, answer: HttpResponse, source: Source | None, role: FeedRole) -> ParsedFeed:
        """Parse in a worker; raise the ItemError that its parser raised or that befell it."""
        document = FeedResponse(
            data=answer.body,
            url=answer.final_url,
            now=self._now,
            content_type=answer.headers.get("Content-Type"),
            time_zone=source.time_zone if source else None,
            max_items=self._settings.poll.max_entries,
            role=role,
        )
        self._pacing.backlog.add()
        try:
            future, done = self._workers.submit(document), asyncio.Event()
            loop = asyncio.get_running_loop()
            future.add_done_callback(lambda _: loop.call_soon_threadsafe(done.set))
            await done.wait()
            parsed = self._workers.wait_result(future)
        finally:
            self._pacing.backlog.remove()
        if isinstance(parsed, ItemError):
            raise parsed
        return parsed

    def _check(self, full: bool, status: int, headers: Headers) -> None:
        """Refuse by status, before the body is read. "Not modified" answers a conditional request only."""
        if status == _NOT_MODIFIED and not full:
            return
        if error := status_error(status, headers.get("Retry-After"), self._now):
            raise error


def _conditions(state: FeedState) -> dict[str, str]:
    """Return the headers that make a request conditional; validators go back as they came, quotes included."""
    headers = {"If-None-Match": state.etag, "If-Modified-Since": state.last_modified}
    return {name: value for name, value in headers.items() if value}
