"""Take articles of files into the ledger, step by step, and count what became of each.

What files say of a known article is taken over only where ``update`` says so.
"""

from __future__ import annotations

import collections
import datetime as dt
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from pipeline.context import Context
from pipeline.errors import ItemError
from pipeline.intake.imported_item import ImportedItem
from pipeline.intake.submissions import checked_address, find_submitted, submit_new_version, with_checked_addresses
from pipeline.intake.wire_items import Receipt, WireArrival, read_arrival, receive_item
from pipeline.jsonlines import article_from_line
from pipeline.records import Article, Outcome, Page, Reason, Stage
from pipeline.store import REMOVED, WITHDRAWN, NewArticle
from pipeline.urls import article_id, content_id

NEW, KNOWN, CHANGED, DIFFERENT = "new", "known", "changed", "known with another text"
_WORDS = {Receipt.NEW: NEW, Receipt.KNOWN: KNOWN}  # of the others their own
ARTICLES_PER_TRANSACTION = 100

TellFailure = Callable[[str, str], None]  # gets the place and the reason


class ImportCounts:
    """How many things were read, and what became of them; each counts once."""

    def __init__(self, plain: Mapping[str, Any] | None = None) -> None:
        plain = dict(plain or {})
        self.left_out = collections.Counter[str](plain.pop("left_out", {}))  # by what they are
        self.failed = collections.Counter[str](plain.pop("failed", {}))  # by reason
        plain.pop("read", None)
        self.taken = collections.Counter[str](plain)  # by what became of them: new, known ...

    @property
    def total(self) -> int:
        """Return how many things were read."""
        return self.taken.total() + self.left_out.total() + self.failed.total()

    def add(self, other: ImportCounts) -> None:
        """Add the counts of another one."""
        self.taken += other.taken
        self.left_out += other.left_out
        self.failed += other.failed

    def to_plain(self) -> dict[str, Any]:
        """Return the counts as plain values: ``read`` is the sum of all others."""
        others = {"left_out": dict(self.left_out.most_common()), "failed": dict(self.failed.most_common())}
        return {
            "read": self.total,
            NEW: self.taken[NEW],
            **self.taken,
            **{name: of for name, of in others.items() if of},
        }


class ArticleImporter:
    """Takes articles into the ledger of ``context``; what can't be taken is told to ``tell_failure`` and counted."""

    def __init__(self, context: Context, tell_failure: TellFailure, *, update: bool = False) -> None:
        self._context, self._tell_failure, self._update = context, tell_failure, update
        self.counts = ImportCounts()
        self.has_busy = False  # whether something could not be taken because it is being worked on

    def fail(self, where: str, error: ItemError, told: str | None = None) -> None:
        """Count and tell what can't be taken."""
        self.counts.failed[str(error.reason)] += 1
        self.has_busy |= error.outcome is Outcome.RETRY
        self._tell_failure(where, told or str(error))

    def insert(self, connection: sa.Connection, articles: Sequence[NewArticle | WireArrival]) -> None:
        """Take in ``articles``, in order."""
        for is_wire, group in itertools.groupby(articles, lambda article: isinstance(article, WireArrival)):
            if is_wire:
                self._receive(connection, [article for article in group if isinstance(article, WireArrival)])
            else:
                self._insert_new(connection, [article for article in group if isinstance(article, NewArticle)])

    def article_of(self, item: ImportedItem, source: str) -> NewArticle | WireArrival | None:
        """Return the article of what a file holds, its bytes archived; None, counted and told, where there is none."""
        try:
            if item.line is not None:
                return self._from_line(item.line, source)
            arrival = None if item.url else read_arrival(item.data or b"", item.media_type, item.where, source)
            return arrival or self._from_page(item, source)
        except ItemError as error:
            self.fail(item.where, error)
            return None

    def _insert_new(self, connection: sa.Connection, articles: Sequence[NewArticle]) -> None:
        context = self._context
        new = set(context.store.ledger.insert_articles(connection, articles, context.clock(), "imported"))
        for article in articles:
            if article.id in new:
                new.remove(article.id)  # should it come again, that is another version
                self.counts.taken[NEW] += 1
            else:
                self._compare(connection, article)

    def _receive(self, connection: sa.Connection, arrivals: Sequence[WireArrival]) -> None:
        for arrival in arrivals:
            try:
                receipt = receive_item(self._context, connection, arrival, update=self._update)
            except ItemError as error:
                self.fail(arrival.where, error)
                continue
            self.counts.taken[_WORDS.get(receipt, receipt.value)] += 1

    def _compare(self, connection: sa.Connection, new_article: NewArticle) -> None:
        """Count a known article by whether the ledger has it with another text; with ``update`` it gets the new one."""
        article = new_article.records[0]
        if not isinstance(article, Article):  # a page: the articles of files without an address are known by their text
            self.counts.taken[KNOWN] += 1
            return
        row, same = find_submitted(self._context, connection, article)
        if same or row is None or row.state in {REMOVED, WITHDRAWN}:
            self.counts.taken[KNOWN] += 1
        elif not self._update:
            self.counts.taken[DIFFERENT] += 1
        else:
            try:
                submit_new_version(self._context, connection, row, article)
            except ItemError as error:
                self.fail(row.id, error)
            else:
                self.counts.taken[CHANGED] += 1

    def _from_page(self, item: ImportedItem, source: str) -> NewArticle:
        """Return the article of a page, which is kept in the archive.

        Raises:
            ItemError: The page is empty, or its address is none.
        """
        data, now = item.data or b"", self._context.clock()
        if not data.strip():
            raise ItemError(Outcome.DROPPED, Reason.EMPTY, "there is nothing in it")
        url = checked_address(item.url)
        name = article_id(url) if url else content_id(data)
        fetched = item.fetched if item.fetched and item.fetched <= now else None
        page = Page(
            id=name,
            url=url,
            final_url=url,
            blob=self._context.archive.put(data),
            size=len(data),
            fetched=fetched or now,
            saved=fetched is None,
            media_type=item.media_type,
            charset=item.charset,
            rights=item.rights,
        )
        return NewArticle(id=name, source=source, first_seen=now, url=url, records=(page,), stage=Stage.EXTRACT)

    def _from_line(self, line: Mapping[str, Any], source: str) -> NewArticle:
        """Return the article of a line; whose copy it is and what it names is decided anew in the ledger.

        Raises:
            ItemError: It can't be one.
        """
        now: dt.datetime = self._context.clock()
        zone = self._context.zone_of(str(line.get("source") or source))
        article = with_checked_addresses(article_from_line(line, now, zone))
        return NewArticle(
            id=article.id,
            source=article.source or source,
            first_seen=now,
            url=article.url,
            records=(article,),
            stage=Stage.DEDUPE,
        )
