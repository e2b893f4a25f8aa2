"""Get the page of each entry, of new ones and of those that are due to be visited again: stage fetch.

Pages are fetched politely; their bytes lie in the archive.
"""

from __future__ import annotations

import datetime as dt
import functools
import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import sqlalchemy as sa
from msgspec.structs import replace

from pipeline.context import Context
from pipeline.errors import ItemError, NewswireError
from pipeline.fetch import FetchedPage
from pipeline.fetch.pacing import NotNowError
from pipeline.reconcile.revisits import record_visits
from pipeline.records import Article, Entry, Outcome, Page, Reason, Stage
from pipeline.revisit_policy import VISIT_OUTCOMES, VisitOutcome, is_last_visit
from pipeline.stages.host_loop import HostBudget, HostLoop
from pipeline.stages.network import SharedNetwork
from pipeline.stages.runner import StageHandler, finish, note_saved
from pipeline.store import ArticleRow, StageResult, WaitingHost

_log = logging.getLogger(__name__)


# Articles that were claimed for long are none of these; so many numbers behind the newest may still be uncommitted.
_LATE_NUMBERS = 500
# Results are saved in one transaction so many at a time. The first one is saved at once, further ones so many seconds
# after the last transaction.
_RESULTS_PER_SAVE = 25
_SAVE_SECONDS = 0.1
# So often pages are looked for that are due to be visited again.
_REVISIT_SECONDS = 15.0


class FetchItem(NamedTuple):
    """A claimed article with its entry, and the page before, which may be unchanged."""

    article: ArticleRow
    entry: Entry | None = None
    old_page: Page | None = None


class FetchLoop(HostLoop[FetchItem]):
    """Fetches the pages that wait, by host, and lets those be visited again that are due; see ``HostLoop``."""

    stage = Stage.FETCH
    feeds_stage = Stage.EXTRACT

    def __init__(
        self,
        context: Context,
        network: SharedNetwork,
        *,
        sources: Sequence[str] = (),
        limit: int | None = None,
        patience: float | None = None,
        budget: HostBudget | None = None,
    ) -> None:
        places = context.settings.fetch.concurrency
        super().__init__(context, network, places, sources=sources, limit=limit, patience=patience, budget=budget)
        self._results = FetchResults(context)
        self._ready: list[StageResult] = []
        self._saved = float("-inf")  # when results were last
        self._newest = 0
        self._revisited = float("-inf")

    async def prepare(self) -> None:
        """Have polls of the same run ask for the rules that pages need."""
        self.network.learn_rules_ahead()

    async def look(self, *, fully: bool) -> Sequence[WaitingHost]:
        """Return the hosts at which pages wait; where not ``fully``, of those that arrived since the last look."""
        if fully:
            await self._requeue_visits()
        store, now, newest_before = self.context.store, self.context.clock(), self._newest

        def look() -> tuple[int, Sequence[WaitingHost]]:
            with store.read() as connection:
                newest = store.hosts.newest_page(connection)
                if not fully and newest <= newest_before:
                    return newest, ()
                after = 0 if fully else max(newest_before - _LATE_NUMBERS, 0)
                return newest, store.hosts.list_with_pages(connection, now, sources=self.sources, after=after)

        newest, waiting = await self.coordinator.call(look)
        self._newest = max(newest, newest_before)
        return waiting

    def claim(
        self, connection: sa.Connection, turns: Mapping[str, int], now: dt.datetime
    ) -> Sequence[tuple[str, FetchItem]]:
        """Claim up to so many pages of each host, fresh articles first."""
        seconds = self.context.settings.run.lease_seconds
        ledger = self.context.store.ledger
        pages = ledger.claim_pages(connection, turns, now, seconds=seconds, sources=self.sources)
        return [(host, FetchItem(article)) for host, articles in pages.items() for article in articles]

    async def load(self, claimed: Sequence[tuple[str, FetchItem]]) -> Sequence[tuple[str, FetchItem]]:
        """Read the entries and earlier pages of claimed articles; those that have no entry get their outcome."""
        articles = [item.article for _, item in claimed]
        entries, old_pages = await self.coordinator.call(lambda: self._results.read_claimed(articles))
        damaged = list[StageResult]()
        complete = {article.id for article in self._results.with_records(articles, damaged.append, entries)}
        for result in damaged:
            self._keep(result)
        return [
            (host, FetchItem(item.article, entries[item.article.id], old_pages.get(item.article.id)))
            for host, item in claimed
            if item.article.id in complete
        ]

    async def ask(self, item: FetchItem) -> bool:
        """Fetch a page and keep its bytes in the archive; False where its host can't be asked soon."""
        assert item.entry is not None
        with self.asking():
            answer = await self.network.pages.fetch(item.entry, item.old_page)
        if isinstance(answer, NotNowError):
            return False
        backlog = self.network.page_places.backlog
        backlog.add()
        try:
            result = await self.coordinator.call(functools.partial(self._results.make, item, answer))
        except NewswireError:
            raise
        except Exception as error:  # noqa: BLE001  (one article's fault is not the others')
            _log.info("fetch %s", item.article.id, exc_info=True)
            detail = f"{type(error).__name__}: {error}"[:300]
            result = StageResult(
                article=item.article, outcome=Outcome.QUARANTINED, reason=Reason.CRASHED, detail=detail
            )
        finally:
            backlog.remove()
        self._keep(result)
        return True

    async def save(self, *, idle: bool = False) -> bool:
        """Save the results that came, where they are many or have waited; tell whether there were any."""
        count = 0
        while self._ready and (idle or self._is_save_due()):
            batch, self._ready = self._ready[:_RESULTS_PER_SAVE], self._ready[_RESULTS_PER_SAVE:]
            self._saved = self._now()
            saved = await self.coordinator.call(functools.partial(finish, self._results, batch))
            note_saved(self.report, saved)
            self.coordinator.count(self.stage, saved)
            count += len(batch)
        return count > 0

    def give_back(self, connection: sa.Connection, given_back: Sequence[FetchItem]) -> None:
        """Give claimed articles back: nothing was asked for them."""
        self.context.store.ledger.release(connection, [item.article for item in given_back])

    async def next_due(self) -> dt.datetime | None:
        """Return when the next page is due, to be tried or visited again."""
        store, now = self.context.store, self.context.clock()

        def read() -> list[dt.datetime | None]:
            with store.read() as connection:
                return [
                    store.hosts.next_page_due(connection, now, self.sources),
                    store.visits.next_due(connection, now),
                ]

        return min((at for at in await self.coordinator.call(read) if at is not None), default=None)

    async def watch(self) -> bool:
        """Let pages that are due be visited again; tell whether there are any, or pages that nobody told of."""
        store, now = self.context.store, self.context.clock()
        count = await self._requeue_visits()

        def has_pages() -> bool:
            with store.read() as connection:
                return store.ledger.has_pages(connection, now, self.sources)

        return bool(count) or await self.coordinator.call(has_pages)

    def _keep(self, result: StageResult) -> None:
        self._ready.append(result)

    def save_in(self) -> float | None:
        """Return the seconds until results are to be saved, None where none came."""
        if not self._ready:
            return None
        return 0.0 if self._is_save_due() else self._saved + _SAVE_SECONDS - self._now()

    def _is_save_due(self) -> bool:
        return len(self._ready) >= _RESULTS_PER_SAVE or self._now() - self._saved >= _SAVE_SECONDS

    async def _requeue_visits(self) -> int:
        if self._now() - self._revisited < _REVISIT_SECONDS:
            return 0
        self._revisited = self._now()
        visits, now = self.context.store.visits, self.context.clock()
        return await self.coordinator.call(lambda: visits.requeue_due(now))


class FetchResults(StageHandler):
    """Makes results of what servers sent, and saves them."""

    stage = Stage.FETCH

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._live: set[str] = set()

    def read_claimed(self, claimed: Sequence[ArticleRow]) -> tuple[Mapping[str, Entry], Mapping[str, Page]]:
        """Return article id → its entry, and article id → its page before, which may be unchanged.

        The last visit asks for the page in any case.
        """
        with self.context.store.read() as connection:
            entries = self.context.store.ledger.current(connection, claimed, Entry)
            pages = self.context.store.ledger.previous(connection, claimed, Page)
        now, settings = self.context.clock(), self.context.settings.revisit
        last = {article.id for article in claimed if is_last_visit(article.first_seen, now, settings)}
        old_pages = {i: replace(p, etag=None, last_modified=None) if i in last else p for i, p in pages.items()}
        return entries, old_pages

    def make(self, item: FetchItem, answer: FetchedPage | ItemError) -> StageResult:
        """Return the result of a page's answer; its bytes go into the archive."""
        article, entry = item.article, item.entry
        assert entry is not None
        if isinstance(answer, FetchedPage):
            return self._archive(article, entry, answer)
        if self._may_read_feed(article, entry, answer):
            return self._fall_back_on_feed(article, entry, answer)
        return self.failure_result(article, answer)

    def save(self, connection: sa.Connection, saved: Sequence[StageResult]) -> None:
        """Plan when each page is visited again; note those that are gone."""
        visits = [(result.article, _visit_outcome(result)) for result in saved if result.outcome is not Outcome.RETRY]
        visits = [(article, visit) for article, visit in visits if article.version > 1 or visit is VisitOutcome.PRESENT]
        live = self._live & {result.article.id for result in saved}
        self._live -= live
        record_visits(self.context, connection, visits, frozenset(live))

    def discard_lost(self, connection: sa.Connection, lost: Sequence[StageResult]) -> None:
        """Have the pages deleted that came after their articles were taken down."""
        self._live -= {result.article.id for result in lost}
        removed = self.context.store.ledger.find_removed(connection, [result.article.id for result in lost])
        pages = (result.record for result in lost if result.article.id in removed)
        blobs = (page.blob for page in pages if isinstance(page, Page))
        self.context.store.pending_removals.add_blobs(connection, filter(None, blobs))

    def _archive(self, article: ArticleRow, entry: Entry, fetched: FetchedPage) -> StageResult:
        """Put a page into the archive; return its result, a drop where it is not to be indexed."""
        if _leads_home(entry.url, fetched.final_url):
            detail = f"redirected to {fetched.final_url}"
            return StageResult(article=article, outcome=Outcome.DROPPED, reason=Reason.NOT_FOUND, detail=detail)
        if forbidden := set(fetched.rights) & set(self.context.settings.rights.not_indexed):
            detail = f"its server says {min(forbidden)}"
            return StageResult(article=article, outcome=Outcome.DROPPED, reason=Reason.NO_INDEX, detail=detail)
        source = self.context.sources.get(article.source)
        if source and any(part in entry.url for part in source.live):
            self._live.add(article.id)
        page = Page(
            id=article.id,
            url=entry.url,
            final_url=fetched.final_url,
            blob=self.context.archive.put(fetched.body),
            size=len(fetched.body),
            fetched=self.context.clock(),
            status=fetched.status,
            media_type=fetched.media_type,
            charset=fetched.charset,
            etag=fetched.etag,
            last_modified=fetched.last_modified,
            rights=fetched.rights,
        )
        return StageResult(article=article, outcome=Outcome.DONE, record=page)

    def _may_read_feed(self, article: ArticleRow, entry: Entry, refused: ItemError) -> bool:
        """Tell whether the feed's text may be taken: a page that was read before and is refused now stays as it was."""
        if not self.context.settings.rights.feed_text or not is_readable_in_feed(entry, refused):
            return False
        with self.context.store.read() as connection:
            earlier = self.context.store.ledger.latest(connection, [article.id], Article).get(article.id)
        return earlier is None or earlier.from_feed

    def _fall_back_on_feed(self, article: ArticleRow, entry: Entry, refused: ItemError) -> StageResult:
        """Return the result for a page that is refused: the feed's text is taken in its place."""
        now = self.context.clock()
        page = Page(id=article.id, url=entry.url, final_url=None, blob=None, size=0, fetched=now, blocked=True)
        detail = f"{refused.detail}; taken from the feed"
        return StageResult(article=article, outcome=Outcome.DONE, reason=refused.reason, detail=detail, record=page)


def is_readable_in_feed(entry: Entry, refused: ItemError) -> bool:
    """Tell whether the feed's text may be taken in place of a page that is refused.

    Where robots.txt refuses the page, only the whole text will do: a publisher that puts it into its feed wants it to
    be read there.
    """
    if refused.reason is Reason.ROBOTS:
        return bool(entry.content)
    return refused.reason is Reason.FORBIDDEN and bool(entry.content or entry.summary)


def _visit_outcome(result: StageResult) -> VisitOutcome:
    """Return what a visit with this result says of the page."""
    if result.outcome is Outcome.DONE:
        return VisitOutcome.PRESENT if result.article.version == 1 else VisitOutcome.ANSWERED
    return VISIT_OUTCOMES.get(result.reason, VisitOutcome.FAILED) if result.reason else VisitOutcome.FAILED


def _leads_home(url: str, final_url: str) -> bool:
    """Tell whether a page's address now leads to a home page, which many sites show in place of a page that is gone."""
    if urlsplit(url).path in {"", "/"}:
        return False
    return urlsplit(final_url).path in {"", "/"} and not urlsplit(final_url).query
