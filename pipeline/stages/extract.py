"""extract: what is the article in each page?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import msgspec

from pipeline.errors import ArchiveError, ItemError
from pipeline.extract import Agency, Raw, load, worker
from pipeline.records import Article, Entry, Outcome, Page, Reason, Stage
from pipeline.stages.work import Work
from pipeline.store import Item, Result
from pipeline.workers import Workers


class Extract(Work):
    """Cleans pages into articles, each in a worker process that may be killed."""

    stage = Stage.EXTRACT

    def __enter__(self) -> Self:
        limits = self.context.settings.extract
        known = load(self.context.config, limits)
        own = tuple(Agency(name=source.name) for source in self.context.sources.values() if source.agency)
        known = msgspec.structs.replace(known, agencies=(*known.agencies, *own))
        self._workers: Workers[Raw, Article] = Workers(
            worker(known), count=limits.workers, seconds=limits.timeout_seconds, memory_mb=limits.memory_mb
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._workers.__exit__(kind, error, at)

    def decide(self, claimed: Sequence[Item], emit: Callable[[Result], None]) -> None:
        """Extract the articles of ``claimed``, in order."""
        ledger = self.context.store.ledger
        pages = ledger.read(claimed, Stage.FETCH, Page)
        entries = ledger.read(claimed, Stage.POLL, Entry)
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

    def _done(self, item: Item, article: Article) -> Result:
        known_as = (article.canonical_url,) if article.canonical_url else ()
        return Result(item=item, outcome=Outcome.DONE, record=article, addresses=known_as)
