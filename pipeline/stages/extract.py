"""extract: what is the article in each page?"""

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
        known = load_config(self.context.config, limits)
        own = tuple(Agency(name=source.name) for source in self.context.sources.values() if source.agency)
        known = msgspec.structs.replace(known, agencies=(*known.agencies, *own))
        self._made: dict[str, Extraction] = {}
        self._workers: Workers[RawPage, Extraction] = Workers(
            make_extractor(known), count=limits.workers, seconds=limits.timeout_seconds, memory_mb=limits.memory_mb
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._workers.__exit__(kind, error, at)
        self.context.store.pending_removals.remove_blobs(self.context.archive.delete)

    def decide(self, claimed: Sequence[ArticleRow], emit: Callable[[StageResult], None]) -> None:
        """Extract the articles of ``claimed``; those of which the feed gave more than the page come last."""
        ledger = self.context.store.ledger
        with self.context.store.read() as connection:
            self._pages = ledger.current(connection, claimed, Page)
            entries = ledger.current(connection, claimed, Entry)
            present = ledger.current(connection, claimed, Article)
        claimed = self.with_records(claimed, emit, self._pages)
        with self.context.store.read() as connection:
            self._before = ledger.previous(connection, [item for item in claimed if item.id not in present], Article)
        from_pages = [item for item in claimed if self._pages[item.id].blob or self._pages[item.id].blocked]
        raws = (self._raw(self._pages[item.id], entries.get(item.id), item) for item in from_pages)
        walled: list[tuple[ArticleRow, Extraction | ItemError, Entry]] = []
        for item, made in zip(from_pages, self._workers.map(raws), strict=True):
            entry = entries.get(item.id)
            if entry and self.context.settings.rights.feed_text and feed_has_more(entry, made):
                walled.append((item, made, entry))
            else:
                emit(self._result(item, made))
        stand_ins = (self._stand_in(item, entry, self._pages[item.id]) for item, _, entry in walled)
        for (item, made, _), given in zip(walled, self._workers.map(stand_ins), strict=True):
            emit(self._result(item, _better(made, given)))
        for item in claimed:
            if item not in from_pages:
                emit(self._as_it_was(item, present.get(item.id)))

    def _result(self, item: ArticleRow, made: Extraction | ItemError) -> StageResult:
        """Return the result for what was made of a page; what a feed gave tells nothing of its site's pages."""
        if isinstance(made, ItemError):
            return self.failure_result(item, made)
        from_feed = made.article.from_feed or self._pages[item.id].blocked
        article = msgspec.structs.replace(made.article, from_feed=from_feed)
        if forbidden := set(article.rights) & set(self.context.settings.rights.not_indexed):
            detail = f"the page says {min(forbidden)}"
            return StageResult(item=item, outcome=Outcome.DROPPED, reason=Reason.NO_INDEX, detail=detail)
        if not from_feed:
            self._made[item.id] = made
        known_as = (article.canonical_url,) if article.canonical_url else ()
        return StageResult(item=item, outcome=Outcome.DONE, record=article, addresses=known_as)

    def _as_it_was(self, item: ArticleRow, present: Article | None) -> StageResult:
        """Return the result for a page that may not be kept and can't be read again: its article stays as it was."""
        if present is not None:
            return StageResult(item=item, outcome=Outcome.DONE, record=present)
        detail = "its page may not be kept; newswire redo fetch gets it again"
        return self.failure_result(item, ItemError(Outcome.QUARANTINED, Reason.ARCHIVE, detail))

    def _raw(self, page: Page, entry: Entry | None, item: ArticleRow) -> RawPage | ItemError:
        if page.blob is None and entry:
            return self._stand_in(item, entry, page)
        try:
            data = self.context.archive.get(page.blob or "")
        except ArchiveError as error:
            return ItemError(Outcome.RETRY, Reason.ARCHIVE, str(error))
        return RawPage(
            id=item.id,
            data=data,
            url=page.final_url,
            media_type=page.media_type,
            charset=page.charset,
            fetched=page.fetched,
            entry=entry,
            source=self.context.sources.get(item.source),
        )

    def _stand_in(self, item: ArticleRow, entry: Entry, page: Page) -> RawPage:
        return RawPage(
            id=item.id,
            data=build_page(entry),
            url=page.url,
            media_type="text/html",
            charset="utf-8",
            fetched=page.fetched,
            entry=entry,
            source=self.context.sources.get(item.source),
        )

    def finalise(self, connection: sa.Connection, results: Sequence[StageResult]) -> list[StageResult]:
        """Cut what the memory of each article's site knows as foreign; hold back what is unlike its earlier pages.

        What then says the same as the version before is no new one.
        """
        done = {self._site(result) for result in results if result.item.id in self._made}
        self._sites = self.context.store.site_profiles(connection, filter(None, done), self.context.clock())
        results = self.context.store.ledger.still_leased(connection, results)
        prepared = [self._remembered(one) if one.item.id in self._made else one for one in results]
        self._sites.flush()
        return [self._compared(one) for one in prepared]

    def _compared(self, result: StageResult) -> StageResult:
        before = self._before.get(result.item.id)
        if before is None or not isinstance(result.record, Article) or compare_versions(before, result.record):
            return result
        return StageResult(
            item=result.item, outcome=Outcome.DROPPED, reason=Reason.NOT_MODIFIED, detail="the same words"
        )

    def _remembered(self, result: StageResult) -> StageResult:
        made, name = self._made.pop(result.item.id), self._site(result)
        if name is None:
            return result
        article, again = clean_with_site_profile(self._sites[name], made, result.item.seq, self._sites.day)
        self._sites.mark_for_cleaning(name, again)
        cleaned = msgspec.structs.replace(result, record=article)
        return self._watched(cleaned) if name in self.context.sources else cleaned

    def _site(self, result: StageResult) -> str | None:
        """Return whose memory an article belongs to: its source's; of what was imported, its host's, as far as told."""
        item, said = result.item, result.record.canonical_url if isinstance(result.record, Article) else None
        return item.source if item.source in self.context.sources else site_host(item.url or said)

    def _watched(self, result: StageResult) -> StageResult:
        """Return the result, quarantined where its page is unlike its site's earlier ones in the way of an alarm."""
        name, seq = result.item.source, result.item.seq
        pages, before = self._sites[name].pages_in_order(), self._sites.standing[name]
        alarm = update_alarm(pages, before.accepted, before.alarm)
        if alarm != before.alarm:
            self._sites.standing[name] = msgspec.structs.replace(before, alarm=alarm)
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
        """Note which articles have changed or are live; let go of pages that may not be kept, or say nothing new.

        Earlier articles that hold what is known to be foreign since are sent back.
        """
        ledger, now = self.context.store.ledger, self.context.clock()
        done = {r.item: r.record for r in saved if r.outcome is Outcome.DONE}
        live = frozenset(item.id for item, record in done.items() if isinstance(record, Article) and record.live)
        changed = [(item, VisitOutcome.CHANGED) for item in done if item.id in self._before]
        known = [(item, VisitOutcome.PRESENT) for item in done if item.id not in self._before and item.id in live]
        record_visits(self.context, connection, [*changed, *known], live)
        unwanted = [r.item for r in saved if r.reason is Reason.NOT_MODIFIED or self._not_kept(r)]
        pages = {item: self._pages[item.id] for item in unwanted}
        self.context.store.pending_removals.add_blobs(connection, [page.blob for page in pages.values() if page.blob])
        for item, page in pages.items():
            ledger.replace_record(connection, item, msgspec.structs.replace(page, blob=None), now)
        self._sites.requeue_for_cleaning()

    def _not_kept(self, result: StageResult) -> bool:
        """Whether the archive may not keep the page, now that it needs no further reading."""
        if result.outcome is Outcome.RETRY or result.reason is Reason.DRIFT:
            return False
        if result.item.id not in self._pages:
            return False
        said = set(self._pages[result.item.id].rights)
        said |= set(result.record.rights) if isinstance(result.record, Article) else set()
        return bool(said & set(self.context.settings.rights.not_archived)) or result.reason is Reason.NO_INDEX


def _better(made: Extraction | ItemError, given: Extraction | ItemError) -> Extraction | ItemError:
    """Return what the page says of itself with the feed's text; what was made of it where that has none either."""
    if isinstance(given, ItemError):
        return made
    if isinstance(made, ItemError):
        return Extraction(article=msgspec.structs.replace(given.article, from_feed=True))
    text, subheadings = given.article.text, given.article.subheadings
    return Extraction(article=msgspec.structs.replace(made.article, text=text, subheadings=subheadings, from_feed=True))


def log_alarm(name: str, alarm: Alarm | None, released: int) -> None:
    """Say that an alarm has begun, with pages from before and after it, or that it is over."""
    if alarm is None:
        _log.warning("extract: the pages of %s are as usual again; %d articles go on", name, released)
        return
    _log.warning("extract: the pages of %s have changed: %s", name, alarm.detail)
    for when, samples in (("before", alarm.before), ("after", alarm.after)):
        for one in samples:
            _log.warning("extract: %s: %s: %s", name, when, one.describe())
