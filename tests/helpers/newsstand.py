"""One outlet on loopback that a test edits as it goes, and the pipeline that reads it under a clock of the test's."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator

from pipeline.records import Stage
from pipeline.settings import Environment, FetchSettings, RevisitSettings, RunSettings, Settings, Source
from pipeline.stages import Context, run_all
from tests.helpers.support import NOW, REPO
from tests.helpers.transactions import ask
from tests.helpers.web import Web, serve

WORDS = "The council met on Monday and agreed to mend the old bridge over the river before winter comes to the valley."
OPEN = FetchSettings(allow_addresses=("127.0.0.0/8",), per_host_delay_seconds=0.0, timeout_seconds=60)
SETTINGS = Settings(fetch=OPEN, run=RunSettings(batch=25, ordered_batch=25, max_attempts=3), revisit=RevisitSettings())


def page(title: str, text: str = WORDS, head: str = "") -> str:
    paragraphs = "".join(f"<p>{line}</p>" for line in text.split("\n"))
    return (
        f"<!doctype html><html lang=en><head><title>{title}</title>{head}</head>"
        f"<body><article><h1>{title}</h1>{paragraphs}</article></body></html>"
    )


class Newsstand:
    """The outlet's server, its feed, and the context of the pipeline that reads it."""

    def __init__(self, site: Web, home, settings: Settings, api_key: str | None = None, **traits) -> None:
        self.site = site
        self.now = NOW
        self.items: dict[str, str] = {}
        source = Source(**{"name": "Outlet", "feeds": (site.url("/feed"),), **traits})
        addresses = Environment(
            home=home,
            store_url=f"sqlite:///{home}/ledger.db",
            index_url=f"sqlite:///{home}/index.db",
            archive_url=str(home / "archive"),
            api_key=api_key,
        )
        self.context = Context(settings, [source], addresses, config=REPO / "config", clock=lambda: self.now)

    def item(self, path: str, title: str, *, guid: str | None = None, minutes: float = 0, more: str = "") -> None:
        """List an article in the feed, or list it anew; published ``minutes`` after noon."""
        when = (NOW + dt.timedelta(minutes=minutes)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        mark = f"<guid isPermaLink='false'>{guid}</guid>" if guid else ""
        self.items[path] = (
            f"<item><title>{title}</title><link>{self.site.url(path)}</link>{mark}<pubDate>{when}</pubDate>{more}</item>"
        )
        self._publish()

    def unlist(self, path: str) -> None:
        del self.items[path]
        self._publish()

    def feed(self) -> str:
        items = "".join(self.items.values())
        return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Outlet</title>{items}</channel></rss>'

    def _publish(self) -> None:
        self.site.page("/feed", self.feed(), kind="application/rss+xml")

    def run(self, minutes: float = 0, *, poll: bool = True):
        """Let time pass and run all stages; return the reports by stage."""
        self.now += dt.timedelta(minutes=minutes)
        if poll:
            ask(self.context.store).feeds.make_due(self.now)
        stages = [stage for stage in Stage if poll or stage is not Stage.POLL]
        return {report.stage: report for report in run_all(self.context, stages)}

    def run_stages(self, stages, minutes: float = 0):
        """Let time pass and run some stages, feeds only where they are due; return the reports by stage."""
        self.now += dt.timedelta(minutes=minutes)
        return {report.stage: report for report in run_all(self.context, stages)}

    def find(self, path: str):
        return ask(self.context.store).ledger.find_article(self.site.url(path))

    def document(self, path: str):
        item = self.find(path)
        return self.context.index.get(item.id) if item else None

    def asked(self, path: str) -> list:
        """The requests for a page so far."""
        return [request for request in self.site.requests if request.path == path]


@contextlib.contextmanager
def newsstand(home, settings: Settings = SETTINGS, **traits) -> Iterator[Newsstand]:
    with serve() as site:
        stand = Newsstand(site, home, settings, **traits)
        with stand.context:
            yield stand
