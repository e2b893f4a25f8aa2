"""Keep the changes of documents in one order that never changes, however many programs write at the same time.

A change is noted in the transaction that makes it. PostgreSQL gives out numbers before it is known in which order their
transactions commit, so whoever read by them would miss what commits late. A change therefore gets its *position* only
when it is committed: one transaction at a time numbers what others have committed since. The changes of one article
are noted under its row's lock, and so stand in the order in which they were made.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from pipeline.change_records import ENDINGS, Change, ChangeKind, DocumentState, classify_change
from pipeline.store.engine import Database
from pipeline.store.locks import AdvisoryLock, take_advisory_lock
from pipeline.store.named_values import NamedValues
from pipeline.store.rows import REMOVED, ArticleRow
from pipeline.store.schema.articles import items
from pipeline.store.schema.changes import changes
from pipeline.store.schema.stories import story_aliases
from pipeline.store.statements import among, columns_of, rows_as

CHANGE_FEED = "change feed"  # the name of the value by which the cursors of this ledger's feed are known
_AT_ONCE = 10_000  # changes that are numbered in one statement


def append_indexed(connection: sa.Connection, indexed: Iterable[ArticleRow], now: dt.datetime) -> None:
    """Note which documents the index has now; one that stands as it stood before is no change.

    The caller holds the rows of ``items``.
    """
    states = [_state_of(article) for article in indexed]
    before = _latest_changes(connection, [state.id for state in states])
    former = {change.story for change in before.values() if change.story}
    of_these = sa.select(story_aliases.c.alias, story_aliases.c.story).where(
        among(connection, story_aliases.c.alias, sorted(former))
    )
    aliases = {row.alias: row.story for row in connection.execute(of_these)} if former else {}
    kinds = [(state, classify_change(_present(before.get(state.id)), state, aliases)) for state in states]
    _append(connection, [(state, kind) for state, kind in kinds if kind], now)


def append_endings(connection: sa.Connection, ids: Iterable[str], now: dt.datetime) -> None:
    """Note that the index has no document of these articles any more; of those that it had none of nothing is noted.

    The caller has changed the rows of ``items`` already.
    """
    before = _latest_changes(connection, sorted(set(ids)))
    present = [change for change in before.values() if change.kind not in ENDINGS]
    if not present:
        return
    of_these = among(connection, items.c.id, [change.id for change in present])
    removed = set(connection.scalars(sa.select(items.c.id).where(of_these, items.c.state == REMOVED)))
    kinds = [(change, ChangeKind.REMOVED if change.id in removed else ChangeKind.WITHDRAWN) for change in present]
    _append(connection, kinds, now)


def _state_of(article: ArticleRow) -> DocumentState:
    names = DocumentState.__struct_fields__
    return DocumentState(**{name: getattr(article, name) for name in names})


def _present(change: Change | None) -> Change | None:
    """Return how a document stood, None where the index had none."""
    return None if change is None or change.kind in ENDINGS else change


def _latest_changes(connection: sa.Connection, ids: Sequence[str]) -> dict[str, Change]:
    """Return the latest change of each of the articles ``ids`` that has any."""
    latest = sa.select(sa.func.max(changes.c.n)).where(among(connection, changes.c.id, ids)).group_by(changes.c.id)
    rows = rows_as(Change, connection.execute(sa.select(*_COLUMNS).where(changes.c.n.in_(latest))))
    return {change.id: change for change in rows}


_COLUMNS = columns_of(changes, Change)


def _append(connection: sa.Connection, kinds: Iterable[tuple[DocumentState, ChangeKind]], now: dt.datetime) -> None:
    names = DocumentState.__struct_fields__
    rows = [{name: getattr(state, name) for name in names} | {"kind": kind, "at": now} for state, kind in kinds]
    if not rows:
        return
    connection.execute(changes.insert(), rows)
    if connection.dialect.name == "sqlite":  # whose writers come one after the other: it is in its place already
        connection.execute(changes.update().where(changes.c.position.is_(None)).values(position=changes.c.n))


def _has_unnumbered(connection: sa.Connection) -> bool:
    return connection.scalar(sa.select(changes.c.n).where(changes.c.position.is_(None)).limit(1)) is not None


class Changes:
    """The change feed, for whoever reads it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def number_committed(self) -> None:
        """Give positions to all changes that were committed so far; runs transactions of its own."""
        with self._database.read() as connection:
            is_unnumbered = _has_unnumbered(connection)
        while is_unnumbered:
            with self._database.write() as connection:
                is_unnumbered = self._number(connection)

    def delete_superseded(self, before: dt.datetime) -> None:
        """Delete changes older than that which a later one of the same article follows; runs transactions of its own.

        A mirror that reads on from any position, or from the beginning, still comes to the same end.
        """
        self.number_committed()
        later = changes.alias()
        is_followed = sa.exists().where(later.c.id == changes.c.id, later.c.position > changes.c.position)
        with self._database.write() as connection:
            connection.execute(changes.delete().where(changes.c.at < before, is_followed))

    def _number(self, connection: sa.Connection) -> bool:
        """Give positions to some changes; return whether there were any. Others that number wait for the end."""
        take_advisory_lock(connection, AdvisoryLock.CHANGES)
        last = self.last_position(connection)
        waiting = sa.select(changes.c.n).where(changes.c.position.is_(None)).order_by(changes.c.n).limit(_AT_ONCE)
        numbered = waiting.subquery()
        ranked = sa.select(numbered.c.n, sa.func.row_number().over(order_by=numbered.c.n).label("rank")).subquery()
        place: sa.ScalarSelect[Any] = sa.select(ranked.c.rank + last).where(ranked.c.n == changes.c.n).scalar_subquery()
        is_waiting = changes.c.n.in_(sa.select(numbered.c.n))
        return connection.execute(changes.update().where(is_waiting).values(position=place)).rowcount > 0

    def last_position(self, connection: sa.Connection) -> int:
        """Return the position of the latest change, 0 where there is none."""
        return connection.scalar(sa.select(sa.func.max(changes.c.position))) or 0

    def find_indexed_by(self, connection: sa.Connection, articles: Collection[str], position: int) -> set[str]:
        """Return those of ``articles`` that the index had a document of by a position, as far as is remembered."""
        earlier = sa.select(changes.c.id).where(among(connection, changes.c.id, articles))
        earlier = earlier.where(changes.c.position <= position, changes.c.kind.not_in(list(ENDINGS)))
        return set(connection.scalars(earlier.distinct()))

    def list_after(self, connection: sa.Connection, position: int, limit: int) -> list[Change]:
        """Return up to ``limit`` changes behind a position, in order."""
        page = sa.select(*_COLUMNS).where(changes.c.position > position)
        return rows_as(Change, connection.execute(page.order_by(changes.c.position).limit(limit)))

    def find_superseded(self, connection: sa.Connection, latest: Mapping[str, int]) -> set[str]:
        """Return those articles that have changed again behind the position given for each."""
        if not latest:
            return set()
        last = sa.select(changes.c.id, sa.func.max(changes.c.position).label("position"))
        rows = connection.execute(last.where(among(connection, changes.c.id, sorted(latest))).group_by(changes.c.id))
        return {row.id for row in rows if row.position is not None and row.position > latest[row.id]}

    def feed_name(self, connection: sa.Connection) -> str | None:
        """Return the secret name of this ledger's feed, None before it has one; a restored ledger gets a new one."""
        return NamedValues().get(connection, CHANGE_FEED)

    def name_feed(self, connection: sa.Connection) -> str:
        """Return the secret name of this ledger's feed, made where it has none."""
        take_advisory_lock(connection, AdvisoryLock.CHANGES)
        name = self.feed_name(connection)
        if name is None:
            NamedValues().save(connection, CHANGE_FEED, secrets.token_hex(16))
            name = self.feed_name(connection)
        assert name is not None
        return name
