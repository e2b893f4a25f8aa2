"""Read the feeds that are due and take in the articles that they name: stage poll.

Feeds are polled by host, whenever they are due. What came is saved in small batches, each in one transaction.
"""

from __future__ import annotations

import datetime as dt
import functools
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from pipeline.context import Context
from pipeline.feed_records import FeedState, SourceDay, has_answered
from pipeline.feeds.outage import OUTAGE_REASONS, is_conclusive
from pipeline.feeds.poller import PolledFeed, excuse_outage
from pipeline.intake.websub_subscriber import ingest_pushes, request_subscriptions
from pipeline.reconcile.entry_matching import ingest_entries
from pipeline.records import Entry, Outcome, Reason, Stage
from pipeline.report import Report
from pipeline.stages.host_loop import HostBudget, HostLoop
from pipeline.stages.network import SharedNetwork
from pipeline.store import WaitingHost

_log = logging.getLogger(__name__)

# What came of a feed is saved together with that of its source's other feeds that are under way, if they come within so
# long: of two addresses of one article the same one is then taken, whichever server was sooner.
_TOGETHER_SECONDS = 1.0
_FEEDS_PER_SAVE = 25
# A failure that may be ours is judged after so long, by what else was polled since it; later where that is too little.
_JUDGE_SECONDS, _JUDGE_AT_LATEST = 60.0, 300.0
# After an outage of ours so long passes until feeds are polled again.
_OUTAGE_SECONDS = 60.0
# How often hubs are asked to push that are due.
_HUBS_SECONDS = 60.0
# How often feeds that have become due are looked for, while polls are under way.
_FEEDS_SECONDS = 1.0


class _Polled(NamedTuple):
    """What came of a feed, when, and its state before."""

    at: float
    feed: PolledFeed
    old_state: FeedState


class PollLoop(HostLoop[FeedState]):
    """Polls the feeds that are due, by host, and takes in what hubs push; see ``HostLoop``.

    ``whole_rounds``: what is due at the same time is saved together, up to ``run.batch`` feeds, however long the
    slowest takes; each feed is polled once, however soon it is due again; and an outage of ours ends the polls. So does
    a run that ends by itself.
    """

    stage = Stage.POLL

    def __init__(
        self,
        context: Context,
        network: SharedNetwork,
        *,
        sources: Sequence[str] = (),
        limit: int | None = None,
        patience: float | None = None,
        budget: HostBudget | None = None,
        whole_rounds: bool = False,
    ) -> None:
        places = context.settings.poll.concurrency
        super().__init__(context, network, places, sources=sources, limit=limit, patience=patience, budget=budget)
        self._whole_rounds = whole_rounds
        self._under_way: Counter[str] = Counter()  # feeds by source
        self._next_polls: dict[str, dt.datetime] = {}  # feed → when it is due again; only with ``whole_rounds``
        self._ready: list[_Polled] = []
        self._suspect: list[_Polled] = []
        self._witnesses: list[tuple[FeedState, Reason | None]] = []  # what else was polled since the first suspect
        self._paused_until = float("-inf")
        self._hubs_asked = float("-inf")
        self._feeds_looked = float("-inf")

    @property
    def paused_for(self) -> float:
        """Return the seconds for which no feed is polled, since our own network is down."""
        return max(self._paused_until - self._now(), 0.0)

    async def prepare(self) -> None:
        """Make the ledger know the feeds of the settings, and take in what was pushed."""
        context, now = self.context, self.context.clock()
        await self.coordinator.call(lambda: context.store.feeds.sync_feeds(list(context.sources.values()), now))
        await self._ingest_pushes()

    async def look(self, *, fully: bool) -> Sequence[WaitingHost]:
        """Return the hosts at which feeds are due."""
        store, now = self.context.store, self.context.clock()
        if fully:
            await self._ingest_pushes()
        elif not self._whole_rounds and self._now() < self._feeds_looked + _FEEDS_SECONDS:
            return ()
        self._feeds_looked = self._now()

        def look() -> Sequence[WaitingHost]:
            with store.read() as connection:
                return store.hosts.list_with_feeds(
                    connection, now, sources=self.sources, without=self._polled_before(now)
                )

        return await self.coordinator.call(look)

    def claim(
        self, connection: sa.Connection, turns: Mapping[str, int], now: dt.datetime
    ) -> Sequence[tuple[str, FeedState]]:
        """Claim up to so many feeds of each host, those longest due first."""
        seconds = self.context.settings.run.lease_seconds
        feeds, without = self.context.store.feeds, self._polled_before(now)
        claimed = feeds.claim_at_hosts(connection, turns, now, seconds=seconds, sources=self.sources, without=without)
        return [(host, state) for host, states in claimed.items() for state in states]

    async def load(self, claimed: Sequence[tuple[str, FeedState]]) -> Sequence[tuple[str, FeedState]]:
        """Note whose feeds are under way."""
        self._under_way.update(state.source for _, state in claimed)
        return claimed

    async def ask(self, item: FeedState) -> bool:
        """Poll a feed and keep what came of it; False where its host can't be asked soon."""
        try:
            feed = await self.network.feeds.poll(item, self.context.sources.get(item.source))
        finally:
            self._under_way[item.source] -= 1
        if not feed.asked:
            return False
        polled = _Polled(self._now(), feed, item)
        if self._whole_rounds:
            self._next_polls[item.url] = feed.state.due
        if feed.reason in OUTAGE_REASONS:
            self._suspect.append(polled)
            return True
        self._ready.append(polled)
        if self._suspect or self._whole_rounds:
            self._witnesses.append(_witness(polled))
        return True

    async def save(self, *, idle: bool = False) -> bool:
        """Save what came, where it has waited for its source's other feeds; judge failures that may be ours."""
        last = self._is_over or (idle and self._whole_rounds)
        self._judge(last=last)
        due = [polled for polled in self._ready if last or self._is_save_due(polled)]
        size = self.context.settings.run.batch if self._whole_rounds else _FEEDS_PER_SAVE
        has_any = bool(due)
        while due:
            batch, due = due[:size], due[size:]
            saved = {id(polled) for polled in batch}
            self._ready = [polled for polled in self._ready if id(polled) not in saved]
            await self.coordinator.call(
                functools.partial(_save, self.context, [polled.feed for polled in batch], self.report)
            )
            self.coordinator.wake(Stage.FETCH)
        if last or self._now() - self._hubs_asked >= _HUBS_SECONDS:
            self._hubs_asked = self._now()
            await request_subscriptions(self.context, self.network.client, self.coordinator.call)
        return has_any

    def save_in(self) -> float | None:
        """Return the seconds until what came is to be saved, None where nothing did."""
        if self._whole_rounds:
            return None
        waits = (max(polled.at + _TOGETHER_SECONDS - self._now(), 0.0) for polled in self._ready)
        return 0.0 if any(map(self._is_save_due, self._ready)) else min(waits, default=None)

    def give_back(self, connection: sa.Connection, given_back: Sequence[FeedState]) -> None:
        """Give claimed feeds back: nothing was asked for them."""
        self.context.store.feeds.release(connection, given_back)

    async def next_due(self) -> dt.datetime | None:
        """Return when the next feed is due."""
        store, now = self.context.store, self.context.clock()
        if self.paused_for:
            return now + dt.timedelta(seconds=self.paused_for)

        def read() -> dt.datetime | None:
            with store.read() as connection:
                return store.feeds.next_due(connection, now, self.sources)

        due = await self.coordinator.call(read)
        looks_in = max(self._feeds_looked + _FEEDS_SECONDS - self._now(), 0.0)
        return due and max(due, now + dt.timedelta(seconds=looks_in))

    async def watch(self) -> bool:
        """Tell whether a hub has pushed something, or failures wait to be judged."""
        store = self.context.store

        def has_pushes() -> bool:
            with store.read() as connection:
                return bool(store.subscriptions.list_pushes(connection, 1))

        return (bool(self._suspect) and self._is_judged()) or await self.coordinator.call(has_pushes)

    def _polled_before(self, now: dt.datetime) -> list[str]:
        """Return the feeds that are due again and left to the next run."""
        return [url for url, due in self._next_polls.items() if due <= now]

    def _is_save_due(self, polled: _Polled) -> bool:
        if self._whole_rounds:
            return len(self._ready) >= self.context.settings.run.batch
        return not self._under_way[polled.feed.state.source] or self._now() - polled.at >= _TOGETHER_SECONDS

    def _judge(self, *, last: bool) -> None:
        """Let failures that may be ours be saved, as ours or as their servers'."""
        if not self._suspect or not (last or self._is_judged()):
            return
        feeds = excuse_outage(
            [(polled.old_state, polled.feed) for polled in self._suspect],
            self.context.sources,
            self.context.settings,
            self.context.clock(),
            self._witnesses,
        )
        judged = [polled._replace(feed=feed) for polled, feed in zip(self._suspect, feeds, strict=True)]
        if any(feed.our_fault for feed in feeds):
            self._paused_until = self._now() + _OUTAGE_SECONDS
            _log.warning("poll: most servers can't be reached, so the fault is on our side: nobody is blamed")
        self._ready += judged
        self._witnesses = [*self._witnesses, *map(_witness, self._suspect)] if self._whole_rounds else []
        self._suspect = []

    def _is_judged(self) -> bool:
        if self._whole_rounds:
            return False
        age = self._now() - self._suspect[0].at
        if not _JUDGE_SECONDS <= age < _JUDGE_AT_LATEST:
            return age >= _JUDGE_AT_LATEST
        return is_conclusive([*self._witnesses, *map(_witness, self._suspect)])

    async def _ingest_pushes(self) -> None:
        before = self.report.notes["new"] + self.report.notes["changed"]
        await self.coordinator.call(lambda: ingest_pushes(self.context, self.network.parsers, self.report))
        if self.report.notes["new"] + self.report.notes["changed"] > before:
            self.coordinator.wake(Stage.FETCH)


def _witness(polled: _Polled) -> tuple[FeedState, Reason | None]:
    """Return what a poll says of our own network: the feed's state before, without the bulk of it, and the failure."""
    return msgspec.structs.replace(polled.old_state, seen=b""), polled.feed.reason


def _save(context: Context, polled: Sequence[PolledFeed], report: Report) -> None:
    """Save what polls brought, in one transaction.

    Entries of one batch arrived at the same time. They enter in the order of publication, so that an original comes
    before its copies; of two addresses of one article the one without additions comes first, whichever server answered
    sooner.
    """
    store, now = context.store, context.clock()
    with store.write() as connection:
        saved = [feed for feed in polled if store.feeds.save(connection, feed.state)]
        entries = sorted((entry for feed in saved for entry in feed.entries), key=lambda entry: _order(entry, now))
        new, changed = ingest_entries(context, connection, entries)
        store.subscriptions.save_hubs(connection, {feed.state.url: feed.hub for feed in saved if feed.hub}, now)
        gaps = [feed.gap for feed in saved if feed.gap]
        arrived = {entry.id: entry for entry in reversed(entries) if entry.id in new}
        store.gaps.record_round(connection, gaps, list(arrived.values()), now)
        store.source_days.add(connection, _count_days(saved, Counter(entry.source for entry in arrived.values()), now))
        store.feeds.make_sitemaps_due(connection, {gap.source for gap in gaps}, now)
        for feed in saved:
            detail = f"our own network seems to be down: {feed.detail}" if feed.our_fault else feed.detail
            store.ledger.log_outcome(connection, feed.state.url, Stage.POLL, feed.outcome, feed.reason, detail, now)
    report.notes.update({"new": len(new), "changed": changed, "gaps": len(gaps)})
    for gap in gaps:
        _log.warning("poll %s: about %d entries scrolled off since %s", gap.feed, gap.missed, gap.since)
    for feed in saved:
        report.add(feed.outcome, feed.reason)
        if not feed.our_fault and feed.outcome in {Outcome.RETRY, Outcome.QUARANTINED}:
            _log.warning("poll %s: %s %s: %s", feed.state.url, feed.outcome, feed.reason, feed.detail)


def _count_days(polled: Sequence[PolledFeed], new: Counter[str], now: dt.datetime) -> Iterator[SourceDay]:
    """Yield what polls add to this day of each source; ``new`` counts the new articles of each."""
    polls = Counter(feed.state.source for feed in polled)
    failed = Counter(feed.state.source for feed in polled if not has_answered(feed.outcome, feed.reason))
    for source, count in polls.items():
        yield SourceDay(
            source=source, day=now.astimezone(dt.UTC).date(), polls=count, failed=failed[source], articles=new[source]
        )


def _order(entry: Entry, now: dt.datetime) -> tuple[dt.datetime, str]:
    return entry.published or now, entry.url
