"""Keep how far each file was imported; a row is saved in the transaction that saves what was read so far."""

from __future__ import annotations

import datetime as dt

import msgspec
import sqlalchemy as sa

from pipeline.store.schema.imports import imports
from pipeline.store.statements import columns_of, insert_new, rows_as


class FileImport(msgspec.Struct, frozen=True, kw_only=True):
    """How far a file was imported for a source; the fields are the columns of ``imports``."""

    id: str
    path: str
    source: str
    size: int
    changed: int
    mark: str
    at: int
    within: int
    number: int
    counts: str
    updated: dt.datetime
    finished: dt.datetime | None = None


_COLUMNS = columns_of(imports, FileImport)
_PLACE = (imports.c.size, imports.c.changed, imports.c.at, imports.c.within, imports.c.number, imports.c.updated)


class FileImports:
    """The files that were imported, wholly or in part."""

    def save(self, connection: sa.Connection, file: FileImport, before: FileImport | None) -> bool:
        """Save how far a file was imported where ``before`` still says how far it was; return whether it does.

        Of two processes that import the same file one is refused, and saves nothing.
        """
        plain = msgspec.structs.asdict(file)
        if before is None:
            return bool(insert_new(connection, imports, [plain]))
        is_as_before = [column == getattr(before, column.name) for column in _PLACE]
        changed = imports.update().where(imports.c.id == file.id, *is_as_before).values(plain)
        return connection.execute(changed).rowcount > 0

    def get(self, connection: sa.Connection, import_id: str) -> FileImport | None:
        """Return how far a file was imported, None where it never was."""
        rows = rows_as(FileImport, connection.execute(sa.select(*_COLUMNS).where(imports.c.id == import_id)))
        return rows[0] if rows else None
