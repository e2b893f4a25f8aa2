"""Keep the addresses of articles, and other signs that an article is known by.

An address leads to one article only. Which one that is, where several state it, is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import sqlalchemy as sa

from pipeline.store.rows import DROPPED, QUARANTINED
from pipeline.store.schema.articles import addresses, items
from pipeline.store.statements import among, insert_new, upsert
from pipeline.urls import key_id, optional_address_key


class ArticleAddresses:
    """The addresses of a database."""

    def find_ids_by_url(self, connection: sa.Connection, urls: Iterable[str | None]) -> dict[str, str]:
        """Return key → id of those addresses that belong to an article that the ledger knows."""
        return self.find_ids_by_mark(connection, [key for url in urls if (key := optional_address_key(url))])

    def find_ids_by_mark(self, connection: sa.Connection, marks: Iterable[str]) -> dict[str, str]:
        """Return mark → id of those marks (see ``add_marks``) that an article has."""
        chosen = sa.select(addresses.c.key, addresses.c.id).where(among(connection, addresses.c.key, marks))
        rows = connection.execute(chosen)
        return {row.key: row.id for row in rows}

    def add_marks(self, connection: sa.Connection, marks: Iterable[tuple[str, str]]) -> int:
        """Let articles be found by (mark, id), a further address or another sign; return how many marks are new.

        The first article that has a mark keeps it.
        """
        return len(self.add_new_marks(connection, marks))

    def add_new_marks(self, connection: sa.Connection, marks: Iterable[tuple[str, str]]) -> set[str]:
        """Let articles be found by (mark, id) where no article has the mark; return the marks that are new."""
        return insert_new(connection, addresses, [{"key": key, "id": article_id} for key, article_id in marks])

    def lock_marks(self, connection: sa.Connection, marks: Iterable[str]) -> None:
        """Keep other transactions from giving these marks away, or taking them, until this one ends."""
        if connection.dialect.name != "sqlite":  # whose transactions that write come one after the other
            listed = sa.select(addresses.c.key).where(addresses.c.key.in_(list(marks)))
            connection.execute(listed.order_by(addresses.c.key).with_for_update())

    def add_new_keys(self, connection: sa.Connection) -> dict[str, str]:
        """Let articles be found by what their addresses are keyed by now; return old id → new id of what changed.

        An address that was known under an earlier form of keys (``urls.KEY_VERSION``) so leads to its article,
        whichever of its forms a feed shows next. The articles' ids stay: those returned are what follows from the
        addresses. Where several articles turn out to share an address, it leads to the first that wasn't dropped.
        """
        given_up = sa.case((items.c.state.in_([DROPPED, QUARANTINED]), 1), else_=0)
        by_key = sa.select(addresses.c.key.label("address"), items.c.id, given_up.label("given_up"), items.c.seq)
        by_key = by_key.join(items, items.c.id == addresses.c.id).where(_may_have_changed(addresses.c.key))
        by_url = sa.select(items.c.url.label("address"), items.c.id, given_up.label("given_up"), items.c.seq)
        by_url = by_url.where(_may_have_changed(items.c.url))
        rows = sa.union_all(by_key, by_url).subquery()
        listed = connection.execute(sa.select(rows.c.address, rows.c.id).order_by(rows.c.given_up, rows.c.seq)).all()
        marks, new_ids = dict[str, str](), dict[str, str]()
        for row in listed:
            if key := _new_key(row.address):
                marks.setdefault(key, row.id)
                if key != row.address:
                    new_ids[key_id(row.address)] = key_id(key)
        self.add_marks(connection, marks.items())
        return new_ids

    def hold_mark(self, connection: sa.Connection, mark: str, article_id: str) -> None:
        """Let an article be found by ``mark``, whichever was found by it before."""
        upsert(connection, addresses, [{"key": mark, "id": article_id}])

    def release_mark(self, connection: sa.Connection, mark: str, article_id: str) -> None:
        """Let no article be found by ``mark``, if it is this one that is."""
        connection.execute(addresses.delete().where(addresses.c.key == mark, addresses.c.id == article_id))

    def lead_marks(self, connection: sa.Connection, article_id: str, to: str) -> None:
        """Let all marks of an article lead to the one that it turned out to be."""
        connection.execute(addresses.update().where(addresses.c.id == article_id).values(id=to))


def _may_have_changed(column: sa.Column[str]) -> sa.ColumnElement[bool]:
    """Return the condition that an address has a part that ``urls.canonicalise`` may leave out or keep."""
    return sa.or_(*(column.like(f"%{sign}%") for sign in ("?", ";", "#", "/amp", ".amp", "/(")))


def _new_key(address: str) -> str | None:
    """Return the key of an address or of an old key, which lacks the scheme; None for another mark."""
    return optional_address_key(address if "://" in address.partition("?")[0] else f"https://{address}")


def keys_of_name(address_or_id: str) -> Collection[str]:
    """Return the keys under which an article of this address, or of this id without any address, is found."""
    return [key for key in (optional_address_key(address_or_id), f"id:{address_or_id}") if key]
