"""Say what a backup consists of: its manifest, and which backups are kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from pipeline.store import TableLayout

FORMAT = 1  # of manifests and of the files that they list


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a backup: its path within it, its size in bytes, and the hash of its content."""

    path: str
    size: int
    sha256: str


class StoredTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table's file; ``rows`` and ``batches`` are how much is in it."""

    layout: TableLayout
    rows: int
    batches: int
    file: StoredFile


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup consists of, and which newswire made it of which ledger."""

    format: int
    name: str
    made: dt.datetime
    newswire: str  # the version
    schema: str  # of the ledger
    engine: str  # of the ledger: sqlite, postgresql
    ledger: str  # its identity
    tables: tuple[StoredTable, ...]
    pages: int
    page_list: StoredFile  # the hashes of all pages, 32 bytes each, sorted
    settings: tuple[StoredFile, ...]
    snapshot: str | None = None  # of the index, in the repository of its own cluster

    @property
    def files(self) -> tuple[StoredFile, ...]:
        """Return all files beside the manifest."""
        return (*(table.file for table in self.tables), self.page_list, *self.settings)


def name_backup(at: dt.datetime) -> str:
    """Return the name of a backup that is begun at a time: names are in the order of time."""
    return f"{at.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"


def choose_superfluous(names: Sequence[str], keep: int) -> list[str]:
    """Return those of the backups ``names`` that aren't among the ``keep`` newest."""
    return sorted(names)[: max(0, len(names) - keep)]
