"""fetch: what does the server send for each entry?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Self
from urllib.parse import urlsplit

import sqlalchemy as sa
from msgspec.structs import replace

from pipeline.errors import ItemError
from pipeline.fetch import FetchedPage, SourceTerms, fetch_pages
from pipeline.reconcile.revisits import record_visits
from pipeline.records import Entry, Outcome, Page, Reason, Stage
from pipeline.revisit_policy import VisitOutcome, is_last_visit
from pipeline.stages.runner import StageHandler
from pipeline.store import ArticleRow, StageResult

_LOOKS = {
    Reason.NOT_MODIFIED: VisitOutcome.PRESENT,
    Reason.NOT_FOUND: VisitOutcome.GONE,
    Reason.GONE: VisitOutcome.GONE,
}


class FetchHandler(StageHandler):
    """Fetches pages politely, new ones and those that are to be looked at again; keeps their bytes in the archive."""

    stage = Stage.FETCH
    runs_always = True

    def __enter__(self) -> Self:
        self.context.store.visits.requeue_due(self.context.clock())
        self._terms = SourceTerms(self.context.sources)
        self._live: set[str] = set()
        return self

    def decide(self, claimed: Sequence[ArticleRow], emit: Callable[[StageResult], None]) -> None:
        """Fetch the pages of ``claimed``; results come as the servers answer."""
        asyncio.run(self._fetch(claimed, emit))

    def save(self, connection: sa.Connection, saved: Sequence[StageResult]) -> None:
        """Plan when each page is looked at again; note those that are gone."""
        looks = [(r.item, _look(r)) for r in saved if r.outcome is not Outcome.RETRY]
        looks = [(item, look) for item, look in looks if item.version > 1 or look is VisitOutcome.PRESENT]
        record_visits(self.context, connection, looks, frozenset(self._live))

    def discard_removed(self, connection: sa.Connection, lost: Sequence[StageResult]) -> None:
        """Have the pages deleted that came after their articles were taken down."""
        blobs = (result.record.blob for result in lost if isinstance(result.record, Page))
        self.context.store.pending_removals.add_blobs(connection, filter(None, blobs))

    async def _fetch(self, claimed: Sequence[ArticleRow], emit: Callable[[StageResult], None]) -> None:
        context = self.context
        with context.store.read() as connection:
            entries = context.store.ledger.current(connection, claimed, Entry)
        claimed = self.with_records(claimed, emit, entries)
        items = {item.id: item for item in claimed}
        wanted = [entries[item.id] for item in claimed]
        before = self._before(claimed)
        results = fetch_pages(
            wanted,
            context.settings,
            context.store.robots,
            context.clock,
            before=before,
            terms=self._terms,
            holds=context.store.holds,
        )
        async for entry, got in results:
            item = items[entry.id]
            if isinstance(got, FetchedPage):
                emit(self._keep(item, entry, got))
            elif context.settings.rights.feed_text and is_readable_in_feed(entry, got):
                emit(self._stand_in(item, entry, got))
            else:
                emit(self.failure_result(item, got))

    def _before(self, claimed: Sequence[ArticleRow]) -> Mapping[str, Page]:
        """Return the pages that may still be as they were; the last look asks for the whole page all the same."""
        now, settings = self.context.clock(), self.context.settings.revisit
        with self.context.store.read() as connection:
            pages = self.context.store.ledger.previous(connection, claimed, Page)
        last = {item.id for item in claimed if is_last_visit(item.first_seen, now, settings)}
        return {i: replace(p, etag=None, last_modified=None) if i in last else p for i, p in pages.items()}

    def _keep(self, item: ArticleRow, entry: Entry, got: FetchedPage) -> StageResult:
        if _leads_home(entry.url, got.final_url):
            return StageResult(
                item=item, outcome=Outcome.DROPPED, reason=Reason.NOT_FOUND, detail=f"redirected to {got.final_url}"
            )
        if forbidden := set(got.rights) & set(self.context.settings.rights.not_indexed):
            detail = f"its server says {min(forbidden)}"
            return StageResult(item=item, outcome=Outcome.DROPPED, reason=Reason.NO_INDEX, detail=detail)
        source = self.context.sources.get(item.source)
        if source and any(part in entry.url for part in source.live):
            self._live.add(item.id)
        page = Page(
            id=item.id,
            url=entry.url,
            final_url=got.final_url,
            blob=self.context.archive.put(got.body),
            size=len(got.body),
            fetched=self.context.clock(),
            status=got.status,
            media_type=got.media_type,
            charset=got.charset,
            etag=got.etag,
            last_modified=got.last_modified,
            rights=got.rights,
        )
        return StageResult(item=item, outcome=Outcome.DONE, record=page, addresses=(got.final_url,))

    def _stand_in(self, item: ArticleRow, entry: Entry, refused: ItemError) -> StageResult:
        """Return the result for a page that is refused: the feed's text stands in for it."""
        now = self.context.clock()
        page = Page(id=item.id, url=entry.url, final_url=None, blob=None, size=0, fetched=now, blocked=True)
        detail = f"{refused.detail}; taken from the feed"
        return StageResult(item=item, outcome=Outcome.DONE, reason=refused.reason, detail=detail, record=page)


def is_readable_in_feed(entry: Entry, refused: ItemError) -> bool:
    """Whether what the feed gave may stand in for a page that is refused.

    Where robots.txt refuses it, only the whole text will do: who publishes that in a feed means it to be read there.
    """
    if refused.reason is Reason.ROBOTS:
        return bool(entry.content)
    return refused.reason is Reason.FORBIDDEN and bool(entry.content or entry.summary)


def _look(result: StageResult) -> VisitOutcome:
    """Return what a result says of the page."""
    if result.outcome is Outcome.DONE:
        return VisitOutcome.PRESENT
    return _LOOKS.get(result.reason, VisitOutcome.FAILED) if result.reason else VisitOutcome.FAILED


def _leads_home(asked: str, final: str) -> bool:
    """Whether a page's address now leads to a home page: how many sites answer for what is gone."""
    return urlsplit(final).path in {"", "/"} and not urlsplit(final).query and urlsplit(asked).path not in {"", "/"}
