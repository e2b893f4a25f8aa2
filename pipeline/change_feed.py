"""Read the change feed: what became of documents, in the order of the ledger, each with its document as it is now.

A mirror that applies every change, and keeps the cursor of the last one, holds what the index holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from pipeline.change_records import ENDINGS, Change, ChangeKind
from pipeline.context import Context
from pipeline.cursors import read_cursor, write_cursor
from pipeline.errors import ExpiredError
from pipeline.records import Document
from pipeline.reindex import build_present_documents

MAX_CHANGES = 1000  # in one batch


class FeedPlace(msgspec.Struct, frozen=True):
    """Where reading the feed goes on: behind this position."""

    position: int


class ChangeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A change as it is handed out.

    ``document`` is the article's document as the index has it now; None where the index has none any more, and where a
    later change of the feed brings it.
    """

    cursor: str  # reading goes on behind this change
    kind: ChangeKind
    id: str  # of the article
    at: str
    revision: int
    version: int
    copy_group: str | None
    story: str | None
    document: Document | None = None


class ChangeBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Some changes in order, the cursor behind the last of them, and whether there are more by now."""

    changes: tuple[ChangeEntry, ...]
    cursor: str
    more: bool


class ChangeReader:
    """What reads the feed of a ledger, with the documents of its index unless ``with_documents`` is False."""

    def __init__(self, context: Context, *, with_documents: bool = True) -> None:
        self._context = context
        self._with_documents = with_documents
        self._secret = _feed_secret(context)

    def place(self, cursor: str | None) -> FeedPlace:
        """Return the place that a cursor names; without one the beginning.

        Raises:
            UsageError: It is no cursor of a feed.
            ExpiredError: It is of another ledger, or of this one before an older backup was restored.
        """
        if not cursor:
            return FeedPlace(0)
        place = read_cursor(cursor, FeedPlace, self._secret)
        with self._context.store.read() as connection:
            last = self._context.store.changes.last_position(connection)
        if place.position > last:
            raise ExpiredError("cursor: the ledger's changes don't reach so far; begin again without it")
        return place

    def latest(self) -> FeedPlace:
        """Return the place behind all changes so far."""
        changes = self._context.store.changes
        changes.number_committed()
        with self._context.store.read() as connection:
            return FeedPlace(changes.last_position(connection))

    def has_news(self, place: FeedPlace) -> bool:
        """Tell whether there are changes behind a place."""
        store = self._context.store
        store.changes.number_committed()
        with store.read() as connection:
            return store.changes.last_position(connection) > place.position

    def read_batch(self, place: FeedPlace, limit: int = MAX_CHANGES) -> tuple[ChangeBatch, FeedPlace]:
        """Return up to ``limit`` changes behind a place, and the place behind them."""
        store = self._context.store
        store.changes.number_committed()
        with store.read() as connection:
            changes = store.changes.list_after(connection, place.position, limit)
            last = store.changes.last_position(connection)
        documents = self._load_documents(changes) if self._with_documents else {}
        entries = tuple(self._entry(change, documents) for change in changes)
        end = FeedPlace(changes[-1].position) if changes else place
        cursor = write_cursor(end, self._secret)
        return ChangeBatch(changes=entries, cursor=cursor, more=last > end.position), end

    def _entry(self, change: Change, documents: dict[int, Document]) -> ChangeEntry:
        return ChangeEntry(
            cursor=write_cursor(FeedPlace(change.position), self._secret),
            kind=change.kind,
            id=change.id,
            at=change.at.isoformat(),
            revision=change.revision,
            version=change.version,
            copy_group=change.copy_group,
            story=change.story,
            document=documents.get(change.position),
        )

    def _load_documents(self, changes: Sequence[Change]) -> dict[int, Document]:
        """Return position → document of those changes that are the last of their article."""
        store = self._context.store
        last = {change.id: change for change in changes}
        with store.read() as connection:
            positions = {change.id: change.position for change in last.values()}
            superseded = store.changes.find_superseded(connection, positions)
        current = [c for c in last.values() if c.id not in superseded and c.kind not in ENDINGS]
        indexed = self._context.index.get_many([change.id for change in current])
        documents = {
            change.position: document
            for change in current
            if (document := indexed.get(change.id)) and document.revision >= change.revision
        }
        lacking = {change.id: change.position for change in current if change.position not in documents}
        return documents | {lacking[document.id]: document for document in self._build(sorted(lacking))}

    def _build(self, ids: Sequence[str]) -> list[Document]:
        """Return the documents of articles that searches don't see yet, or have lost, out of the ledger."""
        if not ids:
            return []
        store, now = self._context.store, self._context.clock()
        with store.read() as connection:
            hidden = store.ledger.find_hidden(connection, ids, now)
            articles = store.ledger.get_articles(connection, set(ids) - hidden)
        documents, _ = build_present_documents(self._context, list(articles.values()))
        return documents


def iter_changes(reader: ChangeReader, place: FeedPlace, limit: int = MAX_CHANGES) -> Iterator[ChangeBatch]:
    """Yield batch after batch behind a place, until there are no more; the last one may be empty."""
    while True:
        batch, place = reader.read_batch(place, limit)
        yield batch
        if not batch.more:
            return


def _feed_secret(context: Context) -> str:
    with context.store.read() as connection:
        name = context.store.changes.feed_name(connection)
    if name is None:
        with context.store.write() as connection:
            name = context.store.changes.name_feed(connection)
    return name
