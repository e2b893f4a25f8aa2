"""Which feeds does a site have? Asks its home page, its robots.txt and the usual places, and reads what it finds."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urljoin, urlsplit

from msgspec.structs import replace

from pipeline.errors import ItemError
from pipeline.feeds.decode import decode
from pipeline.feeds.discover import country_of, read_home, sitemaps_of, usual_places
from pipeline.feeds.items import Document, Parsed
from pipeline.feeds.line import item_id
from pipeline.feeds.parse import parse
from pipeline.feeds.rhythm import begin, level
from pipeline.fetch.client import Client, Headers, Response
from pipeline.fetch.headers import media_type
from pipeline.fetch.pacing import Pacing
from pipeline.fetch.statuses import refusal
from pipeline.records import Record
from pipeline.settings import Settings, Source
from pipeline.states import FeedRole
from pipeline.workers import Workers

_ENOUGH = 10  # feeds of one source: larger sites have one for each of hundreds of tags
_SITEMAPS = frozenset({"sitemap", "sitemapindex"})
_SAME = 0.9  # share of common entries from which two feeds are one
_ACCEPT = {"Accept": "text/html,application/rss+xml,application/atom+xml,application/xml;q=0.9,*/*;q=0.5"}


T = TypeVar("T")


class Seen(Record, frozen=True, kw_only=True):
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


class Site(NamedTuple):
    """A source as it would be added, what it was made from, and what was tried in vain."""

    source: Source
    taken: tuple[Seen, ...]
    left: tuple[Seen, ...]  # feeds that bring nothing new, and what can't be read


def look(addresses: Sequence[tuple[str, FeedRole]], settings: Settings, now: dt.datetime) -> list[Seen]:
    """Read each address once and say what is there."""

    async def read(finder: _Finder) -> list[Seen]:
        return list(await asyncio.gather(*(finder.look(url, role) for url, role in addresses)))

    return asyncio.run(_with_finder(read, settings, now))


def find(url: str, settings: Settings, now: dt.datetime) -> Site:
    """Return the source at ``url``, a feed or a home page; raises ItemError where the address can't be read."""
    return asyncio.run(_with_finder(lambda finder: finder.find(url), settings, now))


async def _with_finder(work: Callable[[_Finder], Coroutine[Any, Any, T]], settings: Settings, now: dt.datetime) -> T:
    limits = settings.poll
    workers: Workers[Document, Parsed]
    with Workers(parse, count=limits.workers, seconds=limits.parse_seconds, memory_mb=limits.memory_mb) as workers:
        async with Client(settings.fetch, connections=limits.concurrency) as client:
            return await work(_Finder(client, Pacing(settings.fetch, limits.concurrency), workers, settings, now))


class _Finder:
    """Asks one address at a time; what all of them share."""

    def __init__(
        self, client: Client, pacing: Pacing, workers: Workers[Document, Parsed], settings: Settings, now: dt.datetime
    ) -> None:
        self._client = client
        self._pacing = pacing
        self._workers = workers
        self._settings = settings
        self._now = now

    async def find(self, url: str) -> Site:
        """Return the source at ``url``."""
        answer = await self._get(url)
        text = decode(answer.body, media_type(answer.headers.get("Content-Type"))[1])
        as_feed = await self._read(answer, "feed")
        if as_feed.fault is None:
            return _site(as_feed.title, as_feed.language, url, [replace(as_feed, url=url)], None)
        home = read_home(text, answer.final_url)
        linked = await self._look_at(home.linked)
        if not any(seen.entries for seen in linked):
            linked += await self._look_at([*home.hinted, *usual_places(answer.final_url)])
        robots = await self._robots(answer.final_url)
        maps = await self._look_at(sitemaps_of(robots, answer.final_url))
        feeds = [seen for seen in linked if seen.format not in _SITEMAPS]
        sitemaps = [replace(seen, role="sitemap") for seen in maps if seen.format in _SITEMAPS]
        if not any(seen.entries for seen in feeds):  # then sitemaps are all there is to read
            sitemaps = [replace(seen, role="feed") for seen in sitemaps]
        page = replace(await self._read(answer, "page"), url=answer.final_url, role="page")
        failed = [seen for seen in maps if seen.fault and seen.url in robots]  # not those that were only guessed
        return _site(home.name, home.language, answer.final_url, [*feeds, *sitemaps, *failed], page)

    async def look(self, url: str, role: FeedRole = "feed") -> Seen:
        """Return what is at ``url``."""
        try:
            return replace(await self._read(await self._get(url), role), url=url, role=role)
        except ItemError as error:
            return Seen(url=url, role=role, fault=str(error))

    async def _look_at(self, urls: Sequence[str]) -> list[Seen]:
        return list(await asyncio.gather(*(self.look(url) for url in dict.fromkeys(urls))))

    async def _get(self, url: str) -> Response:
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
        if error := refusal(status, headers.get("Retry-After"), self._now):
            raise error

    async def _robots(self, url: str) -> str:
        try:
            return decode((await self._get(urljoin(url, "/robots.txt"))).body)
        except ItemError:
            return ""

    async def _read(self, answer: Response, role: FeedRole) -> Seen:
        """Return what a response holds; of an index what its first readable sitemap does."""
        document = Document(
            data=answer.body,
            url=answer.final_url,
            now=self._now,
            content_type=answer.headers.get("Content-Type"),
            max_items=self._settings.poll.max_entries,
            role=role,
        )
        parsed = await asyncio.to_thread(lambda: next(self._workers.map([document])))
        if isinstance(parsed, ItemError):
            return Seen(url=answer.final_url, role=role, fault=str(parsed))
        for place in parsed.sitemaps:
            inner = await self.look(place)
            if inner.entries:
                return replace(inner, url=answer.final_url, format=parsed.format)
        return _seen(parsed, answer.final_url, role, self._now)


def _seen(parsed: Parsed, url: str, role: FeedRole, now: dt.datetime) -> Seen:
    times = sorted(item.published for item in parsed.items if item.published and item.published <= now)
    rhythm = begin(times, now) if times else None
    return Seen(
        url=url,
        role=role,
        format=parsed.format,
        title=parsed.title,
        language=(parsed.language or "").partition("-")[0].lower() or None,
        entries=len(parsed.items),
        per_day=round(24 * level(rhythm), 1) if rhythm else None,
        latest=times[-1] if times else None,
        ids=frozenset(item_id(item) for item in parsed.items),
    )


def _site(name: str | None, language: str | None, url: str, found: Sequence[Seen], page: Seen | None) -> Site:
    """Choose from what was found: each article once, feeds before sitemaps, the page where there is nothing else."""
    taken: list[Seen] = []
    left: list[Seen] = []
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
        country=country_of(url),
        language=told if told and re.fullmatch("[a-z]{2,3}", told) else None,
        feeds=tuple(seen.url for seen in taken if seen.role == "feed"),
        sitemaps=tuple(seen.url for seen in taken if seen.role == "sitemap"),
        pages=tuple(seen.url for seen in taken if seen.role == "page"),
    )
    return Site(source, tuple(taken), tuple(left))
