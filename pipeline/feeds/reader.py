"""Fetch feeds and parse them, for polling and for discovery.

What a server sent is parsed in worker processes only, under a limit of time and memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Future
from http import HTTPStatus
from typing import Protocol

from pipeline.errors import ItemError
from pipeline.feed_records import FeedRole
from pipeline.feeds.model import FeedResponse, ParsedFeed
from pipeline.feeds.parse import parse
from pipeline.fetch.client import Client, Headers, HttpResponse, ServerLogin
from pipeline.fetch.pacing import PATIENCE_SECONDS, SLOW_PER_PLACE, Pacing, Places
from pipeline.fetch.statuses import status_error
from pipeline.settings import PollSettings, Settings, Source
from pipeline.workers import Workers

_FEED_TYPES = (
    "application/rss+xml,application/atom+xml,application/feed+json,application/rdf+xml,application/xml;q=0.9,"
    "text/xml;q=0.9,application/json;q=0.8,*/*;q=0.5"
)


def feed_workers(settings: PollSettings) -> Workers[FeedResponse, ParsedFeed]:
    """Return the worker processes that parse feeds, a context manager."""
    return Workers(parse, count=settings.workers, seconds=settings.parse_seconds, memory_mb=settings.memory_mb)


@contextlib.asynccontextmanager
async def open_reader(
    settings: Settings, now: dt.datetime, *, patience: float = PATIENCE_SECONDS
) -> AsyncIterator[FeedReader]:
    """Open a reader with connections, pacing and workers of its own.

    Args:
        settings: those of ``poll`` and ``fetch`` hold.
        now: the time of this run.
        patience: seconds that a request waits for its host at most.
    """
    connections = settings.poll.concurrency
    with feed_workers(settings.poll) as workers:
        async with Client(settings.fetch, connections=(1 + SLOW_PER_PLACE) * connections) as client:
            pacing = Pacing(settings.fetch, connections, patience=patience)
            yield FeedReader(client, pacing, workers, settings.poll, lambda: now)


class FeedParsers(Protocol):
    """Parses feeds, each within limits: worker processes do."""

    def submit(self, item: FeedResponse, /) -> Future[ParsedFeed]:
        """Start to parse ``item``."""

    def wait_result(self, future: Future[ParsedFeed], /) -> ParsedFeed | ItemError:
        """Return what was parsed, or why there is nothing; raise WorkersError where no worker can be started."""


class FeedReader:
    """Fetches addresses and parses what they hold, many at a time; see ``open_reader``.

    ``places`` are those of feeds, where they have their own. ``before_request`` is called with each address before it
    is asked for; whoever fetches the pages of the same hosts may set it.
    """

    before_request: Callable[[str], Awaitable[None]] | None = None

    def __init__(
        self,
        client: Client,
        pacing: Pacing,
        workers: FeedParsers,
        settings: PollSettings,
        now: Callable[[], dt.datetime],
        *,
        places: Places | None = None,
    ) -> None:
        self._client = client
        self._pacing = pacing
        self._places = places or pacing.places
        self._workers = workers
        self._settings = settings
        self._now = now

    async def fetch(
        self,
        url: str,
        *,
        accept: str = _FEED_TYPES,
        conditions: Mapping[str, str] | None = None,
        login: ServerLogin | None = None,
    ) -> HttpResponse:
        """Return what ``url`` answers, within the limits of the settings.

        Args:
            url: the address.
            accept: the media types that are asked for.
            conditions: headers that make the request conditional. Status 304 is an answer only to a request with
                conditions, even if these are empty; to one without (None) it is an error.
            login: what the operator arranged with the server.

        Raises:
            ItemError: The server refused, as its status says, or can't be read (see ``Client.get``).
        """
        return await self._client.get(
            url,
            headers={"Accept": accept, **(conditions or {})},
            max_bytes=self._settings.max_bytes,
            seconds=self._settings.timeout_seconds,
            check=functools.partial(self._check_status, conditions is not None),
            gate=self._pacing.gate(self.before_request, self._places),
            login=login,
        )

    def _check_status(self, conditional: bool, status: int, headers: Headers) -> None:
        """Refuse by status, before the body is read.

        Raises:
            ItemError: The status says that there is no feed.
        """
        if conditional and status == HTTPStatus.NOT_MODIFIED:
            return
        if error := status_error(status, headers.get("Retry-After"), self._now()):
            raise error

    async def parse(
        self, response: HttpResponse, *, role: FeedRole = "feed", source: Source | None = None
    ) -> ParsedFeed:
        """Parse a response in a worker.

        Args:
            response: what ``fetch`` returned.
            role: what the address is to be; a page is read for its links only where it is to be a page.
            source: whose feed it is: its zone, language and country decide what its times mean.

        Raises:
            ItemError: It is no feed (see ``parse.parse``), or its parser took too long, too much memory or crashed.
            WorkersError: No worker can be started.
        """
        document = FeedResponse(
            data=response.body,
            url=response.final_url,
            now=self._now(),
            content_type=response.headers.get("Content-Type"),
            time_zone=source.time_zone if source else None,
            language=source.language if source else None,
            country=source.country if source else None,
            max_items=self._settings.max_entries,
            role=role,
        )
        self._places.backlog.add()
        try:
            future, done = self._workers.submit(document), asyncio.Event()
            loop = asyncio.get_running_loop()
            future.add_done_callback(lambda _: loop.call_soon_threadsafe(done.set))
            await done.wait()
            parsed = self._workers.wait_result(future)
        finally:
            self._places.backlog.remove()
        if isinstance(parsed, ItemError):
            raise parsed
        return parsed
