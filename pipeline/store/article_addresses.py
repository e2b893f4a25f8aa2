"""Which article is known by which address, or by which other sign?"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from pipeline.store.engine import insert_new
from pipeline.store.rows import DROPPED, QUARANTINED
from pipeline.store.schema.articles import addresses, items
from pipeline.urls import address_key


class ArticleAddresses:
    """The addresses of a database."""

    def find_ids_by_url(self, connection: sa.Connection, urls: Iterable[str | None]) -> dict[str, str]:
        """Return key → id of those addresses that belong to an article that the ledger knows."""
        keys = [key for url in urls if (key := optional_address_key(url))]
        rows = connection.execute(sa.select(addresses.c.key, addresses.c.id).where(addresses.c.key.in_(keys)))
        return {row.key: row.id for row in rows}

    def find_ids_by_mark(self, connection: sa.Connection, marks: Iterable[str]) -> dict[str, str]:
        """Return mark → id of those marks (see ``mark``) that an article has."""
        rows = connection.execute(sa.select(addresses.c.key, addresses.c.id).where(addresses.c.key.in_(list(marks))))
        return {row.key: row.id for row in rows}

    def add_marks(self, connection: sa.Connection, marks: Iterable[tuple[str, str]]) -> None:
        """Let articles be found by (mark, id): a further address or another sign; the first that has it keeps it."""
        insert_new(connection, addresses, [{"key": key, "id": article} for key, article in marks])

    def claim_address(self, connection: sa.Connection, key: str, article: str) -> str | None:
        """Let ``article`` be known by ``key``; return the other article that is, where there is one.

        Then all addresses lead to that one from now on. One that was dropped gives its address away; one that was
        taken down doesn't.
        """
        if insert_new(connection, addresses, [{"key": key, "id": article}]):
            return None
        owner = sa.select(items.c.id, items.c.state).join(addresses, addresses.c.id == items.c.id)
        other = connection.execute(owner.where(addresses.c.key == key)).first()
        if other is None or other.id == article:
            return None
        if other.state in {DROPPED, QUARANTINED}:
            connection.execute(addresses.update().where(addresses.c.key == key).values(id=article))
            return None
        connection.execute(addresses.update().where(addresses.c.id == article).values(id=other.id))
        found: str = other.id
        return found


def optional_address_key(url: str | None) -> str | None:
    """Return the key of an address, None where it is none."""
    try:
        return address_key(url) if url else None
    except ValueError:
        return None
