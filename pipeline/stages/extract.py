"""Clean each page into an article: stage extract.

A page is read in a worker process that may be killed; its site's profile then cuts the site's boilerplate.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import msgspec
import sqlalchemy as sa

from pipeline.article_diff import compare_versions
from pipeline.errors import ArchiveError, ItemError
from pipeline.extract import Agency, Extraction, RawPage, clean_with_site_profile, load_config, make_extractor
from pipeline.extract.feed_fallback import build_page, feed_has_more
from pipeline.reconcile.revisits import record_visits
from pipeline.records import Article, Entry, Outcome, Page, Reason, Stage
from pipeline.revisit_policy import VisitOutcome
from pipeline.sites import Alarm, is_drifted, update_alarm
from pipeline.stages.runner import StageHandler
from pipeline.store import ArticleRow, StageResult
from pipeline.urls import site_host
from pipeline.workers import Workers

_log = logging.getLogger(__name__)


class ExtractHandler(StageHandler):
    """Cleans pages into articles, each in a worker process that may be killed."""

    stage = Stage.EXTRACT

    def __enter__(self) -> Self:
        limits = self.context.settings.extract
        config = load_config(self.context.config, limits)
        sources = tuple(Agency(name=source.name) for source in self.context.sources.values() if source.agency)
        config = msgspec.structs.replace(config, agencies=(*config.agencies, *sources))
        self._extractions: dict[str, Extraction] = {}
        self._workers: Workers[RawPage, Extraction] = Workers(
            make_extractor(config), count=limits.workers, seconds=limits.timeout_seconds, memory_mb=limits.memory_mb
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._workers.__exit__(kind, error, at)
        self.context.store.pending_removals.remove_blobs(self.context.archive.delete)

    def decide(self, claimed: Sequence[ArticleRow], emit: Callable[[StageResult], None]) -> None:
        """Extract the claimed articles; those of which the feed gave more than the page come last."""
        ledger = self.context.store.ledger
        with self.context.store.read() as connection:
            self._pages = ledger.current(connection, claimed, Page)
            entries = ledger.current(connection, claimed, Entry)
            present = ledger.current(connection, claimed, Article)
        claimed = self.with_records(claimed, emit, self._pages)
        with self.context.store.read() as connection:
            fresh = [row for row in claimed if row.id not in present]
            self._previous = ledger.previous(connection, fresh, Article)
        from_pages = [row for row in claimed if self._pages[row.id].blob or self._pages[row.id].blocked]
        raws = (self._raw(self._pages[row.id], entries.get(row.id), row) for row in from_pages)
        walled: list[tuple[ArticleRow, Extraction | ItemError, Entry]] = []
        for row, extraction in zip(from_pages, self._workers.map(raws), strict=True):
            entry = entries.get(row.id)
            if entry and self.context.settings.rights.feed_text and feed_has_more(entry, extraction):
                walled.append((row, extraction, entry))
            else:
                emit(self._result(row, extraction))
        stand_ins = (self._stand_in(row, entry, self._pages[row.id]) for row, _, entry in walled)
        for (row, extraction, _), from_feed in zip(walled, self._workers.map(stand_ins), strict=True):
            emit(self._result(row, _prefer_feed_text(extraction, from_feed)))
        for row in claimed:
            if row not in from_pages:
                emit(self._unchanged(row, present.get(row.id)))

    def _result(self, row: ArticleRow, extraction: Extraction | ItemError) -> StageResult:
        """Return the result of a page; only one whose text isn't the feed's teaches the profile of its site."""
        if isinstance(extraction, ItemError):
            return self.failure_result(row, extraction)
        from_feed = extraction.article.from_feed or self._pages[row.id].blocked
        article = msgspec.structs.replace(extraction.article, from_feed=from_feed)
        if forbidden := set(article.rights) & set(self.context.settings.rights.not_indexed):
            detail = f"the page says {min(forbidden)}"
            return StageResult(article=row, outcome=Outcome.DROPPED, reason=Reason.NO_INDEX, detail=detail)
        if not from_feed:
            self._extractions[row.id] = extraction
        addresses = (article.canonical_url,) if article.canonical_url else ()
        return StageResult(article=row, outcome=Outcome.DONE, record=article, addresses=addresses)

    def _unchanged(self, row: ArticleRow, present: Article | None) -> StageResult:
        """Return the result for a page that may not be kept and can't be read again: its article stays as it was."""
        if present is not None:
            return StageResult(article=row, outcome=Outcome.DONE, record=present)
        detail = "its page may not be kept; newswire redo fetch gets it again"
        return self.failure_result(row, ItemError(Outcome.QUARANTINED, Reason.ARCHIVE, detail))

    def _raw(self, page: Page, entry: Entry | None, row: ArticleRow) -> RawPage | ItemError:
        if page.blob is None and entry:
            return self._stand_in(row, entry, page)
        try:
            data = self.context.archive.get(page.blob or "")
        except ArchiveError as error:
            return ItemError(Outcome.RETRY, Reason.ARCHIVE, str(error))
        return RawPage(
            id=row.id,
            data=data,
            url=page.final_url,
            media_type=page.media_type,
            charset=page.charset,
            fetched=page.fetched,
            entry=entry,
            source=self.context.sources.get(row.source),
        )

    def _stand_in(self, row: ArticleRow, entry: Entry, page: Page) -> RawPage:
        return RawPage(
            id=row.id,
            data=build_page(entry),
            url=page.url,
            media_type="text/html",
            charset="utf-8",
            fetched=page.fetched,
            entry=entry,
            source=self.context.sources.get(row.source),
        )

    def finalise(self, connection: sa.Connection, results: Sequence[StageResult]) -> list[StageResult]:
        """Cut what each site's profile knows as boilerplate; hold back what is unlike the site's earlier pages.

        An article that then says the same as the version before is no new version.
        """
        sites = {self._site(result) for result in results if result.article.id in self._extractions}
        self._sites = self.context.store.site_profiles(connection, filter(None, sites), self.context.clock())
        results = self.context.store.ledger.still_leased(connection, results)
        cleaned = [self._cleaned(result) if result.article.id in self._extractions else result for result in results]
        self._sites.flush()
        return [self._without_repetition(result) for result in cleaned]

    def _without_repetition(self, result: StageResult) -> StageResult:
        previous = self._previous.get(result.article.id)
        if previous is None or not isinstance(result.record, Article) or compare_versions(previous, result.record):
            return result
        return StageResult(
            article=result.article, outcome=Outcome.DROPPED, reason=Reason.NOT_MODIFIED, detail="the same words"
        )

    def _cleaned(self, result: StageResult) -> StageResult:
        extraction, name = self._extractions.pop(result.article.id), self._site(result)
        if name is None:
            return result
        article, affected = clean_with_site_profile(self._sites[name], extraction, result.article.seq, self._sites.day)
        self._sites.mark_for_cleaning(name, affected)
        cleaned = msgspec.structs.replace(result, record=article)
        return self._without_drift(cleaned) if name in self.context.sources else cleaned

    def _site(self, result: StageResult) -> str | None:
        """Return the site of an article: its source; of what was imported its host, as far as that is known."""
        row, record = result.article, result.record
        stated = record.canonical_url if isinstance(record, Article) else None
        return row.source if row.source in self.context.sources else site_host(row.url or stated)

    def _without_drift(self, result: StageResult) -> StageResult:
        """Return the result, quarantined where its page is unlike its site's earlier ones in the way of an alarm."""
        name, seq = result.article.source, result.article.seq
        pages, standing = self._sites[name].pages_in_order(), self._sites.standing[name]
        alarm = update_alarm(pages, standing.accepted, standing.alarm)
        if alarm != standing.alarm:
            self._sites.standing[name] = msgspec.structs.replace(standing, alarm=alarm)
            released = 0
            if alarm is None:
                site_alarms, now = self.context.store.site_alarms, self.context.clock()
                released = site_alarms.release_held(self._sites.connection, name, now)
            log_alarm(name, alarm, released)
        page = self._sites[name].pages.get(seq)
        if alarm is None or page is None or seq < alarm.since or not is_drifted(pages, alarm, page):
            return result
        return msgspec.structs.replace(
            result, outcome=Outcome.QUARANTINED, reason=Reason.DRIFT, detail=alarm.detail, record=None, addresses=()
        )

    def save(self, connection: sa.Connection, saved: Sequence[StageResult]) -> None:
        """Record which articles have changed or are live; remove pages that may not be kept, or say nothing new.

        Earlier articles that hold newly learnt boilerplate are sent back.
        """
        ledger, now = self.context.store.ledger, self.context.clock()
        done = {r.article: r.record for r in saved if r.outcome is Outcome.DONE}
        live = frozenset(row.id for row, record in done.items() if isinstance(record, Article) and record.live)
        changed = [(row, VisitOutcome.CHANGED) for row in done if row.id in self._previous]
        present = [(row, VisitOutcome.PRESENT) for row in done if row.id not in self._previous and row.id in live]
        record_visits(self.context, connection, [*changed, *present], live)
        unwanted = [r.article for r in saved if r.reason is Reason.NOT_MODIFIED or self._is_not_archived(r)]
        pages = {row: self._pages[row.id] for row in unwanted}
        self.context.store.pending_removals.add_blobs(connection, [page.blob for page in pages.values() if page.blob])
        for row, page in pages.items():
            ledger.replace_record(connection, row, msgspec.structs.replace(page, blob=None), now)
        self._sites.requeue_for_cleaning()

    def _is_not_archived(self, result: StageResult) -> bool:
        """Tell whether the archive may not keep the page, now that it needs no further reading."""
        if result.outcome is Outcome.RETRY or result.reason is Reason.DRIFT:
            return False
        if result.article.id not in self._pages:
            return False
        rights = set(self._pages[result.article.id].rights)
        rights |= set(result.record.rights) if isinstance(result.record, Article) else set()
        return bool(rights & set(self.context.settings.rights.not_archived)) or result.reason is Reason.NO_INDEX


def _prefer_feed_text(page: Extraction | ItemError, feed: Extraction | ItemError) -> Extraction | ItemError:
    """Return the page's fields with the feed's text; the page as it is where the feed gave no text either."""
    if isinstance(feed, ItemError):
        return page
    if isinstance(page, ItemError):
        return Extraction(article=msgspec.structs.replace(feed.article, from_feed=True))
    text, subheadings = feed.article.text, feed.article.subheadings
    return Extraction(article=msgspec.structs.replace(page.article, text=text, subheadings=subheadings, from_feed=True))


def log_alarm(name: str, alarm: Alarm | None, released: int) -> None:
    """Log that an alarm has begun, with pages from before and after it; or that it is over (``alarm`` is None)."""
    if alarm is None:
        _log.warning("extract: the pages of %s are as usual again; %d articles go on", name, released)
        return
    _log.warning("extract: the pages of %s have changed: %s", name, alarm.detail)
    for when, samples in (("before", alarm.before), ("after", alarm.after)):
        for sample in samples:
            _log.warning("extract: %s: %s: %s", name, when, sample.describe())
