"""Which feeds does a site have? Asks its home page, its robots.txt and the usual places, and reads what it finds."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urljoin, urlsplit

from msgspec.structs import replace

from pipeline.charsets import decode_feed
from pipeline.errors import ItemError
from pipeline.feed_records import FeedRole
from pipeline.feeds.arrival_rate import initial_rhythm, mean_rate
from pipeline.feeds.discovery_rules import country_of_host, parse_home_page, sitemap_addresses, usual_feed_addresses
from pipeline.feeds.line import feed_item_id
from pipeline.feeds.model import FeedResponse, ParsedFeed
from pipeline.feeds.parse import parse
from pipeline.fetch.client import Client, Headers, HttpResponse
from pipeline.fetch.headers import parse_content_type
from pipeline.fetch.pacing import Pacing
from pipeline.fetch.statuses import status_error
from pipeline.records import Record
from pipeline.settings import Settings, Source
from pipeline.workers import Workers

_ENOUGH = 10  # feeds of one source: larger sites have one for each of hundreds of tags
_SITEMAPS = frozenset({"sitemap", "sitemapindex"})
_SAME = 0.9  # share of common entries from which two feeds are one
_ACCEPT = {"Accept": "text/html,application/rss+xml,application/atom+xml,application/xml;q=0.9,*/*;q=0.5"}


T = TypeVar("T")


class ProbedAddress(Record, frozen=True, kw_only=True):
    """What was found at an address: a feed, or why there is none."""

    url: str
    role: FeedRole = "feed"
    format: str | None = None
    title: str | None = None
    language: str | None = None
    entries: int = 0
    per_day: float | None = None
    latest: dt.datetime | None = None
    fault: str | None = None
    ids: frozenset[str] = frozenset()


class DiscoveredSource(NamedTuple):
    """A source as it would be added, what it was made from, and what was tried in vain."""

    source: Source
    taken: tuple[ProbedAddress, ...]
    rejected: tuple[ProbedAddress, ...]  # feeds that bring nothing new, and what can't be read


def probe_addresses(
    addresses: Sequence[tuple[str, FeedRole]], settings: Settings, now: dt.datetime
) -> list[ProbedAddress]:
    """Read each address once and say what is there."""

    async def read(finder: _Finder) -> list[ProbedAddress]:
        return list(await asyncio.gather(*(finder.probe_address(url, role) for url, role in addresses)))

    return asyncio.run(_with_finder(read, settings, now))


def discover_source(url: str, settings: Settings, now: dt.datetime) -> DiscoveredSource:
    """Return the source at ``url``, a feed or a home page; raises ItemError where the address can't be read."""
    return asyncio.run(_with_finder(lambda finder: finder.discover_source(url), settings, now))


async def _with_finder(work: Callable[[_Finder], Coroutine[Any, Any, T]], settings: Settings, now: dt.datetime) -> T:
    limits = settings.poll
    workers: Workers[FeedResponse, ParsedFeed]
    with Workers(parse, count=limits.workers, seconds=limits.parse_seconds, memory_mb=limits.memory_mb) as workers:
        async with Client(settings.fetch, connections=limits.concurrency) as client:
            return await work(_Finder(client, Pacing(settings.fetch, limits.concurrency), workers, settings, now))


class _Finder:
    """Asks one address at a time; what all of them share."""

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

    async def discover_source(self, url: str) -> DiscoveredSource:
        """Return the source at ``url``."""
        answer = await self._get(url)
        text = decode_feed(answer.body, parse_content_type(answer.headers.get("Content-Type"))[1])
        as_feed = await self._read(answer, "feed")
        if as_feed.fault is None:
            return _site(as_feed.title, as_feed.language, url, [replace(as_feed, url=url)], None)
        home = parse_home_page(text, answer.final_url)
        linked = await self._look_at(home.linked)
        if not any(seen.entries for seen in linked):
            linked += await self._look_at([*home.hinted, *usual_feed_addresses(answer.final_url)])
        robots = await self._robots(answer.final_url)
        maps = await self._look_at(sitemap_addresses(robots, answer.final_url))
        feeds = [seen for seen in linked if seen.format not in _SITEMAPS]
        sitemaps = [replace(seen, role="sitemap") for seen in maps if seen.format in _SITEMAPS]
        if not any(seen.entries for seen in feeds):  # then sitemaps are all there is to read
            sitemaps = [replace(seen, role="feed") for seen in sitemaps]
        page = replace(await self._read(answer, "page"), url=answer.final_url, role="page")
        failed = [seen for seen in maps if seen.fault and seen.url in robots]  # not those that were only guessed
        return _site(home.name, home.language, answer.final_url, [*feeds, *sitemaps, *failed], page)

    async def probe_address(self, url: str, role: FeedRole = "feed") -> ProbedAddress:
        """Return what is at ``url``."""
        try:
            return replace(await self._read(await self._get(url), role), url=url, role=role)
        except ItemError as error:
            return ProbedAddress(url=url, role=role, fault=str(error))

    async def _look_at(self, urls: Sequence[str]) -> list[ProbedAddress]:
        return list(await asyncio.gather(*(self.probe_address(url) for url in dict.fromkeys(urls))))

    async def _get(self, url: str) -> HttpResponse:
        limits = self._settings.poll
        return await self._client.get(
            url,
            headers=_ACCEPT,
            max_bytes=limits.max_bytes,
            seconds=limits.timeout_seconds,
            check=self._check,
            gate=self._pacing.gate(),
        )

    def _check(self, status: int, headers: Headers) -> None:
        if error := status_error(status, headers.get("Retry-After"), self._now):
            raise error

    async def _robots(self, url: str) -> str:
        try:
            return decode_feed((await self._get(urljoin(url, "/robots.txt"))).body)
        except ItemError:
            return ""

    async def _read(self, answer: HttpResponse, role: FeedRole) -> ProbedAddress:
        """Return what a response holds; of an index what its first readable sitemap does."""
        document = FeedResponse(
            data=answer.body,
            url=answer.final_url,
            now=self._now,
            content_type=answer.headers.get("Content-Type"),
            max_items=self._settings.poll.max_entries,
            role=role,
        )
        parsed = await asyncio.to_thread(lambda: next(self._workers.map([document])))
        if isinstance(parsed, ItemError):
            return ProbedAddress(url=answer.final_url, role=role, fault=str(parsed))
        for place in parsed.sitemaps:
            inner = await self.probe_address(place)
            if inner.entries:
                return replace(inner, url=answer.final_url, format=parsed.format)
        return _seen(parsed, answer.final_url, role, self._now)


def _seen(parsed: ParsedFeed, url: str, role: FeedRole, now: dt.datetime) -> ProbedAddress:
    times = sorted(item.published for item in parsed.items if item.published and item.published <= now)
    rhythm = initial_rhythm(times, now) if times else None
    return ProbedAddress(
        url=url,
        role=role,
        format=parsed.format,
        title=parsed.title,
        language=(parsed.language or "").partition("-")[0].lower() or None,
        entries=len(parsed.items),
        per_day=round(24 * mean_rate(rhythm), 1) if rhythm else None,
        latest=times[-1] if times else None,
        ids=frozenset(feed_item_id(item) for item in parsed.items),
    )


def _site(
    name: str | None, language: str | None, url: str, found: Sequence[ProbedAddress], page: ProbedAddress | None
) -> DiscoveredSource:
    """Choose from what was found: each article once, feeds before sitemaps, the page where there is nothing else."""
    taken: list[ProbedAddress] = []
    left: list[ProbedAddress] = []
    known: set[str] = set()
    for seen in found:
        if seen.fault or not seen.entries:
            left.append(seen if seen.fault else replace(seen, fault="lists nothing"))
        elif seen.role == "feed" and len(seen.ids & known) >= _SAME * len(seen.ids):
            left.append(replace(seen, fault="lists only what the others list"))
        elif sum(one.role == seen.role for one in taken) >= _ENOUGH:
            left.append(replace(seen, fault=f"{_ENOUGH} are enough; name it yourself if it isn't"))
        else:
            taken.append(seen)
            known |= seen.ids
    if page and not taken:
        (left if page.fault else taken).append(page)
    titles = [seen.title for seen in taken if seen.title]
    languages = [seen.language for seen in taken if seen.language]
    told = language or next(iter(languages), None)
    source = Source(
        name=name or next(iter(titles), None) or (urlsplit(url).hostname or url).removeprefix("www."),
        home=url if page else None,
        country=country_of_host(url),
        language=told if told and re.fullmatch("[a-z]{2,3}", told) else None,
        feeds=tuple(seen.url for seen in taken if seen.role == "feed"),
        sitemaps=tuple(seen.url for seen in taken if seen.role == "sitemap"),
        pages=tuple(seen.url for seen in taken if seen.role == "page"),
    )
    return DiscoveredSource(source, tuple(taken), tuple(left))
