"""Keep values that the program notes for itself, by name, such as when maintenance last ran.

A name has one value; saving replaces it.
"""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.bookkeeping import meta
from pipeline.store.statements import upsert

INDEX_IDENTITY = "index identity"  # the name of the identity of the index into which documents were written


class NamedValues:
    """Short texts by name."""

    def save(self, connection: sa.Connection, name: str, value: str) -> None:
        """Save a value under a name, in place of the present one."""
        upsert(connection, meta, [{"name": name, "value": value}])

    def get(self, connection: sa.Connection, name: str) -> str | None:
        """Return the value under ``name``, None where there is none."""
        return connection.scalar(sa.select(meta.c.value).where(meta.c.name == name))

    def delete(self, connection: sa.Connection, name: str) -> None:
        """Delete the value under ``name``, if there is one."""
        connection.execute(meta.delete().where(meta.c.name == name))

    def clear(self, connection: sa.Connection) -> None:
        """Delete all values."""
        connection.execute(meta.delete())
