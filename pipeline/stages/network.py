"""Hold what poll and fetch share of the network: one client, one pacing, robots.txt, and the parsers of feeds.

A host's turns are so shared by its feeds and its pages. Nothing blocks: the ledger is asked by ``Coordinator.call``.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator

from aiohttp.abc import AbstractResolver

from pipeline.context import Context
from pipeline.feeds.poller import FeedPoller
from pipeline.feeds.reader import FeedParsers, FeedReader, feed_workers
from pipeline.fetch import Client, SourceTerms
from pipeline.fetch.pacing import SLOW_PER_PLACE, Pacing, Places
from pipeline.fetch.pages import PageFetcher
from pipeline.stages.coordination import Coordinator
from pipeline.stages.host_turns import HostTurns

# How long a request that was taken on waits for its turn: longer than turns are taken on ahead, as hosts are slower
# than was thought; shorter than anybody would hold up an item for.
_PATIENCE_SECONDS = 30.0


class SharedNetwork:
    """What poll and fetch share; see ``open_network``."""

    def __init__(self, context: Context, coordinator: Coordinator, client: Client, parsers: FeedParsers) -> None:
        settings = context.settings
        self.client = client
        self.parsers = parsers
        self.hosts = HostTurns(context, coordinator.call)
        self.pacing = Pacing(
            settings.fetch,
            settings.fetch.concurrency + settings.poll.concurrency,
            patience=_PATIENCE_SECONDS,
            keeper=self.hosts,
        )
        self.hosts.pacing = self.pacing
        self.page_places = Places(settings.fetch.concurrency)
        self.terms = SourceTerms(context.sources.values())
        self.pages = PageFetcher(
            client,
            settings,
            context.store.robots,
            context.clock,
            self.pacing,
            terms=self.terms,
            places=self.page_places,
            call=coordinator.call,
        )
        feed_places = Places(settings.poll.concurrency)
        self._reader = FeedReader(client, self.pacing, parsers, settings.poll, context.clock, places=feed_places)
        self.feeds = FeedPoller(self._reader, self.terms, settings, context.clock)

    def learn_rules_ahead(self) -> None:
        """Have a host's robots.txt asked for before its feed, so that what the feed shows waits one turn less."""
        self._reader.before_request = self.pages.learn_rules


@contextlib.asynccontextmanager
async def open_network(
    context: Context,
    coordinator: Coordinator,
    *,
    resolver: AbstractResolver | None = None,
    client: Client | None = None,
    parsers: FeedParsers | None = None,
) -> AsyncIterator[SharedNetwork]:
    """Open what poll and fetch share, until the block ends: hosts are given back then.

    Args:
        context: of the run.
        coordinator: of the run; it runs what blocks.
        resolver: replaces the system's name resolution.
        client: replaces HTTP; whoever gives it closes it.
        parsers: replace the worker processes that parse feeds.
    """
    settings = context.settings
    connections = (1 + SLOW_PER_PLACE) * (settings.fetch.concurrency + settings.poll.concurrency)
    with _parsers(context, parsers) as given:
        async with contextlib.AsyncExitStack() as stack:
            if client is None:
                client = await stack.enter_async_context(
                    Client(settings.fetch, connections=connections, resolver=resolver)
                )
            network = SharedNetwork(context, coordinator, client, given)
            try:
                yield network
            finally:
                await network.hosts.close()


@contextlib.contextmanager
def _parsers(context: Context, parsers: FeedParsers | None) -> Iterator[FeedParsers]:
    if parsers is not None:
        yield parsers
        return
    with feed_workers(context.settings.poll) as workers:
        yield workers
