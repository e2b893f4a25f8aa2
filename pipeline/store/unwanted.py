"""What must go from index and archive? Noted in the transaction that decides it, so that no killed run forgets it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import sqlalchemy as sa

from pipeline.store.engine import Database, insert_new
from pipeline.store.schema.outbox import unwanted_blobs, withdrawn

_STEP = 500


class PendingRemovals:
    """The documents and blobs of a database that are to be removed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @staticmethod
    def add_blobs(connection: sa.Connection, blobs: Iterable[str]) -> None:
        """Note that the archive must not keep ``blobs``."""
        insert_new(connection, unwanted_blobs, [{"blob": blob} for blob in set(blobs)])

    @staticmethod
    def add_documents(connection: sa.Connection, ids: Iterable[str]) -> None:
        """Note that the index must not keep the documents of these articles."""
        insert_new(connection, withdrawn, [{"id": one} for one in ids])

    def remove_documents(self, remove: Callable[[Sequence[str]], None]) -> None:
        """Give the ids of all documents that must go to ``remove``, and forget them when it returns."""
        self._remove(withdrawn.c.id, remove)

    def remove_blobs(self, remove: Callable[[str], None]) -> None:
        """Give the name of each blob that must go to ``remove``, and forget it then."""

        def each(names: Sequence[str]) -> None:
            for name in names:
                remove(name)

        self._remove(unwanted_blobs.c.blob, each)

    def _remove(self, column: sa.Column[str], remove: Callable[[Sequence[str]], None]) -> None:
        while True:
            with self._database.read() as connection:
                names = list(connection.scalars(sa.select(column).limit(_STEP)))
            if not names:
                return
            remove(names)
            with self._database.write() as connection:
                connection.execute(sa.delete(column.table).where(column.in_(names)))
