"""Outlets on virtual time: feeds that grow and pages, each host as quick or slow as it is said to be.

It stands in for the network alone. Pages are plain, and read by ``read_page`` in place of worker processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import email.utils
import functools
import html
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from concurrent.futures import Future
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from multidict import CIMultiDict, CIMultiDictProxy

from pipeline.blob_packing import unpack_bytes
from pipeline.context import Context
from pipeline.enrich.name_workers import NameReader, NameWorkers
from pipeline.errors import ItemError
from pipeline.extract import Extraction, RawPage
from pipeline.feeds.parse import parse
from pipeline.fetch.client import HttpResponse
from pipeline.records import Article, Outcome, Reason, Stage
from pipeline.settings import EntitySettings
from pipeline.stages.coordination import Coordinator
from pipeline.stages.network import SharedNetwork
from pipeline.stages.runner import StageHandler
from tests.helpers.inline_workers import InlineWorkers


class Host(NamedTuple):
    """An outlet's server: seconds that an answer takes, and between requests; when it is away."""

    latency: float = 0.1
    crawl_delay: float = 0.0
    away: tuple[tuple[float, float], ...] = ()  # from when to when, in seconds


class PublishedArticle(NamedTuple):
    """An article of a host, from so many seconds on."""

    host: str
    path: str
    at: float
    title: str
    text: str

    @property
    def url(self) -> str:
        return f"https://{self.host}{self.path}"


class Request(NamedTuple):
    """A request that a host was sent."""

    at: float
    host: str
    path: str


class SimulatedOutlets:
    """Answers what ``Client.get`` would: it takes a client's place.

    Args:
        hosts: name → server.
        articles: what they publish; a feed (/feed) lists the newest ``window`` of them that are out.
        start: the time at 0 s.
    """

    def __init__(
        self, hosts: Mapping[str, Host], articles: Iterable[PublishedArticle], start: dt.datetime, *, window: int = 30
    ) -> None:
        self.requests: list[Request] = []
        self._hosts = hosts
        self._start = start
        self._window = window
        self._articles: dict[str, list[PublishedArticle]] = {host: [] for host in hosts}
        self._pages: dict[tuple[str, str], PublishedArticle] = {}
        for article in sorted(articles, key=lambda article: article.at):
            self._articles[article.host].append(article)
            self._pages[article.host, article.path] = article

    async def get(self, url: str, *, check: Any = None, gate: Any = None, **_: Any) -> HttpResponse:
        """Return what ``url`` answers."""
        parts, loop = urlsplit(url), asyncio.get_running_loop()
        host = self._hosts[parts.netloc]
        async with (gate or _no_gate)(url):
            self.requests.append(Request(loop.time(), parts.netloc, parts.path))
            await asyncio.sleep(host.latency)
            if any(begin <= loop.time() < end for begin, end in host.away):
                raise ItemError(Outcome.RETRY, Reason.CONNECTION, "the server is away")
            status, kind, body = self._answer(parts.netloc, parts.path, loop.time())
            headers = CIMultiDictProxy(CIMultiDict({"Content-Type": kind}))
            if check:
                check(status, headers)
        return HttpResponse(url=url, final_url=url, status=status, headers=headers, body=body, hops=())

    def _answer(self, host: str, path: str, now: float) -> tuple[int, str, bytes]:
        if path == "/robots.txt" and self._hosts[host].crawl_delay:
            return HTTPStatus.OK, "text/plain", f"User-agent: *\nCrawl-delay: {self._hosts[host].crawl_delay}".encode()
        if path == "/feed":
            listed = [article for article in self._articles[host] if article.at <= now][-self._window :]
            return HTTPStatus.OK, "application/rss+xml", self._feed(host, listed)
        article = self._pages.get((host, path))
        if article is None or article.at > now:
            return HTTPStatus.NOT_FOUND, "text/plain", b"nothing"
        return HTTPStatus.OK, "text/html", page_of(article)

    def _feed(self, host: str, listed: Sequence[PublishedArticle]) -> bytes:
        items = "".join(
            f"<item><title>{html.escape(article.title)}</title><link>{article.url}</link>"
            f"<pubDate>{email.utils.format_datetime(self._start + dt.timedelta(seconds=article.at))}</pubDate></item>"
            for article in reversed(listed)
        )
        return f"<rss version='2.0'><channel><title>{host}</title>{items}</channel></rss>".encode()


@contextlib.asynccontextmanager
async def _no_gate(_: str):
    yield


def page_of(article: PublishedArticle) -> bytes:
    """Return a page that ``read_page`` reads."""
    text = "".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in article.text.split("\n"))
    return f"<html><h1>{html.escape(article.title)}</h1>{text}</html>".encode()


def read_page(raw: RawPage) -> Extraction:
    """Return the article of a page that ``page_of`` made, as the feed dates it."""
    page = (unpack_bytes(raw.data) if raw.packed else raw.data).decode()
    title = re.search(r"<h1>(.*?)</h1>", page)
    assert title
    entry = raw.entry
    return Extraction(
        article=Article(
            id=raw.id,
            url=raw.url,
            source=entry.source if entry else None,
            title=html.unescape(title[1]),
            text="\n".join(map(html.unescape, re.findall(r"<p>(.*?)</p>", page))),
            language="en",
            published=entry.published if entry else None,
        ),
        page_title=html.unescape(title[1]),
    )


class InlineNames(NameWorkers):
    """Finds names at once, in place of worker processes."""

    def __init__(self, context: Context) -> None:
        settings = context.settings
        super().__init__(settings.entities, settings.enrich, context.config, count=1)
        self._inline = InlineWorkers(_name_reader(settings.entities.model, context.config))

    def submit(self, item: Any) -> Future[Any]:
        """Return a future that is done."""
        return self._inline.submit(item)


@functools.cache
def _name_reader(model: str, folder: Path) -> NameReader:
    return NameReader(EntitySettings(model=model), folder)


class SimulatedSurroundings:
    """What a run reaches in place of the world: ``web``, and work that is done at once."""

    def __init__(self, web: SimulatedOutlets) -> None:
        self._web = web

    def doors(self):
        """Return what ``Surroundings`` holds."""
        return self.open_network, self.open_workers

    @contextlib.asynccontextmanager
    async def open_network(self, context: Context, coordinator: Coordinator) -> AsyncIterator[SharedNetwork]:
        network = SharedNetwork(context, coordinator, self._web, InlineWorkers(parse))
        try:
            yield network
        finally:
            await network.hosts.close()

    def open_workers(self, handler_class: type[StageHandler], context: Context) -> Any:
        if handler_class.stage is Stage.EXTRACT:
            return InlineWorkers(read_page)
        if handler_class.stage is Stage.ENRICH:
            return InlineNames(context)
        return None
