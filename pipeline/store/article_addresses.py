"""Keep the addresses of articles, and other signs that an article is known by.

An address leads to one article only; the first that has it keeps it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import sqlalchemy as sa

from pipeline.store.rows import DROPPED, QUARANTINED
from pipeline.store.schema.articles import addresses, items
from pipeline.store.statements import insert_new
from pipeline.urls import address_key


class ArticleAddresses:
    """The addresses of a database."""

    def find_ids_by_url(self, connection: sa.Connection, urls: Iterable[str | None]) -> dict[str, str]:
        """Return key → id of those addresses that belong to an article that the ledger knows."""
        return self.find_ids_by_mark(connection, [key for url in urls if (key := optional_address_key(url))])

    def find_ids_by_mark(self, connection: sa.Connection, marks: Iterable[str]) -> dict[str, str]:
        """Return mark → id of those marks (see ``add_marks``) that an article has."""
        rows = connection.execute(sa.select(addresses.c.key, addresses.c.id).where(addresses.c.key.in_(list(marks))))
        return {row.key: row.id for row in rows}

    def add_marks(self, connection: sa.Connection, marks: Iterable[tuple[str, str]]) -> int:
        """Let articles be found by (mark, id), a further address or another sign; return how many marks are new.

        The first article that has a mark keeps it.
        """
        return insert_new(connection, addresses, [{"key": key, "id": article_id} for key, article_id in marks])

    def claim_address(self, connection: sa.Connection, key: str, article_id: str) -> str | None:
        """Let an article be known by ``key``; return the id of the other article that is, where there is one.

        In that case all addresses lead to that one from now on. An article that was dropped gives its address away; one
        that was taken down doesn't.
        """
        if self.add_marks(connection, [(key, article_id)]):
            return None
        owner = sa.select(items.c.id, items.c.state).join(addresses, addresses.c.id == items.c.id)
        holder = connection.execute(owner.where(addresses.c.key == key)).first()
        if holder is None or holder.id == article_id:
            return None
        if holder.state in {DROPPED, QUARANTINED}:
            connection.execute(addresses.update().where(addresses.c.key == key).values(id=article_id))
            return None
        connection.execute(addresses.update().where(addresses.c.id == article_id).values(id=holder.id))
        holder_id: str = holder.id
        return holder_id


def keys_of_name(address_or_id: str) -> Collection[str]:
    """Return the keys under which an article of this address, or of this id without any address, is found."""
    return [key for key in (optional_address_key(address_or_id), f"id:{address_or_id}") if key]


def optional_address_key(url: str | None) -> str | None:
    """Return the key of an address, None where it is none."""
    try:
        return address_key(url) if url else None
    except ValueError:
        return None
