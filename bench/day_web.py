"""Hold the outlets of a simulated day: feeds by arrival traces on thousands of hosts, and what goes wrong with them.

The same plan gives the same day. Texts are made when they are asked for, so that the web takes no more memory as the
day goes on: what grows beside it is the run's own.
"""

from __future__ import annotations

import asyncio
import bisect
import collections
import contextlib
import datetime as dt
import json
import random
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
from multidict import CIMultiDict, CIMultiDictProxy

from pipeline.errors import ItemError
from pipeline.fetch.client import HttpResponse
from pipeline.fetch.statuses import status_error
from pipeline.records import Outcome, Reason
from pipeline.settings import Source
from pipeline.simulation.traces import Trace, invent_traces
from tests.helpers.simulated_outlets import PublishedArticle, page_of

START = dt.datetime(2026, 9, 7, tzinfo=dt.UTC)
HOUR = 3600.0
PEOPLE = tuple(f"{first} {last}" for first in ("Ana", "Tomas", "Mei", "Priya", "Kofi") for last in (
    "Ruiz", "Okafor", "Lindqvist", "Haddad", "Novak", "Brandt", "Dovrin", "Falkner", "Grimaud", "Ilves",
))  # fmt: skip
_PER_EVENT = 4  # articles; one in _COPY_EVERY is a copy of the event's first
_COPY_EVERY = 10
_CHANGED_EVERY = 15  # articles of which the page is another one half an hour later
_PLAIN = "the of a in to was and on for with from by said that after before over under near while".split()
_SYLLABLES = "ba do fe gi ha jo ke lu me no pi qua ro ste vu wi xa yo zet bron cla dri".split()


class DayPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How large the simulated day is, and when things go wrong in it.

    Args:
        feeds: how many there are; some share a host, some a provider.
        hours: how long it lasts.
        articles: about how many are published in a whole day.
        backlog: how many entries each of the two longest feeds has when the day begins.
        outage: from when to when nothing can be reached, in shares of the day.
        index_away: from when to when the index can't be written.
        looks: how often the figures are looked at.
        seed: of all that is left to chance.
    """

    feeds: int = 1000
    hours: float = 24.0
    articles: int = 12_000
    backlog: int = 2000
    outage: tuple[float, float] = (0.35, 0.365)
    index_away: tuple[float, float] = (0.54, 0.58)
    looks: int = 24
    seed: int = 1

    @property
    def seconds(self) -> float:
        """Return how long the day lasts."""
        return self.hours * HOUR

    def is_within(self, span: tuple[float, float], at: float) -> bool:
        """Tell whether a second of the day lies within a span of it."""
        return span[0] * self.seconds <= at < span[1] * self.seconds


class _Server(NamedTuple):
    """A host: how it answers, and when it doesn't: (from, to, status or 0 for no connection)."""

    latency: float
    crawl_delay: float
    faults: tuple[tuple[float, float, int], ...]


class _Outlet(NamedTuple):
    """A feed: its host, when its articles came out (seconds), and the server's manners."""

    host: str
    times: tuple[float, ...]
    window: int
    lies: bool


class DayWeb:
    """Answers what ``Client.get`` would: it takes a client's place.

    Args:
        plan: the day.
    """

    def __init__(self, plan: DayPlan) -> None:
        self.plan = plan
        self.polls = self.pages = 0
        self._servers: dict[str, _Server] = {}
        self._outlets: list[_Outlet] = []
        self._chance = random.Random(plan.seed)
        for number, trace in enumerate(_thinned_traces(plan)):
            self._add(number, trace)
        for number, (latency, delay) in enumerate(((5.0, 30.0), (0.1, 0.0))):  # the first one is slow, and wants time
            host = f"long{number}.example"
            self._servers[host] = _Server(latency, delay, ())
            self._outlets.append(_Outlet(host, tuple(-60.0 * k for k in range(plan.backlog, 0, -1)), 2000, lies=False))
        self.published = sum(len(outlet.times) for outlet in self._outlets)

    def _add(self, number: int, trace: Trace) -> None:
        chance = self._chance
        if number % 7 == 6:  # noqa: PLR2004  some feeds share a host
            host = self._outlets[-1].host
        elif number % 10 == 9:  # noqa: PLR2004  some hosts share a provider
            host = f"b{number}.blogs{number // 500}.example"
        else:
            host = f"o{number}.example"
        if host not in self._servers:
            faults = [(begin * HOUR, end * HOUR, 503) for begin, end in trace.broken]
            begin = chance.uniform(0.0, self.plan.seconds)
            if number % 20 == 0:
                faults.append((begin, begin + chance.uniform(0.05, 0.2) * self.plan.seconds, 0))
            if number % 25 == 1:
                faults.append((begin, begin + chance.uniform(0.01, 0.06) * self.plan.seconds, 429))
            self._servers[host] = _Server(chance.choice((0.05, 0.2, 0.8, 3.0)), 0.0, tuple(faults))
        times = tuple(at * HOUR for at in trace.arrivals)
        self._outlets.append(_Outlet(host, times, trace.window, lies=bool(trace.lies)))

    def sources(self) -> list[Source]:
        """Return the sources, each with one feed."""
        return [
            Source(name=f"Outlet {number}", feeds=(f"https://{outlet.host}/feed/{number}",))
            for number, outlet in enumerate(self._outlets)
        ]

    def published_by(self, at: float) -> int:
        """Return how many articles are out."""
        return sum(bisect.bisect_right(outlet.times, at) for outlet in self._outlets)

    async def get(
        self, url: str, *, headers: Any = None, check: Any = None, gate: Any = None, **_: Any
    ) -> HttpResponse:
        """Return what ``url`` answers."""
        parts, loop = urlsplit(url), asyncio.get_running_loop()
        server = self._servers[parts.netloc]
        async with (gate or _no_gate)(url):
            await asyncio.sleep(server.latency)
            now = loop.time()
            self._fail(server, now)
            status, answered, body = self._answer(parts.netloc, parts.path, dict(headers or {}), now)
            answer = CIMultiDictProxy(CIMultiDict(answered))
            if check:
                check(status, answer)
        return HttpResponse(url=url, final_url=url, status=status, headers=answer, body=body, hops=())

    def _fail(self, server: _Server, now: float) -> None:
        """Raise ItemError while the host can't be reached, or refuses."""
        if self.plan.is_within(self.plan.outage, now):
            raise ItemError(Outcome.RETRY, Reason.CONNECTION, "there is no network")
        for begin, end, status in server.faults:
            if begin <= now < end:
                if not status:
                    raise ItemError(Outcome.RETRY, Reason.CONNECTION, "the server is away")
                error = status_error(status, str(int(min(end - now, 900.0)) + 1), START + dt.timedelta(seconds=now))
                assert error
                raise error

    def _answer(self, host: str, path: str, asked: dict[str, str], now: float) -> tuple[int, dict[str, str], bytes]:
        if path == "/robots.txt":
            delay = self._servers[host].crawl_delay
            body = f"User-agent: *\nCrawl-delay: {delay}".encode()
            return (HTTPStatus.OK, {"Content-Type": "text/plain"}, body) if delay else (HTTPStatus.NOT_FOUND, {}, b"")
        kind, _, rest = path[1:].partition("/")
        if kind == "feed":
            self.polls += 1
            return self._feed(int(rest), asked, now)
        self.pages += 1
        feed, number = map(int, rest.split("-"))
        is_changed = number % _CHANGED_EVERY == 0 and now > self._outlets[feed].times[number] + HOUR / 2
        tag = '"2"' if is_changed else '"1"'
        if asked.get("If-None-Match") == tag:
            return HTTPStatus.NOT_MODIFIED, {}, b""
        return (
            HTTPStatus.OK,
            {"Content-Type": "text/html", "ETag": tag},
            page_of(self.article(feed, number, is_changed=is_changed)),
        )

    def _feed(self, feed: int, asked: dict[str, str], now: float) -> tuple[int, dict[str, str], bytes]:
        outlet = self._outlets[feed]
        count = bisect.bisect_right(outlet.times, now)
        tag = f'"{count}"'
        if (before := asked.get("If-None-Match")) and (before == tag or outlet.lies):
            return HTTPStatus.NOT_MODIFIED, {}, b""
        items = [
            {
                "id": f"{feed}-{number}",
                "url": f"https://{outlet.host}/news/{feed}-{number}",
                "title": self.headline(feed, number),
                "date_published": (START + dt.timedelta(seconds=outlet.times[number])).isoformat(),
            }
            for number in range(count - 1, max(count - outlet.window, 0) - 1, -1)
        ]
        body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": f"Outlet {feed}", "items": items})
        return HTTPStatus.OK, {"Content-Type": "application/feed+json", "ETag": tag}, body.encode()

    # texts ------------------------------------------------------------------------------------------------------------

    def headline(self, feed: int, number: int) -> str:
        """Return an article's headline."""
        words = _words(self._event(feed, number))
        return f"{words[number % 9].capitalize()} {words[9]} {words[feed % 7 + 10]} {words[number % 5]} {feed}"

    def article(self, feed: int, number: int, *, is_changed: bool = False) -> PublishedArticle:
        """Return an article, in its later version where that is wanted."""
        event, serial = self._event(feed, number), feed * 2003 + number
        part = "copy" if serial % _COPY_EVERY == 0 else f"{feed} {number}"
        text = "\n".join(_sentences(event, part, 14))
        if is_changed:
            text += "\n" + next(_sentences(event, f"{part} later", 1))
        outlet = self._outlets[feed]
        return PublishedArticle(
            outlet.host, f"/news/{feed}-{number}", outlet.times[number], self.headline(feed, number), text
        )

    def _event(self, feed: int, number: int) -> int:
        """Return what an article is about: some others of the same quarter of an hour are too."""
        quarter = int(self._outlets[feed].times[number] // 900)
        share = max(1, self.plan.articles // 96 // _PER_EVENT)
        return quarter * 100_003 + (feed * 31 + number * 17) % share


@contextlib.asynccontextmanager
async def _no_gate(_: str) -> AsyncIterator[None]:
    yield


def _thinned_traces(plan: DayPlan) -> list[Trace]:
    """Return a trace for each feed but two, thinned out to about as many articles as are wanted."""
    kinds = 9
    traces = invent_traces(max(1, round(plan.hours / 24 + 0.49)), -(-plan.feeds // kinds), plan.seed)
    by_kind = collections.defaultdict(list)
    for trace in traces:
        by_kind[trace.kind].append(trace)
    mixed = [trace for row in zip(*by_kind.values(), strict=True) for trace in row][: max(plan.feeds - 2, 0)]
    total = sum(len(trace.arrivals) for trace in mixed) or 1
    chance, share = random.Random(plan.seed), min(1.0, plan.articles / total)
    return [
        msgspec.structs.replace(trace, arrivals=tuple(at for at in trace.arrivals if chance.random() < share))
        for trace in mixed
    ]


def _words(event: int) -> list[str]:
    """Return an event's own words."""
    chance = random.Random(event)
    return ["".join(chance.choices(_SYLLABLES, k=3)) for _ in range(24)]


def _sentences(event: int, part: str, count: int) -> Iterator[str]:
    """Yield sentences of a text of an event: its own words, in an order of its own for each part."""
    words, chance = _words(event), random.Random(f"{event} {part}")
    people = random.Random(event + 1).sample(PEOPLE, 3)
    for number in range(count):
        sentence = [word for _ in range(9) for word in (chance.choice(words), chance.choice(_PLAIN))]
        if number % 4 == 1:
            sentence.insert(3, f"as {people[number % 3]} said,")
        yield " ".join(sentence).capitalize() + "."
