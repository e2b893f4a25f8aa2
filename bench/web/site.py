"""Make a synthetic web: pages out of templates and texts, spread over outlets, each a host of 127.0.0.0/8.

A folder holds it: ``web.json`` says what there is, ``pages`` has each page in gzip, ready to be sent.
"""

from __future__ import annotations

import datetime as dt
import gzip
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from bench.web.arrivals import bursty_arrivals, even_arrivals
from bench.web.templates import fill_template
from bench.web.texts import Text

_TARDY_SECONDS = 30.0  # an article bears a time so much earlier than when its feed lists it
_OLDEST_SECONDS = 4 * 3600.0  # of what feeds list at the start


class Page(msgspec.Struct, frozen=True):
    """An article of the web; its feed lists it from ``at`` on, in seconds since the start (0: from the start)."""

    id: str
    host: str
    url: str
    title: str
    published: dt.datetime
    at: float


class Web(msgspec.Struct, frozen=True):
    """What is served: pages by their hosts, in the order in which they are listed."""

    port: int
    pages: tuple[Page, ...]
    crawl_delays: dict[str, float] = {}

    @property
    def hosts(self) -> list[str]:
        """Return the hosts, in the order of their first pages."""
        return list(dict.fromkeys(page.host for page in self.pages))


class WebPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be made: ``count`` pages that feeds list from the start, and ``arrivals`` a second for ``seconds``.

    ``heavy`` pages more are one outlet's, whose robots.txt asks for ``crawl_delay`` seconds between requests.
    """

    port: int
    outlets: int
    count: int = 0
    arrivals: float = 0.0
    seconds: float = 0.0
    bursts: bool = False
    heavy: int = 0
    crawl_delay: float = 0.0
    seed: int = 1


def host_of(outlet: int, port: int) -> str:
    """Return an outlet's address, within a range that belongs to ``port``."""
    return f"127.{1 + port % 200}.{outlet // 250}.{1 + outlet % 250}"


def make_web(folder: Path, plan: WebPlan, templates: Sequence[str], texts: Iterator[Text], now: dt.datetime) -> Web:
    """Write the web that ``plan`` describes into ``folder``; return it. ``now`` is the time of its start.

    Raises:
        ValueError: There are fewer texts than pages.
    """
    (folder / "pages").mkdir(parents=True, exist_ok=True)
    pages = []
    for (at, outlet), text in zip(_slots(plan), texts, strict=False):
        host = host_of(outlet, plan.port)
        url = f"http://{host}:{plan.port}/news/{text.id}.html"
        published = (now + dt.timedelta(seconds=at - _TARDY_SECONDS)).replace(microsecond=0)
        template = templates[outlet % len(templates)]
        filled = fill_template(template, title=text.title, body=text.body, url=url, date=published.isoformat())
        (folder / "pages" / f"{text.id}.html.gz").write_bytes(gzip.compress(filled.encode(), 6))
        pages.append(Page(text.id, host, url, text.title, published, max(0.0, at)))
    if len(pages) < (wanted := len(_slots(plan))):
        raise ValueError(f"{wanted} pages were wanted, and there are {len(pages)} texts")
    delays = {host_of(0, plan.port): plan.crawl_delay} if plan.heavy and plan.crawl_delay else {}
    web = Web(plan.port, tuple(pages), delays)
    (folder / "web.json").write_bytes(msgspec.json.encode(web))
    return web


def load_web(folder: Path) -> Web:
    """Return the web that lies in ``folder``."""
    return msgspec.json.decode((folder / "web.json").read_bytes(), type=Web)


def _slots(plan: WebPlan) -> list[tuple[float, int]]:
    """Return (seconds since the start, outlet) of each page, in that order; the heavy outlet is the first."""
    chance, first = random.Random(plan.seed), 1 if plan.heavy else 0
    before = plan.heavy + plan.count
    slots = [0] * plan.heavy + [first + chance.randrange(plan.outlets) for _ in range(plan.count)]
    old = [(-_OLDEST_SECONDS * (before - n) / before, outlet) for n, outlet in enumerate(slots)]
    arrive = bursty_arrivals if plan.bursts else even_arrivals
    new = arrive(plan.outlets, plan.arrivals, plan.seconds, plan.seed) if plan.arrivals else []
    return old + [(at, first + outlet) for at, outlet in new]
