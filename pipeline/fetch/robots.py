"""Decide by a host's robots.txt (RFC 9309) whether a page may be fetched, and how fast."""

from __future__ import annotations

import asyncio
import collections
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from protego import Protego

from pipeline import rights
from pipeline.charsets import decode_feed
from pipeline.errors import ItemError
from pipeline.feed_records import RobotsFile
from pipeline.fetch.client import HttpResponse
from pipeline.fetch.headers import parse_content_type
from pipeline.records import Outcome, Reason

T = TypeVar("T")

# RFC 9309 2.5: parsers must read at least 500 KiB
MAX_BYTES = 500 * 1024
# RFC 9309 2.4: not used for more than 24 hours
_MAX_AGE = dt.timedelta(hours=24)
# A file that couldn't be read forbids everything, so it is asked for again soon.
_MAX_AGE_UNREADABLE = dt.timedelta(minutes=15)
_UNREACHABLE = 0  # the status of a file whose server didn't answer; its body says why
_PRESENT = range(200, 300)
_ABSENT = range(300, 500)  # RFC 9309 2.3.1.3 ("unavailable"): no file, no rules
_KEPT_RULES = 5000  # hosts whose parsed rules are kept in memory
_TOO_MANY_REQUESTS = 429  # not among them: who wants fewer requests doesn't mean "take everything"


class Call(Protocol):
    """Runs what may block, off the event loop."""

    async def __call__(self, function: Callable[[], T], /) -> T:
        """Return ``function()``."""


async def call_here(function: Callable[[], T]) -> T:
    """Return ``function()``, run on the event loop: for what takes no time."""
    return function()


class RobotsCache(Protocol):
    """Keeps robots.txt files between runs."""

    def get(self, host: str, now: dt.datetime) -> RobotsFile | None:
        """Return what ``host`` (scheme and authority) said, None where it isn't known or too old."""

    def save(self, file: RobotsFile) -> None:
        """Keep what a host said."""


class RobotsMemory:
    """A cache that lasts as long as the process."""

    def __init__(self) -> None:
        self._files: dict[str, RobotsFile] = {}

    def get(self, host: str, now: dt.datetime) -> RobotsFile | None:
        """Return what ``host`` said, where that is still fresh."""
        file = self._files.get(host)
        return file if file and is_fresh(file, now) else None

    def save(self, file: RobotsFile) -> None:
        """Keep what a host said."""
        self._files[file.host] = file


def is_fresh(file: RobotsFile, now: dt.datetime) -> bool:
    """Tell whether ``file`` may still be relied on."""
    return now - file.fetched < (_MAX_AGE_UNREADABLE if _unreadable(file) else _MAX_AGE)


def _unreadable(file: RobotsFile) -> bool:
    return file.status not in _PRESENT and (file.status not in _ABSENT or file.status == _TOO_MANY_REQUESTS)


class RobotsRules:
    """The rules of one robots.txt for ``agent``. Parsed once, asked often."""

    def __init__(self, file: RobotsFile, agent: str) -> None:
        self._file = file
        self._agent = agent
        body = file.body if file.status in _PRESENT else ""
        self._parsed = Protego.parse(body)
        self._ai_agents = rights.list_ai_agents(body)
        self._no_ai = rights.has_no_ai_signal(body)

    @property
    def crawl_delay(self) -> float | None:
        """Return the seconds between requests that it asks for."""
        delay = self._parsed.crawl_delay(self._agent)
        return float(delay) if delay is not None else None

    def check(self, url: str) -> None:
        """Return if ``url`` may be fetched.

        Raises:
            ItemError: ROBOTS (dropped) if not; SERVER_ERROR (retry) while the file can't be read.
        """
        if _unreadable(self._file):
            fault = f"status {self._file.status}" if self._file.status else self._file.body
            detail = f"{self._file.host}/robots.txt can't be read ({fault}), so nothing is asked for"
            raise ItemError(Outcome.RETRY, Reason.SERVER_ERROR, detail)
        if not self._parsed.can_fetch(url, self._agent):
            raise ItemError(Outcome.DROPPED, Reason.ROBOTS, f"{self._file.host}/robots.txt refuses {url[:200]}")

    def reserved_rights(self, url: str) -> tuple[str, ...]:
        """Return what the file reserves of ``url``: noai where it refuses robots that gather for AI."""
        refused = (not self._parsed.can_fetch(url, agent) for agent in self._ai_agents)
        return ("noai",) if self._no_ai or any(refused) else ()


class Robots:
    """Every host's rules, each file fetched once.

    ``get`` fetches an address (cut at MAX_BYTES); ``agent`` is the product token we go by; ``call`` asks the cache.
    """

    def __init__(
        self,
        cache: RobotsCache,
        agent: str,
        get: Callable[[str], Awaitable[HttpResponse]],
        now: Callable[[], dt.datetime],
        call: Call = call_here,
    ) -> None:
        self._call = call
        self._cache = cache
        self._agent = agent
        self._get = get
        self._now = now
        self._rules: collections.OrderedDict[str, tuple[RobotsFile, RobotsRules]] = collections.OrderedDict()
        self._locks: collections.defaultdict[str, asyncio.Lock] = collections.defaultdict(asyncio.Lock)

    async def rules(self, url: str) -> RobotsRules:
        """Return the rules of ``url``'s host; raise ItemError where the host's address can't be asked at all."""
        rules = await self._find_rules(url, keeps_faults=True)
        assert rules is not None
        return rules

    async def _find_rules(self, url: str, *, keeps_faults: bool) -> RobotsRules | None:
        parts = urlsplit(url)
        host = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        if rules := self._known(host):
            return rules
        lock = self._locks[host]
        try:
            async with lock:
                return self._known(host) or await self._load(host, keeps_faults=keeps_faults)
        finally:
            if not lock.locked():  # whoever waits for it finds the rules
                self._locks.pop(host, None)

    async def learn(self, url: str) -> RobotsRules | None:
        """Return the rules of ``url``'s host ahead of its pages; None where it doesn't say them now.

        That isn't kept, so that a page asks again.

        Raises:
            ItemError: The host's address can't be asked at all, or not soon.
        """
        return await self._find_rules(url, keeps_faults=False)

    def _known(self, host: str) -> RobotsRules | None:
        file, rules = self._rules.get(host, (None, None))
        if file is None or not is_fresh(file, self._now()):
            return None
        self._rules.move_to_end(host)
        return rules

    async def _load(self, host: str, *, keeps_faults: bool) -> RobotsRules | None:
        """Return the rules of ``host``, out of the cache or as the host says them now.

        None where the host doesn't say them, and that isn't to be kept.
        """
        now = self._now()
        file = await self._call(lambda: self._cache.get(host, now))
        if file is None or not is_fresh(file, now):
            fetched = file = await self._fetch(host)
            if _unreadable(file) and not keeps_faults:
                return None
            await self._call(lambda: self._cache.save(fetched))
        rules = RobotsRules(file, self._agent)
        self._rules[host] = (file, rules)
        while len(self._rules) > _KEPT_RULES:
            self._rules.popitem(last=False)
        return rules

    async def _fetch(self, host: str) -> RobotsFile:
        try:
            answer = await self._get(f"{host}/robots.txt")
        except ItemError as error:
            if error.reason in {Reason.REFUSED_ADDRESS, Reason.BAD_ADDRESS} or not error.tried:
                raise  # says nothing about robots, and the page will fare no better
            # RFC 9309 2.3.1.2: a file behind too many redirects may be taken as absent
            status, body = (404, "") if error.reason is Reason.TOO_MANY_REDIRECTS else (_UNREACHABLE, error.reason)
        else:
            status, body = (
                answer.status,
                decode_feed(answer.body, parse_content_type(answer.headers.get("Content-Type"))[1]),
            )
        return RobotsFile(host=host, status=status, body=body, fetched=self._now())
