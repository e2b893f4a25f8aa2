"""Import files: how far each file of records was read is kept in the ledger, with what was read so far.

An import that is cut off goes on where it stood; a file that was read to its end is read again only where it has
changed, of one that grew only what is new.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from pipeline.context import Context, open_context
from pipeline.errors import BusyError, ItemError, UsageError
from pipeline.fetch.client import product_token
from pipeline.intake.article_importer import ARTICLES_PER_TRANSACTION, NEW, ArticleImporter, ImportCounts, TellFailure
from pipeline.intake.import_files import can_resume, list_files, read_items
from pipeline.intake.imported_item import ImportedItem, Omission, ReadItem
from pipeline.intake.packed_stream import FilePosition
from pipeline.intake.wire_items import WireArrival, register_items
from pipeline.store import FileImport, NewArticle
from pipeline.urls import content_id, without_credentials

_log = logging.getLogger(__name__)

_MOST_ITEMS = 1000  # of a step: what is no article costs little
_MARK_BYTES = 64 * 1024


class ImportRequest(msgspec.Struct, frozen=True, kw_only=True):
    """How files are to be imported."""

    source: str  # of articles that don't name their own
    update: bool = False  # take over what is said otherwise of known articles
    again: bool = False  # read files from their beginning that were read before; ``update`` does so too
    limit: int | None = None  # of new articles


class FileImporter:
    """Imports files into the ledger of ``context`` as ``request`` says.

    Args:
        context: what the run works with.
        request: how they are to be imported.
        tell_failure: gets the place and the reason of what can't be taken.
        tell: gets what else is worth to be told of a file.
        on_step: gets how many articles were read, after each transaction.
    """

    def __init__(
        self,
        context: Context,
        request: ImportRequest,
        tell_failure: TellFailure,
        tell: Callable[[str], None],
        on_step: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._context, self._request = context, request
        self._tell_failure, self._tell, self._on_step = tell_failure, tell, on_step
        self.counts = ImportCounts()
        register_items(context)

    @property
    def is_full(self) -> bool:
        """Tell whether as many new articles were taken as may be."""
        return self._room(0) <= 0

    def import_file(self, path: Path) -> None:
        """Take in what ``path`` holds and wasn't read before.

        Raises:
            BusyError: Another process imports the same file for the same source.
            NewswireError: Ledger or archive can't be used.
        """
        is_of_records = path.is_file() and can_resume(path)
        reading = _FileReading(self._context, path, self._request) if is_of_records else None
        if reading and reading.finished:
            self._tell(f"{path}: read to its end on {reading.finished:%Y-%m-%d}, and has not changed since")
            return
        importer = ArticleImporter(self._context, self._tell_failure, update=self._request.update)
        settings = self._context.settings
        end = reading.start if reading else None
        items = read_items(path, settings.extract.max_bytes, end, product_token(settings.fetch))
        for step in self._steps(items, importer):
            with self._context.store.write() as connection:
                importer.insert(connection, step.articles)
                # what could not be taken now is read again by the next run, with what stands behind it
                end = end if importer.has_busy else step.end or end
                is_last = step.is_last and not importer.has_busy
                if reading and (end or is_last):
                    reading.save(connection, end or FilePosition(), importer.counts, is_last=is_last)
            self._on_step(len(step.articles))
            if self._room(importer.counts.taken[NEW]) <= 0:
                break
        self.counts.add(importer.counts)
        if importer.counts.left_out:
            left_out = ", ".join(f"{n} {what}" for what, n in importer.counts.left_out.most_common())
            self._tell(f"{path}: left out: {left_out}")

    def _room(self, new: int) -> int:
        """Return how many articles may still be taken, beside ``new`` ones of the present file."""
        limit = self._request.limit
        return ARTICLES_PER_TRANSACTION if limit is None else limit - self.counts.taken[NEW] - new

    def _steps(self, items: Iterable[ReadItem], importer: ArticleImporter) -> Iterator[_Step]:
        """Yield what is saved in one transaction each; counted is what is no article."""
        articles: list[NewArticle | WireArrival] = []
        size, end, is_whole = 0, None, True
        for item, place in items:
            size, end, is_whole = size + 1, place or end, is_whole and place is not None
            if article := self._article_of(item, importer):
                articles.append(article)
            room = min(self._room(importer.counts.taken[NEW]), ARTICLES_PER_TRANSACTION)
            if size >= _MOST_ITEMS or len(articles) >= room:
                yield _Step(articles, end, is_last=False)
                articles, size = [], 0
        yield _Step(articles, end, is_last=is_whole)

    def _article_of(
        self, item: ImportedItem | ItemError | Omission, importer: ArticleImporter
    ) -> NewArticle | WireArrival | None:
        if isinstance(item, ImportedItem):
            if item.mended:
                self._tell(f"{item.where}: read all the same: {item.mended}")
            return importer.article_of(item, self._request.source)
        if isinstance(item, Omission):
            importer.counts.left_out[item.what] += 1
        else:
            importer.fail(item.detail, item, str(item.reason))
        return None


class _Step(NamedTuple):
    """Articles that are saved at once, and where reading goes on behind them."""

    articles: list[NewArticle | WireArrival]
    end: FilePosition | None
    is_last: bool  # whether the file was read to its end


class _FileReading:
    """How far a file of records was read for a source, as the ledger keeps it."""

    def __init__(self, context: Context, path: Path, request: ImportRequest) -> None:
        self._context, self._path, self._source = context, path.resolve(), request.source
        self._id = content_id(f"{self._path}\n{self._source}".encode("utf-8", "surrogateescape"))
        stat = path.stat()
        self._size, self._changed = stat.st_size, stat.st_mtime_ns
        with context.store.read() as connection:
            self._stored = context.store.imports.get(connection, self._id)
        self.start = None if request.again or request.update else self._find_start()
        kept = self._stored if self.start else None
        self.finished = kept.finished if kept and self._is_unchanged(kept) else None
        self._before = json.loads(kept.counts) if kept else {}

    def save(self, connection: sa.Connection, end: FilePosition, counts: ImportCounts, *, is_last: bool) -> None:
        """Save that what stands before ``end`` was read, and what became of it in this run.

        Raises:
            BusyError: Another process has read on since this one began.
        """
        summed = ImportCounts(self._before)
        summed.add(counts)
        now = self._context.clock()
        saved = FileImport(
            id=self._id,
            path=str(self._path),
            source=self._source,
            size=self._size,
            changed=self._changed,
            mark=_mark(self._path, end.offset),
            at=end.offset,
            within=end.within,
            number=end.number,
            counts=json.dumps(summed.to_plain()),
            updated=now,
            finished=now if is_last else None,
        )
        if not self._context.store.imports.save(connection, saved, self._stored):
            raise BusyError(f"{self._path} is being imported by another process; this one ends")
        self._stored = saved

    def _find_start(self) -> FilePosition | None:
        """Return where reading goes on, None where it begins."""
        stored = self._stored
        if stored is None:
            return None
        place = FilePosition(stored.at, stored.within, stored.number)
        if self._is_unchanged(stored):
            return place
        is_grown = self._size > stored.size and stored.at > 0 and _mark(self._path, stored.at) == stored.mark
        return place if is_grown else None

    def _is_unchanged(self, stored: FileImport) -> bool:
        return (stored.size, stored.changed) == (self._size, self._changed)


def _mark(path: Path, end: int) -> str:
    """Return a hash of the first and the last bytes of a file before ``end``; nothing where there are none."""
    if end == 0:
        return ""
    with path.open("rb") as file:
        first = file.read(min(end, _MARK_BYTES))
        file.seek(max(0, end - _MARK_BYTES))
        return hashlib.blake2b(first + file.read(min(end, _MARK_BYTES)), digest_size=16).hexdigest()


def run_import(paths: Sequence[str], source: str, *, again: bool = False, limit: int | None = None) -> dict[str, Any]:
    """Import files, with the settings of files and environment; return the counts: what an Airflow task calls.

    What waits then goes through the stages with the next run of them.

    Raises:
        UsageError: There is nothing at a path, or nothing of all that was read can be used.
        NewswireError: Settings, ledger or archive can't be used.
    """

    def tell_failure(where: str, why: str) -> None:
        _log.warning("%s", without_credentials(f"{where}: {why}"))

    request = ImportRequest(source=source, again=again, limit=limit)
    with open_context() as context:
        importer = FileImporter(context, request, tell_failure, _log.info)
        for path in list_files(paths):
            if not importer.is_full:
                importer.import_file(path)
    counts = importer.counts
    if counts.failed and counts.failed.total() == counts.total:
        reason, number = counts.failed.most_common(1)[0]
        raise UsageError(f"nothing of {', '.join(paths)} can be used: {number} times {reason}; the log names each")
    return counts.to_plain()
