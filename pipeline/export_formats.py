"""Write documents in formats that others read, part by part: however many there are, a few are in memory.

Pure, but for pyarrow, which Parquet needs.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Literal
from xml.sax.saxutils import escape, quoteattr

from pipeline.parquet import COLUMNS, iter_parquet, to_row
from pipeline.records import Document, to_json
from pipeline.text import shorten

ExportFormat = Literal["jsonl", "csv", "parquet", "ninjs", "atom"]

MEDIA_TYPES: dict[ExportFormat, str] = {
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "ninjs": "application/x-ndjson",
    "atom": "application/atom+xml",
}

_BATCH = 100  # documents that are written at once
_SUMMARY = 300  # characters
_SEVERAL = "; "  # between the values of one cell
# Spreadsheets take a cell for a formula that begins so, whoever wrote the article (OWASP, "CSV Injection").
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_documents(
    form: ExportFormat, documents: Iterable[Document], *, fields: Sequence[str] = (), title: str, at: dt.datetime
) -> Iterator[bytes]:
    """Yield the parts of a file that holds ``documents``.

    Args:
        form: The format; JSON lines, CSV and ninjs in UTF-8.
        documents: Of which a few at a time are read.
        fields: Those of a document that are written as JSON lines or CSV; all where none is named.
        title: Of an Atom feed.
        at: When an Atom feed was written.

    Raises:
        UsageError: Parquet is asked for, and pyarrow is not installed.
    """
    match form:
        case "parquet":
            return iter_parquet(documents)
        case "csv":
            return _write_csv(documents, fields or tuple(COLUMNS))
        case "atom":
            return write_atom(documents, title, at)
        case "ninjs":
            from pipeline.wires import ninjs  # noqa: PLC0415 - the package of wires takes a while to import

            return _write_lines(documents, ninjs.to_ninjs)
        case "jsonl":
            return _write_lines(documents, lambda document: _narrow(document, fields))


def _write_lines(documents: Iterable[Document], encode: Callable[[Document], Any]) -> Iterator[bytes]:
    for batch in _batches(documents):
        yield b"".join(to_json(encode(document)) + b"\n" for document in batch)


def _narrow(document: Document, fields: Sequence[str]) -> Document | dict[str, Any]:
    return {name: getattr(document, name) for name in fields} if fields else document


def _write_csv(documents: Iterable[Document], fields: Sequence[str]) -> Iterator[bytes]:
    """Yield a table as RFC 4180 has it, its head first."""
    yield _csv_rows([list(fields)])
    for batch in _batches(documents):
        rows = [to_row(document) for document in batch]
        yield _csv_rows([[_csv_cell(row[name]) for name in fields] for row in rows])


def _csv_rows(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def _csv_cell(value: Any) -> str:
    """Return a value of a table's row as text; nothing for None, an apostrophe before what would be a formula."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case dt.datetime():
            return value.isoformat()
        case list():
            return _csv_cell(_SEVERAL.join(value))
    return f"'{value}" if _FORMULA.match(value) else str(value)


def write_atom(
    documents: Iterable[Document], title: str, at: dt.datetime, name: str = "urn:newswire:export"
) -> Iterator[bytes]:
    """Yield the parts of an Atom feed (RFC 4287), which ``name`` tells from other ones."""
    head = f"<title>{_xml(title)}</title><id>{_xml(name)}</id><updated>{at.isoformat()}</updated>"
    yield f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">{head}\n'.encode()
    for batch in _batches(documents):
        yield "".join(f"{_atom_entry(document)}\n" for document in batch).encode("utf-8", "replace")
    yield b"</feed>\n"


def _atom_entry(document: Document) -> str:
    updated = document.revised or document.modified or document.first_seen
    names = document.authors or ((document.source,) if document.source else ("unknown",))
    link = f"<link href={quoteattr(_NOT_IN_XML.sub('', document.url))}/>" if document.url else ""
    published = f"<published>{document.published.isoformat()}</published>" if document.published else ""
    summary = document.standfirst or shorten(document.text, _SUMMARY)
    title = document.title or shorten(document.text)
    return (
        f"<entry><id>urn:newswire:{_xml(document.id)}</id><title>{_xml(title)}</title>"
        f"{link}<updated>{updated.isoformat()}</updated>{published}"
        f"{''.join(f'<author><name>{_xml(name)}</name></author>' for name in names)}"
        f"<summary>{_xml(summary)}</summary><content>{_xml(document.text)}</content></entry>"
    )


def _xml(text: str) -> str:
    return escape(_NOT_IN_XML.sub("", text))


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    iterator = iter(documents)
    while batch := list(islice(iterator, _BATCH)):
        yield batch
