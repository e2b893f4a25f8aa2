"""Get the page of each entry, of new ones and of those that are due to be visited again: stage fetch.

Pages are fetched politely; their bytes lie in the archive.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Self
from urllib.parse import urlsplit

import sqlalchemy as sa
from msgspec.structs import replace

from pipeline.errors import ItemError
from pipeline.fetch import FetchedPage, SourceTerms, fetch_pages
from pipeline.reconcile.revisits import record_visits
from pipeline.records import Entry, Outcome, Page, Reason, Stage
from pipeline.revisit_policy import VisitOutcome, is_last_visit
from pipeline.stages.runner import Emit, StageHandler
from pipeline.store import ArticleRow, StageResult

_VISIT_OUTCOMES = {
    Reason.NOT_MODIFIED: VisitOutcome.PRESENT,
    Reason.NOT_FOUND: VisitOutcome.GONE,
    Reason.GONE: VisitOutcome.GONE,
}


class FetchHandler(StageHandler):
    """Fetches pages and keeps their bytes in the archive."""

    stage = Stage.FETCH
    runs_always = True

    def __enter__(self) -> Self:
        self.context.store.visits.requeue_due(self.context.clock())
        self._terms = SourceTerms(self.context.sources)
        self._live: set[str] = set()
        return self

    def decide(self, claimed: Sequence[ArticleRow], emit: Emit) -> None:
        """Fetch the pages of ``claimed``; emit results as the servers answer."""
        asyncio.run(self._fetch(claimed, emit))

    def save(self, connection: sa.Connection, saved: Sequence[StageResult]) -> None:
        """Plan when each page is visited again; note those that are gone."""
        visits = [(result.article, _visit_outcome(result)) for result in saved if result.outcome is not Outcome.RETRY]
        visits = [(article, visit) for article, visit in visits if article.version > 1 or visit is VisitOutcome.PRESENT]
        record_visits(self.context, connection, visits, frozenset(self._live))

    def discard_removed(self, connection: sa.Connection, removed: Sequence[StageResult]) -> None:
        """Have the pages deleted that came after their articles were taken down."""
        blobs = (result.record.blob for result in removed if isinstance(result.record, Page))
        self.context.store.pending_removals.add_blobs(connection, filter(None, blobs))

    async def _fetch(self, claimed: Sequence[ArticleRow], emit: Emit) -> None:
        context = self.context
        with context.store.read() as connection:
            entries = context.store.ledger.current(connection, claimed, Entry)
        claimed = self.with_records(claimed, emit, entries)
        articles = {article.id: article for article in claimed}
        results = fetch_pages(
            [entries[article.id] for article in claimed],
            context.settings,
            context.store.robots,
            context.clock,
            old_pages=self._previous_pages(claimed),
            terms=self._terms,
            holds=context.store.holds,
        )
        async for entry, answer in results:
            article = articles[entry.id]
            if isinstance(answer, FetchedPage):
                emit(self._archive(article, entry, answer))
            elif context.settings.rights.feed_text and is_readable_in_feed(entry, answer):
                emit(self._fall_back_on_feed(article, entry, answer))
            else:
                emit(self.failure_result(article, answer))

    def _previous_pages(self, claimed: Sequence[ArticleRow]) -> Mapping[str, Page]:
        """Return article id → its page before, which may be unchanged; the last visit asks for the page in any case."""
        now, settings = self.context.clock(), self.context.settings.revisit
        with self.context.store.read() as connection:
            pages = self.context.store.ledger.previous(connection, claimed, Page)
        last = {article.id for article in claimed if is_last_visit(article.first_seen, now, settings)}
        return {i: replace(p, etag=None, last_modified=None) if i in last else p for i, p in pages.items()}

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
        return StageResult(article=article, outcome=Outcome.DONE, record=page, addresses=(fetched.final_url,))

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
        return VisitOutcome.PRESENT
    return _VISIT_OUTCOMES.get(result.reason, VisitOutcome.FAILED) if result.reason else VisitOutcome.FAILED


def _leads_home(url: str, final_url: str) -> bool:
    """Tell whether a page's address now leads to a home page, which many sites show in place of a page that is gone."""
    if urlsplit(url).path in {"", "/"}:
        return False
    return urlsplit(final_url).path in {"", "/"} and not urlsplit(final_url).query
