"""Find the feeds of a site by its home page, its robots.txt and the usual addresses.

Every address that is proposed has been read and lists articles.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from msgspec.structs import replace

from pipeline.charsets import decode_feed
from pipeline.errors import ItemError
from pipeline.feed_records import FeedRole
from pipeline.feeds.arrival_rate import initial_rate, mean_rate
from pipeline.feeds.discovery_rules import country_of_host, parse_home_page, sitemap_addresses, usual_feed_addresses
from pipeline.feeds.model import ParsedFeed, feed_item_id
from pipeline.feeds.reader import FeedReader, open_reader
from pipeline.fetch.client import HttpResponse
from pipeline.fetch.headers import parse_content_type
from pipeline.records import Record
from pipeline.settings import Settings, Source

_MAX_FEEDS = 10  # feeds of one source: larger sites have one for each of hundreds of tags
_SITEMAPS = frozenset({"sitemap", "sitemapindex"})
_SAME_FEED_SHARE = 0.9  # share of common entries from which two feeds are one
_PAGE_OR_FEED = "text/html,application/rss+xml,application/atom+xml,application/xml;q=0.9,*/*;q=0.5"


class ProbedAddress(Record, frozen=True, kw_only=True):
    """What stands at an address: a feed, or why there is none."""

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
    """A source as it would be added, the addresses that it has, and those that were tried in vain."""

    source: Source
    taken: tuple[ProbedAddress, ...]
    rejected: tuple[ProbedAddress, ...]  # feeds that bring nothing new, and what can't be read


def probe_addresses(
    addresses: Sequence[tuple[str, FeedRole]], settings: Settings, now: dt.datetime
) -> list[ProbedAddress]:
    """Read each address once and say what is there."""

    async def probe() -> list[ProbedAddress]:
        async with open_reader(settings, now) as reader:
            finder = _Finder(reader, now)
            return list(await asyncio.gather(*(finder.probe_address(url, role) for url, role in addresses)))

    return asyncio.run(probe())


def discover_source(url: str, settings: Settings, now: dt.datetime) -> DiscoveredSource:
    """Return the source at ``url``, a feed or a home page; raises ItemError where the address can't be read."""

    async def discover() -> DiscoveredSource:
        async with open_reader(settings, now) as reader:
            return await _Finder(reader, now).discover_source(url)

    return asyncio.run(discover())


class _Finder:
    """Probes addresses with one reader."""

    def __init__(self, reader: FeedReader, now: dt.datetime) -> None:
        self._reader = reader
        self._now = now

    async def discover_source(self, url: str) -> DiscoveredSource:
        """Return the source at ``url``."""
        response = await self._reader.fetch(url, accept=_PAGE_OR_FEED)
        text = decode_feed(response.body, parse_content_type(response.headers.get("Content-Type"))[1])
        as_feed = await self._describe(response, "feed")
        if as_feed.fault is None:
            return _choose(as_feed.title, as_feed.language, url, [replace(as_feed, url=url)], None)
        home = parse_home_page(text, response.final_url)
        linked = await self._probe_feeds(home.linked)
        if not any(probe.entries for probe in linked):
            linked += await self._probe_feeds([*home.hinted, *usual_feed_addresses(response.final_url)])
        robots = await self._fetch_robots(response.final_url)
        maps = await self._probe_feeds(sitemap_addresses(robots, response.final_url))
        feeds = [probe for probe in linked if probe.format not in _SITEMAPS]
        sitemaps = [replace(probe, role="sitemap") for probe in maps if probe.format in _SITEMAPS]
        if not any(probe.entries for probe in feeds):  # then sitemaps are all there is to read
            sitemaps = [replace(probe, role="feed") for probe in sitemaps]
        page = replace(await self._describe(response, "page"), url=response.final_url, role="page")
        failed = [probe for probe in maps if probe.fault and probe.url in robots]  # not those that were only guessed
        return _choose(home.name, home.language, response.final_url, [*feeds, *sitemaps, *failed], page)

    async def probe_address(self, url: str, role: FeedRole = "feed") -> ProbedAddress:
        """Return what is at ``url``."""
        try:
            response = await self._reader.fetch(url, accept=_PAGE_OR_FEED)
            return replace(await self._describe(response, role), url=url, role=role)
        except ItemError as error:
            return ProbedAddress(url=url, role=role, fault=str(error))

    async def _probe_feeds(self, urls: Sequence[str]) -> list[ProbedAddress]:
        return list(await asyncio.gather(*(self.probe_address(url) for url in dict.fromkeys(urls))))

    async def _fetch_robots(self, url: str) -> str:
        try:
            return decode_feed((await self._reader.fetch(urljoin(url, "/robots.txt"), accept=_PAGE_OR_FEED)).body)
        except ItemError:
            return ""

    async def _describe(self, response: HttpResponse, role: FeedRole) -> ProbedAddress:
        """Return what a response holds; of an index what its first readable sitemap does."""
        try:
            parsed = await self._reader.parse(response, role=role)
        except ItemError as error:
            return ProbedAddress(url=response.final_url, role=role, fault=str(error))
        for address in parsed.sitemaps:
            sitemap = await self.probe_address(address)
            if sitemap.entries:
                return replace(sitemap, url=response.final_url, format=parsed.format)
        return _summarise(parsed, response.final_url, role, self._now)


def _summarise(parsed: ParsedFeed, url: str, role: FeedRole, now: dt.datetime) -> ProbedAddress:
    times = sorted(item.published for item in parsed.items if item.published and item.published <= now)
    rate = initial_rate(times, now) if times else None
    return ProbedAddress(
        url=url,
        role=role,
        format=parsed.format,
        title=parsed.title,
        language=(parsed.language or "").partition("-")[0].lower() or None,
        entries=len(parsed.items),
        per_day=round(24 * mean_rate(rate), 1) if rate else None,
        latest=times[-1] if times else None,
        ids=frozenset(feed_item_id(item) for item in parsed.items),
    )


def _choose(
    name: str | None, language: str | None, url: str, probes: Sequence[ProbedAddress], page: ProbedAddress | None
) -> DiscoveredSource:
    """Choose among the addresses: each article once, feeds before sitemaps, the page where there is nothing else."""
    taken: list[ProbedAddress] = []
    rejected: list[ProbedAddress] = []
    covered: set[str] = set()  # ids of the articles that those taken list
    for probe in probes:
        if probe.fault or not probe.entries:
            rejected.append(probe if probe.fault else replace(probe, fault="lists nothing"))
        elif probe.role == "feed" and len(probe.ids & covered) >= _SAME_FEED_SHARE * len(probe.ids):
            rejected.append(replace(probe, fault="lists only what the others list"))
        elif sum(feed.role == probe.role for feed in taken) >= _MAX_FEEDS:
            rejected.append(replace(probe, fault=f"{_MAX_FEEDS} are enough; name it yourself if it isn't"))
        else:
            taken.append(probe)
            covered |= probe.ids
    if page and not taken:
        (rejected if page.fault else taken).append(page)
    titles = [probe.title for probe in taken if probe.title]
    languages = [probe.language for probe in taken if probe.language]
    language = language or next(iter(languages), None)
    source = Source(
        name=name or next(iter(titles), None) or (urlsplit(url).hostname or url).removeprefix("www."),
        home=url if page else None,
        country=country_of_host(url),
        language=language if language and re.fullmatch("[a-z]{2,3}", language) else None,
        feeds=tuple(probe.url for probe in taken if probe.role == "feed"),
        sitemaps=tuple(probe.url for probe in taken if probe.role == "sitemap"),
        pages=tuple(probe.url for probe in taken if probe.role == "page"),
    )
    return DiscoveredSource(source, tuple(taken), tuple(rejected))
