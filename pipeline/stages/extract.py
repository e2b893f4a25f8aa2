"""Clean each page into an article: stage extract.

A page is read in a worker process that may be killed; its site's profile then cuts the site's boilerplate.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self

import msgspec
import sqlalchemy as sa

from pipeline.article_diff import is_repetition
from pipeline.clean_records import clean_record
from pipeline.context import Context
from pipeline.errors import ArchiveError, ItemError
from pipeline.extract import Agency, ExtractConfig, Extraction, RawPage, load_config, make_extractor
from pipeline.extract.feed_fallback import NOT_THE_PAGE, feed_has_more, feed_input, may_replace, prefer_feed_text
from pipeline.extract.readings import extractor_key
from pipeline.extract.source_page import page_input
from pipeline.reconcile.article_addresses import describe_other_page, natural_ids, settle_addresses
from pipeline.reconcile.kept_readings import KeptReadings
from pipeline.reconcile.revisits import record_visits
from pipeline.reconcile.site_cleaning import SiteCleaning, find_site
from pipeline.reconcile.withdrawals import save_notices
from pipeline.records import Article, Entry, Outcome, Page, Reason, Stage
from pipeline.result_waiting import PATIENCE_SECONDS
from pipeline.revisit_policy import VISIT_OUTCOMES, VisitOutcome
from pipeline.settings import Source
from pipeline.stages.runner import StageHandler
from pipeline.store import ArticleRow, StageResult
from pipeline.wires import WithdrawalNotice
from pipeline.worker_count import choose_worker_counts
from pipeline.workers import Workers


class ExtractHandler(StageHandler):
    """Cleans pages into articles, each in a worker process that may be killed."""

    stage = Stage.EXTRACT

    @classmethod
    def open_workers(cls, context: Context) -> Workers[RawPage, Extraction]:
        """Return the processes that read pages."""
        limits = context.settings.extract
        return Workers(
            make_extractor(_load_config(context)),
            count=choose_worker_counts(context.settings).extract,
            seconds=limits.timeout_seconds,
            memory_mb=limits.memory_mb,
            name="extract",
        )

    def __enter__(self) -> Self:
        self._forget_batch()
        self._readings = KeptReadings(self.context, extractor_key(_load_config(self.context)))
        self._opened = contextlib.ExitStack()
        self._workers: Workers[RawPage, Extraction] = self.shared_workers or self._opened.enter_context(
            self.open_workers(self.context)
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._opened.__exit__(kind, error, at)

    def _forget_batch(self) -> None:
        """Forget what was noted of the last batch's articles, those among them that were lost or failed as well."""
        self._extractions: dict[str, Extraction] = {}
        self._hidden: set[str] = set()  # ids of articles in whose place another page stands
        self._blocked: set[str] = set()  # ids of those of which the feed's text is read next
        self._notices: dict[str, WithdrawalNotice] = {}

    def maintain(self) -> None:
        """Remove pages from the archive that may not be kept."""
        self.context.store.pending_removals.remove_blobs(self.context.archive.delete)

    def decide(self, claimed: Sequence[ArticleRow], emit: Callable[[StageResult], None]) -> None:
        """Extract the claimed articles; those of which the feed gave more than the page come last."""
        self._forget_batch()
        ledger = self.context.store.ledger
        with self.context.store.read() as connection:
            self._pages = ledger.current(connection, claimed, Page)
            self._entries = ledger.current(connection, claimed, Entry)
            present = ledger.current(connection, claimed, Article)
            finals = {page.final_url for page in self._pages.values() if page.final_url != page.url}
            self._listed = set(ledger.get_articles(connection, natural_ids(finals)))
        claimed = self.with_records(claimed, emit, self._pages)
        with self.context.store.read() as connection:
            fresh = [row for row in claimed if row.id not in present]
            self._previous = ledger.previous(connection, fresh, Article)
        from_pages = [row for row in claimed if self._pages[row.id].blob or self._pages[row.id].blocked]
        walled: list[tuple[ArticleRow, Extraction | ItemError, Entry]] = []
        for row, reading in self._read(from_pages, present):
            entry = self._entries.get(row.id)
            extraction = self._without_other_page(row, entry, reading)
            if entry and self._may_read_feed(row, extraction) and feed_has_more(entry, extraction):
                walled.append((row, extraction, entry))
            else:
                emit(self._result(row, extraction))
        feed_inputs = (feed_input(self._pages[row.id], entry, self._source(row)) for row, _, entry in walled)
        for (row, extraction, _), from_feed in zip(walled, self._workers.map(feed_inputs), strict=True):
            emit(self._result(row, prefer_feed_text(extraction, from_feed), refused=extraction))
        for row in claimed:
            if row not in from_pages:
                emit(self._unchanged(row, present.get(row.id)))

    def _read(
        self, rows: Sequence[ArticleRow], present: Mapping[str, Article]
    ) -> Iterator[tuple[ArticleRow, Extraction | ItemError]]:
        """Yield what each page holds: as it was read before where that is known, else as a worker reads it now."""
        inputs = {row: kept for row in rows if row.id in present and (kept := self._kept_input(row))}
        recalled = self._readings.recall(inputs)
        for row in rows:
            if row.id in recalled:
                yield row, recalled[row.id]
        unread = [row for row in rows if row.id not in recalled]
        for number, reading in self._read_pages(unread):
            yield unread[number], reading

    def _read_pages(self, rows: Sequence[ArticleRow]) -> Iterator[tuple[int, Extraction | ItemError]]:
        """Yield the number of each row with what a worker reads in its page now."""
        patience = PATIENCE_SECONDS if self.hurries else math.inf
        return self._workers.map_soon(map(self._raw, rows), self.meanwhile, patience=patience)

    def _kept_input(self, row: ArticleRow) -> tuple[str, RawPage] | None:
        """Return the archive's name of a page and its input without the bytes; None for a feed's text in its place."""
        page, entry = self._pages[row.id], self._entries.get(row.id)
        if page.blob is None or page.blocked:
            return None
        return page.blob, page_input(page, entry, self._source(row))

    def _raw(self, row: ArticleRow) -> RawPage | ItemError:
        page, entry = self._pages[row.id], self._entries.get(row.id)
        if entry and (page.blob is None or page.blocked):
            return feed_input(page, entry, self._source(row))
        try:
            packed = self.context.archive.get_packed(page.blob or "")
        except ArchiveError as error:
            return ItemError(Outcome.RETRY, Reason.ARCHIVE, str(error))
        return page_input(page, entry, self._source(row), packed)

    def _source(self, row: ArticleRow) -> Source | None:
        return self.context.sources.get(row.source)

    def _is_listed(self, row: ArticleRow) -> bool:
        """Tell whether another article is listed at the address to which this one's led."""
        return bool(self._listed & (natural_ids([self._pages[row.id].final_url]) - {row.id}))

    def _without_other_page(
        self, row: ArticleRow, entry: Entry | None, extraction: Extraction | ItemError
    ) -> Extraction | ItemError:
        """Return what a page holds; an error where the article's address led to a page that is about something else."""
        if entry is None or isinstance(extraction, ItemError):
            return extraction
        why = describe_other_page(self._pages[row.id], entry, extraction, is_listed=self._is_listed(row))
        return ItemError(Outcome.DROPPED, Reason.ELSEWHERE, why) if why else extraction

    def _may_read_feed(self, row: ArticleRow, extraction: Extraction | ItemError) -> bool:
        return self.context.settings.rights.feed_text and may_replace(self._previous.get(row.id), extraction)

    def _failure(self, row: ArticleRow, error: ItemError) -> StageResult:
        """Return the result of a page that holds no article; one that stands in its place has to be fetched again."""
        if error.reason not in NOT_THE_PAGE:
            return self.failure_result(row, error)
        with self.context.store.read() as connection:
            attempts = self.context.store.ledger.count_outcomes(connection, row.id, error.reason)
        failed = self.failure_result(msgspec.structs.replace(row, attempts=attempts), error)
        return msgspec.structs.replace(failed, again_from=Stage.FETCH)

    def _result(
        self, row: ArticleRow, extraction: Extraction | ItemError, *, refused: Extraction | ItemError | None = None
    ) -> StageResult:
        """Return the result of a page; only one whose text isn't the feed's teaches the profile of its site.

        ``refused`` is what the page holds where the feed's text is taken in its place.
        """
        if isinstance(extraction, ItemError):
            return self._failure(row, extraction)
        from_feed = extraction.article.from_feed or self._pages[row.id].blocked
        article = msgspec.structs.replace(extraction.article, from_feed=from_feed)
        if extraction.notice and row.id not in self._previous:
            self._notices[row.id] = extraction.notice
            detail = "it takes back what another item said; newswire corrections names it"
            return StageResult(article=row, outcome=Outcome.DROPPED, reason=Reason.NOTICE, detail=detail)
        if forbidden := set(article.rights) & set(self.context.settings.rights.not_indexed):
            detail = f"the page says {min(forbidden)}"
            return StageResult(article=row, outcome=Outcome.DROPPED, reason=Reason.NO_INDEX, detail=detail)
        if not from_feed:
            self._extractions[row.id] = extraction
        if isinstance(refused, ItemError):
            self._hidden.add(row.id)
            detail = f"{refused.detail}; taken from the feed"
            return StageResult(article=row, outcome=Outcome.DONE, reason=refused.reason, detail=detail, record=article)
        return StageResult(article=row, outcome=Outcome.DONE, record=article)

    def _unchanged(self, row: ArticleRow, present: Article | None) -> StageResult:
        """Return the result for a page that may not be kept and can't be read again: its article stays as it was."""
        if present is not None:
            return StageResult(article=row, outcome=Outcome.DONE, record=present)
        detail = "its page may not be kept; newswire redo fetch gets it again"
        return self.failure_result(row, ItemError(Outcome.QUARANTINED, Reason.ARCHIVE, detail))

    def finalise(self, connection: sa.Connection, results: Sequence[StageResult]) -> list[StageResult]:
        """Cut what each site's profile knows as boilerplate; hold back what is unlike the site's earlier pages.

        An article that then says the same as the version before is no new version.
        """
        sites = {self._site(result) for result in results if result.article.id in self._extractions}
        self._sites = SiteCleaning(self.context, connection, filter(None, sites))
        results = self.context.store.ledger.still_leased(connection, results)
        self._learnt: dict[str, Extraction] = {}  # article id → what its site's profile has learnt of its page
        cleaned = [self._cleaned(result) for result in results]
        self._sites.flush()
        pages = {i: page for i, page in self._pages.items() if i not in self._hidden}
        settled = settle_addresses(self.context, connection, cleaned, pages, self._entries)
        return [self._without_repetition(_with_clean_record(result)) for result in settled]

    def _without_repetition(self, result: StageResult) -> StageResult:
        previous, record = self._previous.get(result.article.id), result.record
        if previous is None or result.outcome is not Outcome.DONE or not isinstance(record, Article):
            return result
        if not is_repetition(previous, record, self.context.clock()):
            return result
        return StageResult(
            article=result.article, outcome=Outcome.DROPPED, reason=Reason.NOT_MODIFIED, detail="the same words"
        )

    def _cleaned(self, result: StageResult) -> StageResult:
        """Return the result as the memory of its site leaves it: without boilerplate, held back, or as a wall's."""
        row, extraction = result.article, self._extractions.pop(result.article.id, None)
        name = self._site(result)
        if extraction is None or name is None:
            return result
        announced = None if self._is_listed(row) else self._entries.get(row.id)
        cleaned = self._sites.clean(row, extraction, name, announced)
        if cleaned.is_wall:
            return self._without_wall(result)
        if cleaned.drift:
            return msgspec.structs.replace(
                result, outcome=Outcome.QUARANTINED, reason=Reason.DRIFT, detail=cleaned.drift, record=None
            )
        if self._sites.holds(name, row.seq):
            self._learnt[row.id] = extraction
        return msgspec.structs.replace(result, record=cleaned.article)

    def _without_wall(self, result: StageResult) -> StageResult:
        """Return the result of a page that is one wall among several: its turn comes again with the feed's text."""
        row, entry = result.article, self._entries[result.article.id]
        title = result.record.title if isinstance(result.record, Article) else None
        detail = f"the page has the text of other pages, and says nothing of what the feed announces: {title or ''!r}"
        wall = ItemError(Outcome.DROPPED, Reason.WALL, detail)
        if not (self._may_read_feed(row, wall) and feed_has_more(entry, wall)):
            return msgspec.structs.replace(self.failure_result(row, wall), again_from=Stage.FETCH)
        self._blocked.add(row.id)
        again = self.failure_result(row, ItemError(Outcome.RETRY, Reason.WALL, detail, tried=False))
        return msgspec.structs.replace(again, retry_at=self.context.clock())

    def _site(self, result: StageResult) -> str | None:
        return find_site(self.context, result.article, result.record) if isinstance(result.record, Article) else None

    def save(self, connection: sa.Connection, saved: Sequence[StageResult]) -> None:
        """Record which articles have changed or are live; remove pages that may not be kept, or say nothing new.

        Earlier articles that hold newly learnt boilerplate are sent back.
        """
        ledger, now = self.context.store.ledger, self.context.clock()
        done = {r.article: r.record for r in saved if r.outcome is Outcome.DONE}
        live = frozenset(row.id for row, record in done.items() if isinstance(record, Article) and record.live)
        visits = [(r.article, visit) for r in saved if (visit := self._visit_outcome(r, live))]
        record_visits(self.context, connection, visits, live)
        unwanted = [r.article for r in saved if r.reason is Reason.NOT_MODIFIED or self._is_not_archived(r)]
        pages = {row: self._pages[row.id] for row in unwanted}
        self.context.store.pending_removals.add_blobs(connection, [page.blob for page in pages.values() if page.blob])
        for row, page in pages.items():
            ledger.replace_record(connection, row, msgspec.structs.replace(page, blob=None), now)
        for row in (r.article for r in saved if r.article.id in self._blocked):
            ledger.replace_record(connection, row, msgspec.structs.replace(self._pages[row.id], blocked=True), now)
        self._save_readings(connection, [row for row in done if row not in pages])
        self._sites.requeue()
        notices = {r.article: self._notices.pop(r.article.id) for r in saved if r.reason is Reason.NOTICE}
        save_notices(self.context, connection, notices)

    def _save_readings(self, connection: sa.Connection, rows: Iterable[ArticleRow]) -> None:
        """Keep what was read of these articles' pages, as far as their sites' profiles have learnt them."""
        readings = [
            (row, *kept, self._learnt[row.id])
            for row in rows
            if row.id in self._learnt and (kept := self._kept_input(row))
        ]
        self._readings.save(connection, readings)

    def _visit_outcome(self, result: StageResult, live: frozenset[str]) -> VisitOutcome | None:
        """Return what a visit to a page has shown that fetch couldn't tell, None where there is nothing to note."""
        row = result.article
        if row.id not in self._previous:
            return VisitOutcome.PRESENT if row.id in live else None
        if result.outcome is Outcome.DONE:
            return VisitOutcome.CHANGED if row.url else None
        return VISIT_OUTCOMES.get(result.reason) if result.reason else None

    def _is_not_archived(self, result: StageResult) -> bool:
        """Tell whether the archive may not keep the page, now that it needs no further reading."""
        if result.outcome is Outcome.RETRY or result.reason is Reason.DRIFT:
            return False
        if result.article.id not in self._pages:
            return False
        rights = set(self._pages[result.article.id].rights)
        rights |= set(result.record.rights) if isinstance(result.record, Article) else set()
        return bool(rights & set(self.context.settings.rights.not_archived)) or result.reason is Reason.NO_INDEX


def _with_clean_record(result: StageResult) -> StageResult:
    """Return the result with its article as it is kept: what it says is compared with what was kept before."""
    return msgspec.structs.replace(result, record=clean_record(result.record)) if result.record else result


def _load_config(context: Context) -> ExtractConfig:
    """Return what pages are read by: the lists of the settings folder, and the sources that are agencies."""
    config = load_config(context.config, context.settings.extract)
    sources = tuple(Agency(name=source.name) for source in context.sources.values() if source.agency)
    return msgspec.structs.replace(config, agencies=(*config.agencies, *sources))
