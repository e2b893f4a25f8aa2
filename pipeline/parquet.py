"""Write documents as a Parquet table: a row for each article, a column for each field.

The columns follow from ``FIELDS``. A field with several texts is a list of strings; what has parts is JSON. Needs
pyarrow, an optional package.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from pipeline.errors import UsageError
from pipeline.index.fields import FIELDS, Field
from pipeline.records import Document, to_json

ColumnType = Literal["text", "texts", "number", "share", "flag", "time", "json"]

_ROW_GROUP = 10_000  # rows of one Parquet row group: some 30 MB of text
_SINGLE: dict[str, ColumnType] = {
    "keyword": "text",
    "text": "text",
    "integer": "number",
    "long": "number",
    "float": "share",
    "boolean": "flag",
    "date": "time",
}


def _column_type(field: Field) -> ColumnType:
    """Return what a column holds: a plain value, several texts, or JSON for what has parts."""
    if field.several:
        return "texts" if field.type in {"keyword", "text"} else "json"
    return _SINGLE.get(field.type, "json")


# column → type; docs/fields.md says what each holds
COLUMNS = {field.name: _column_type(field) for field in FIELDS}


def to_row(document: Document) -> dict[str, Any]:
    """Return the article's row."""
    return {name: _cell(getattr(document, name), column_type) for name, column_type in COLUMNS.items()}


def _cell(value: Any, column_type: ColumnType) -> Any:
    if value is None:
        return None
    if column_type == "json":
        return to_json(value).decode()
    return list(value) if column_type == "texts" else str(value) if column_type == "text" else value


def iter_parquet(documents: Iterable[Document]) -> Iterator[bytes]:
    """Yield the parts of a table of ``documents``, a row group each; reads documents only that far ahead.

    Raises:
        UsageError: Pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - takes 0.1 s to import, and may be missing
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as error:
        raise UsageError("the format parquet needs pyarrow: pip install 'newswire[parquet]'") from error

    types = {
        "text": pa.string(),
        "json": pa.string(),
        "share": pa.float64(),
        "number": pa.int64(),
        "flag": pa.bool_(),
        "time": pa.timestamp("us", tz="UTC"),
        "texts": pa.list_(pa.string()),
    }
    schema = pa.schema([(name, types[column_type]) for name, column_type in COLUMNS.items()])
    waiting = _WaitingBytes()
    with pq.ParquetWriter(waiting, schema, compression="zstd") as writer:
        rows: list[dict[str, Any]] = []
        for document in documents:
            rows.append(to_row(document))
            if len(rows) >= _ROW_GROUP:
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
                rows.clear()
                yield waiting.take()
        writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    yield waiting.take()


class _WaitingBytes(io.RawIOBase):
    """A file that only grows: what was written waits to be taken."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._size += len(part)
        return len(part)

    def take(self) -> bytes:
        """Return what was written since the last call."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken
