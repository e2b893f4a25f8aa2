"""What is new in the feeds that are due? Asks them all, conditionally and at once; one bad feed costs only itself."""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import hashlib
import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from pipeline.errors import ItemError, WorkersError
from pipeline.feeds.entries import entries_of
from pipeline.feeds.items import Document, Parsed
from pipeline.feeds.parse import parse
from pipeline.feeds.schedule import Result, interval, is_full, next_state
from pipeline.fetch.client import Client, Headers, Response
from pipeline.fetch.headers import fresh_for
from pipeline.fetch.pacing import Pacing
from pipeline.fetch.statuses import refusal
from pipeline.records import Entry, FeedState, Outcome, Reason
from pipeline.settings import Settings, Source
from pipeline.workers import Workers

_log = logging.getLogger(__name__)

_ACCEPT = (
    "application/rss+xml,application/atom+xml,application/feed+json,application/rdf+xml,application/xml;q=0.9,"
    "text/xml;q=0.9,application/json;q=0.8,*/*;q=0.5"
)
_NOT_MODIFIED = 304


class Polled(NamedTuple):
    """What came of polling one feed; entries oldest first."""

    state: FeedState
    entries: tuple[Entry, ...]
    outcome: Outcome
    reason: Reason | None
    detail: str


def poll(
    states: Sequence[FeedState], sources: Mapping[str, Source], settings: Settings, now: dt.datetime
) -> list[Polled]:
    """Poll the feeds of ``states``, each with its validators; return what came of each, in their order.

    Feeds are parsed in worker processes under a limit of time and memory.
    """
    return asyncio.run(_poll_all(states, sources, settings, now)) if states else []


async def _poll_all(
    states: Sequence[FeedState], sources: Mapping[str, Source], settings: Settings, now: dt.datetime
) -> list[Polled]:
    limits, places = settings.poll, settings.poll.concurrency
    workers: Workers[Document, Parsed]
    with Workers(parse, count=limits.workers, seconds=limits.parse_seconds, memory_mb=limits.memory_mb) as workers:
        async with Client(settings.fetch, connections=places) as client:
            # Half of the lease, so that what was waited for is also saved in time
            pacing = Pacing(settings.fetch, places, patience=settings.run.lease_seconds / 2)
            poller = _Poller(client, pacing, workers, settings, now)
            return list(await asyncio.gather(*(poller.poll(state, sources.get(state.source)) for state in states)))


class _Poller:
    """Polls one feed at a time; what all of them share."""

    def __init__(
        self, client: Client, pacing: Pacing, workers: Workers[Document, Parsed], settings: Settings, now: dt.datetime
    ) -> None:
        self._client = client
        self._pacing = pacing
        self._workers = workers
        self._settings = settings
        self._now = now

    async def poll(self, state: FeedState, source: Source | None) -> Polled:
        """Return what came of polling one feed, whatever happened."""
        entries: tuple[Entry, ...] = ()
        try:
            result, entries = await self._read(state, source)
        except ItemError as error:
            result = Result(
                outcome=error.outcome, reason=error.reason, detail=error.detail, retry_after=error.retry_after
            )
        except WorkersError:
            raise  # no feed can be parsed
        except Exception as error:  # noqa: BLE001 a fault of ours, met by one feed: the others go on
            _log.exception("poll %s", state.url)
            detail = f"{type(error).__name__}: {error}"[:500]
            result = Result(outcome=Outcome.QUARANTINED, reason=Reason.CRASHED, detail=detail)
        after = next_state(state, result, self._now, interval(source, self._settings))
        return Polled(after, entries, result.outcome, result.reason, result.detail)

    async def _read(self, state: FeedState, source: Source | None) -> tuple[Result, tuple[Entry, ...]]:
        full = is_full(state, self._now)
        answer = await self._client.get(
            state.url,
            headers={"Accept": _ACCEPT} if full else {"Accept": _ACCEPT, **_conditions(state)},
            max_bytes=self._settings.poll.max_bytes,
            seconds=self._settings.poll.timeout_seconds,
            check=functools.partial(self._check, full),
            gate=self._pacing.gate(),
        )
        result = Result(
            outcome=Outcome.DONE,
            etag=answer.headers.get("ETag"),
            last_modified=answer.headers.get("Last-Modified"),
            body_hash=hashlib.sha256(answer.body).hexdigest(),
            fresh_seconds=fresh_for(answer.headers, self._now),
        )
        if answer.status == _NOT_MODIFIED or result.body_hash == state.body_hash:
            return replace(result, outcome=Outcome.DROPPED, reason=Reason.NOT_MODIFIED), ()
        parsed = await self._parse(answer, source)
        entries, detail = entries_of(parsed, state, source, self._settings.poll, self._now)
        hints = [hint for hint in (result.fresh_seconds, parsed.ttl_seconds) if hint is not None]
        return replace(result, detail=detail, fresh_seconds=max(hints, default=None)), entries

    async def _parse(self, answer: Response, source: Source | None) -> Parsed:
        """Parse in a worker; raise the ItemError that its parser raised or that befell it."""
        document = Document(
            data=answer.body,
            url=answer.final_url,
            now=self._now,
            content_type=answer.headers.get("Content-Type"),
            time_zone=source.time_zone if source else None,
            max_items=self._settings.poll.max_entries,
        )
        self._pacing.backlog.add()
        try:
            future, done = self._workers.submit(document), asyncio.Event()
            loop = asyncio.get_running_loop()
            future.add_done_callback(lambda _: loop.call_soon_threadsafe(done.set))
            await done.wait()
            parsed = self._workers.settle(future)
        finally:
            self._pacing.backlog.remove()
        if isinstance(parsed, ItemError):
            raise parsed
        return parsed

    def _check(self, full: bool, status: int, headers: Headers) -> None:
        """Refuse by status, before the body is read. "Not modified" answers a conditional request only."""
        if status == _NOT_MODIFIED and not full:
            return
        if error := refusal(status, headers.get("Retry-After"), self._now):
            raise error


def _conditions(state: FeedState) -> dict[str, str]:
    """Return the headers that make a request conditional; validators go back as they came, quotes included."""
    headers = {"If-None-Match": state.etag, "If-Modified-Since": state.last_modified}
    return {name: value for name, value in headers.items() if value}
