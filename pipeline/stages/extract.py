"""extract: what is the article in each page?"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import msgspec
import sqlalchemy as sa

from pipeline.errors import ArchiveError, ItemError
from pipeline.extract import Agency, Extracted, Raw, load, remember, worker
from pipeline.records import Article, Entry, Outcome, Page, Reason, Stage
from pipeline.revisions import compare
from pipeline.sites import Alarm, differs, watch
from pipeline.stages.looks import note
from pipeline.stages.work import Work
from pipeline.store import Item, Result
from pipeline.store.sites import StoredSites, release
from pipeline.urls import site_of
from pipeline.visits import Look
from pipeline.workers import Workers

_log = logging.getLogger(__name__)


class Extract(Work):
    """Cleans pages into articles, each in a worker process that may be killed."""

    stage = Stage.EXTRACT

    def __enter__(self) -> Self:
        limits = self.context.settings.extract
        known = load(self.context.config, limits)
        own = tuple(Agency(name=source.name) for source in self.context.sources.values() if source.agency)
        known = msgspec.structs.replace(known, agencies=(*known.agencies, *own))
        self._made: dict[str, Extracted] = {}
        self._workers: Workers[Raw, Extracted] = Workers(
            worker(known), count=limits.workers, seconds=limits.timeout_seconds, memory_mb=limits.memory_mb
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._workers.__exit__(kind, error, at)
        self.context.store.unwanted.remove_blobs(self.context.archive.delete)

    def decide(self, claimed: Sequence[Item], emit: Callable[[Result], None]) -> None:
        """Extract the articles of ``claimed``, in order."""
        ledger = self.context.store.ledger
        pages = self._pages = ledger.read(claimed, Stage.FETCH, Page)
        entries = ledger.read(claimed, Stage.POLL, Entry)
        present = ledger.read(claimed, Stage.EXTRACT, Article)
        self._before = ledger.previous([item for item in claimed if item.id not in present], Stage.EXTRACT, Article)
        raws = (self._raw(pages[item.id], entries.get(item.id), item) for item in claimed)
        for item, made in zip(claimed, self._workers.map(raws), strict=True):
            emit(self.failure(item, made) if isinstance(made, ItemError) else self._done(item, made))

    def _raw(self, page: Page, entry: Entry | None, item: Item) -> Raw | ItemError:
        try:
            data = self.context.archive.get(page.blob)
        except ArchiveError as error:
            return ItemError(Outcome.RETRY, Reason.ARCHIVE, str(error))
        return Raw(
            id=item.id,
            data=data,
            url=page.final_url,
            media_type=page.media_type,
            charset=page.charset,
            fetched=page.fetched,
            entry=entry,
            source=self.context.sources.get(item.source),
        )

    def _done(self, item: Item, made: Extracted) -> Result:
        self._made[item.id] = made
        known_as = (made.article.canonical_url,) if made.article.canonical_url else ()
        return Result(item=item, outcome=Outcome.DONE, record=made.article, addresses=known_as)

    def settle(self, connection: sa.Connection, results: Sequence[Result]) -> list[Result]:
        """Cut what the memory of each article's site knows as foreign; hold back what is unlike its earlier pages.

        What then says the same as the version before is no new one.
        """
        done = {self._site(result) for result in results if result.outcome is Outcome.DONE}
        self._sites = StoredSites(connection, filter(None, done), self.context.clock())
        prepared = [self._remembered(one) if one.outcome is Outcome.DONE else one for one in results]
        self._sites.flush()
        return [self._compared(one) for one in prepared]

    def _compared(self, result: Result) -> Result:
        before = self._before.get(result.item.id)
        if before is None or not isinstance(result.record, Article) or compare(before, result.record):
            return result
        return Result(item=result.item, outcome=Outcome.DROPPED, reason=Reason.NOT_MODIFIED, detail="the same words")

    def _remembered(self, result: Result) -> Result:
        made, name = self._made.pop(result.item.id), self._site(result)
        if name is None:
            return result
        article, again = remember(self._sites[name], made, result.item.seq, self._sites.day)
        self._sites.clean_again(name, again)
        cleaned = msgspec.structs.replace(result, record=article)
        return self._watched(cleaned) if name in self.context.sources else cleaned

    def _site(self, result: Result) -> str | None:
        """Return whose memory an article belongs to: its source's; of what was imported, its host's, as far as told."""
        item, said = result.item, result.record.canonical_url if isinstance(result.record, Article) else None
        return item.source if item.source in self.context.sources else site_of(item.url or said)

    def _watched(self, result: Result) -> Result:
        """Return the result, quarantined where its page is unlike its site's earlier ones in the way of an alarm."""
        name, seq = result.item.source, result.item.seq
        pages, before = self._sites[name].ordered(), self._sites.standing[name]
        alarm = watch(pages, before.accepted, before.alarm)
        if alarm != before.alarm:
            self._sites.standing[name] = msgspec.structs.replace(before, alarm=alarm)
            tell(name, alarm, release(self._sites.connection, name, self.context.clock()) if alarm is None else 0)
        page = self._sites[name].pages.get(seq)
        if alarm is None or page is None or seq < alarm.since or not differs(pages, alarm, page):
            return result
        return msgspec.structs.replace(
            result, outcome=Outcome.QUARANTINED, reason=Reason.DRIFT, detail=alarm.detail, record=None, addresses=()
        )

    def save(self, connection: sa.Connection, saved: Sequence[Result]) -> None:
        """Note which articles have changed; send earlier ones back that hold what is known to be foreign since."""
        changed = [r.item for r in saved if r.outcome is Outcome.DONE and r.item.id in self._before]
        note(self.context, connection, [(item, Look.CHANGED) for item in changed])
        same = [r.item.id for r in saved if r.reason is Reason.NOT_MODIFIED]
        self.context.store.unwanted.refuse(connection, [self._pages[name].blob for name in same])
        self._sites.send_back()


def tell(name: str, alarm: Alarm | None, released: int) -> None:
    """Say that an alarm has begun, with pages from before and after it, or that it is over."""
    if alarm is None:
        _log.warning("extract: the pages of %s are as usual again; %d articles go on", name, released)
        return
    _log.warning("extract: the pages of %s have changed: %s", name, alarm.detail)
    for when, samples in (("before", alarm.before), ("after", alarm.after)):
        for one in samples:
            _log.warning("extract: %s: %s: %s", name, when, one.describe())
