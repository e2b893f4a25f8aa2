"""Write a table's rows into a file and read them back: batches in MessagePack, compressed, each behind its length."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import zstandard

from pipeline.backup.manifest import StoredTable
from pipeline.backup.place import BackupPlace
from pipeline.errors import RestoreRefusedError
from pipeline.store import TableLayout

_LENGTH = struct.Struct(">I")
_LEVEL = 3  # zstandard's own default, as of pages

Batch = list[list[Any]]  # the values of each column


def write_table(place: BackupPlace, backup: str, layout: TableLayout, batches: Iterable[Any]) -> StoredTable:
    """Write the batches of a table; return what is in its file."""
    path = f"ledger/{layout.table}.zst"
    count = rows = 0
    with place.writing(backup, path) as file:
        with zstandard.ZstdCompressor(_LEVEL).stream_writer(file, closefd=False) as packed:  # type: ignore[arg-type]
            for columns in batches:
                data = msgspec.msgpack.encode(columns)
                packed.write(_LENGTH.pack(len(data)))
                packed.write(data)
                count += 1
                rows += len(columns[0])
        stored = file.describe(path)
    return StoredTable(layout=layout, rows=rows, batches=count, file=stored)


def read_table_file(place: BackupPlace, backup: str, table: StoredTable) -> Iterator[Batch]:
    """Yield the batches of a table.

    Raises:
        RestoreRefusedError: The file is damaged.
    """
    decode = msgspec.msgpack.Decoder(Batch).decode
    with place.reading(backup, table.file.path) as file, zstandard.ZstdDecompressor().stream_reader(file) as unpacked:
        try:
            for _ in range(table.batches):
                (length,) = _LENGTH.unpack(_read(unpacked, _LENGTH.size))
                yield decode(_read(unpacked, length))
        except (struct.error, msgspec.DecodeError, zstandard.ZstdError) as error:
            raise RestoreRefusedError(f"{place.url}: {table.file.path} of {backup} is damaged: {error}") from error


def _read(file: Any, size: int) -> bytes:
    """Return the next ``size`` bytes; fewer at the end of the file."""
    parts = []
    while size and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
