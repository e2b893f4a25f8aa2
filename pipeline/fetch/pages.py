"""Fetch the pages of entries, conditionally where an earlier fetch brought them.

What robots.txt refuses is not asked for; a page that fails costs only itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import NamedTuple

from aiohttp.abc import AbstractResolver

from pipeline import rights, urls
from pipeline.errors import ItemError
from pipeline.fetch.client import Client, Headers, Hop, HttpResponse, product_token
from pipeline.fetch.headers import parse_content_type
from pipeline.fetch.pacing import SLOW_PER_PLACE, Pacing, Places
from pipeline.fetch.robots import MAX_BYTES, Call, Robots, RobotsCache, call_here
from pipeline.fetch.statuses import status_error
from pipeline.fetch.terms import SourceTerms
from pipeline.records import Entry, Outcome, Page, Reason
from pipeline.settings import Settings

_log = logging.getLogger(__name__)

_ACCEPT = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"}
_HTML = frozenset({"text/html", "application/xhtml+xml"})
# Types under which pages are sent by mistake; their first bytes decide.
_VAGUE = frozenset({None, "text/plain", "text/xml", "application/xml", "application/octet-stream"})
_LOOKS_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_HEAD_BYTES = 4096  # a page's doctype or root lies within, comments before it included


class FetchedPage(NamedTuple):
    """What a server sent for an entry."""

    final_url: str
    status: int
    body: bytes
    media_type: str | None
    charset: str | None
    etag: str | None
    last_modified: str | None
    rights: tuple[str, ...]  # see pipeline.rights
    hops: tuple[Hop, ...]


async def fetch_pages(
    entries: Sequence[Entry],
    settings: Settings,
    robots: RobotsCache,
    now: Callable[[], dt.datetime],
    *,
    old_pages: Mapping[str, Page] = MappingProxyType({}),
    terms: SourceTerms | None = None,
    resolver: AbstractResolver | None = None,
) -> AsyncIterator[tuple[Entry, FetchedPage | ItemError]]:
    """Yield each entry with what its server sent, or why there is nothing, as the servers answer; without a ledger.

    Hosts are interleaved; only a few bodies are held at a time, however slowly they are taken.

    Args:
        entries: what is to be fetched.
        settings: those of ``fetch`` and ``run`` hold.
        robots: keeps robots.txt files between runs.
        now: tells the time.
        old_pages: by id, the pages that an earlier fetch brought: they are asked for conditionally, and are
            NOT_MODIFIED (dropped) where they are the same.
        terms: those of the sources.
        resolver: replaces the system's.
    """
    connections = settings.fetch.concurrency
    results: asyncio.Queue[tuple[Entry, FetchedPage | ItemError]] = asyncio.Queue()
    places = (1 + SLOW_PER_PLACE) * connections
    async with Client(settings.fetch, connections=places, resolver=resolver) as client:
        pacing = Pacing(settings.fetch, connections, patience=settings.run.lease_seconds / 2)
        fetcher = PageFetcher(client, settings, robots, now, pacing, terms=terms)

        async def visit(entry: Entry) -> None:
            result = await fetcher.fetch(entry, old_pages.get(entry.id))
            pacing.places.backlog.add()
            results.put_nowait((entry, result))

        tasks = [asyncio.create_task(visit(entry)) for entry in sorted(entries, key=_shuffled)]
        try:
            for _ in tasks:
                result = await results.get()
                pacing.places.backlog.remove()
                yield result
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _shuffled(entry: Entry) -> bytes:
    """Order entries so that no source comes in a row, and the same each time."""
    return hashlib.sha256(entry.id.encode()).digest()


class PageFetcher:
    """Fetches one entry's page at a time; what all of them share.

    ``places`` are those of pages, where they have their own; ``call`` asks the cache of robots.txt files.
    """

    def __init__(  # noqa: PLR0913  (what may be left out has its default)
        self,
        client: Client,
        settings: Settings,
        cache: RobotsCache,
        now: Callable[[], dt.datetime],
        pacing: Pacing,
        *,
        terms: SourceTerms | None = None,
        places: Places | None = None,
        call: Call = call_here,
    ) -> None:
        self._client = client
        self._now = now
        self._pacing = pacing
        self._places = places
        self._terms = terms or SourceTerms()
        self._agent = product_token(settings.fetch)
        obeys = settings.fetch.obey_robots
        self._robots = Robots(cache, self._agent, self._get_robots, now, call) if obeys else None

    async def fetch(self, entry: Entry, old_page: Page | None) -> FetchedPage | ItemError:
        """Return what the server sends for ``entry``, or why there is nothing (or nothing new).

        It is a NotNowError where the host can't be asked soon and nothing was.
        """
        try:
            gate = self._pacing.gate(self._ask_robots, self._places)
            conditions = _conditions(entry, old_page)
            check = functools.partial(self._check, bool(conditions))
            login = self._terms.login_for(entry.source, entry.url)
            answer = await self._client.get(
                entry.url, headers={**_ACCEPT, **conditions}, check=check, gate=gate, login=login
            )
            page = _fetched(answer, old_page, await self._rights(answer))
            # No server sees what follows "#", where applications in the browser name the page
            fragment = urls.page_fragment(entry.url)
            return page._replace(final_url=f"{page.final_url}#{fragment}") if fragment else page
        except ItemError as error:
            return error
        except Exception as error:  # noqa: BLE001 a fault of ours, met by one page: the others go on
            _log.exception("fetch %s", entry.url)
            return ItemError(Outcome.QUARANTINED, Reason.CRASHED, f"{type(error).__name__}: {error}"[:500])

    async def learn_rules(self, url: str) -> None:
        """Ask for the robots.txt of an address's host before its pages are known; what fails is left to those."""
        if self._robots:
            with contextlib.suppress(ItemError):
                if rules := await self._robots.learn(url):
                    self._pacing.set_crawl_delay(urls.host_and_port(url), rules.crawl_delay)

    async def _ask_robots(self, url: str) -> None:
        if self._robots:
            rules = await self._robots.rules(url)
            self._pacing.set_crawl_delay(urls.host_and_port(url), rules.crawl_delay)
            rules.check(url)

    async def _rights(self, answer: HttpResponse) -> tuple[str, ...]:
        """Return what the server says of the page's use, in its headers and its robots.txt."""
        reserved = [
            *rights.parse_header(answer.headers.getall("X-Robots-Tag", ()), self._agent),
            *rights.parse_tdm(answer.headers.getall("TDM-Reservation", ())),
        ]
        if self._robots:
            reserved += (await self._robots.rules(answer.final_url)).reserved_rights(answer.final_url)
        return rights.normalise_rights(reserved)

    async def _get_robots(self, url: str) -> HttpResponse:
        return await self._client.get(url, max_bytes=MAX_BYTES, cut=True, gate=self._pacing.gate(places=self._places))

    def _check(self, conditional: bool, status: int, headers: Headers) -> None:
        """Refuse by status or type, before the body is read.

        Raises:
            ItemError: The status is a refusal, or 304 in answer to a conditional request; NOT_HTML for another type.
        """
        if conditional and status == HTTPStatus.NOT_MODIFIED:
            raise ItemError(Outcome.DROPPED, Reason.NOT_MODIFIED, "status 304")
        if error := status_error(status, headers.get("Retry-After"), self._now()):
            raise error
        kind = parse_content_type(headers.get("Content-Type"))[0]
        if kind not in _HTML and kind not in _VAGUE:
            raise ItemError(Outcome.DROPPED, Reason.NOT_HTML, f"its type is {kind}")


def _conditions(entry: Entry, old_page: Page | None) -> dict[str, str]:
    """Return the headers that make a request conditional; validators hold for the address that they came from."""
    if old_page is None or old_page.url != entry.url:
        return {}
    headers = {"If-None-Match": old_page.etag, "If-Modified-Since": old_page.last_modified}
    return {name: value for name, value in headers.items() if value}


def _fetched(answer: HttpResponse, old_page: Page | None, reserved: tuple[str, ...]) -> FetchedPage:
    """Return what a response holds.

    Raises:
        ItemError: EMPTY; NOT_HTML for what is no page; NOT_MODIFIED for the same page as before (all dropped).
    """
    kind, charset = parse_content_type(answer.headers.get("Content-Type"))
    if not answer.body.strip():
        raise ItemError(Outcome.DROPPED, Reason.EMPTY, "the server sent nothing")
    if kind not in _HTML and not _LOOKS_HTML.search(answer.body[:_HEAD_BYTES].replace(b"\0", b"")):
        raise ItemError(Outcome.DROPPED, Reason.NOT_HTML, f"its type is {kind or 'not named'}, and it isn't HTML")
    if old_page and old_page.blob == hashlib.sha256(answer.body).hexdigest():
        raise ItemError(Outcome.DROPPED, Reason.NOT_MODIFIED, "the same page")
    return FetchedPage(
        final_url=answer.final_url,
        status=answer.status,
        body=answer.body,
        media_type=kind,
        charset=charset,
        etag=answer.headers.get("ETag"),
        last_modified=answer.headers.get("Last-Modified"),
        rights=reserved,
        hops=answer.hops,
    )
