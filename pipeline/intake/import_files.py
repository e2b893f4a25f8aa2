"""Read articles from files: pages, wire formats, e-mail, Word, JSON lines and WARC.

What can't be used costs only itself, and its error names the place.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import warcio.archiveiterator
import warcio.exceptions

from pipeline.errors import ItemError, UsageError
from pipeline.records import Outcome, Reason
from pipeline.wires import ninjs, split_items

# file name ending → media type; each may also be compressed (.gz)
_PAGES = {
    ".txt": "text/plain",
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "application/xhtml+xml",
    ".eml": "message/rfc822",
    ".xml": "application/xml",
    ".nitf": "application/nitf+xml",
    ".json": "application/json",
    ".ninjs": "application/json",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
_WEB = frozenset({"text/html", "application/xhtml+xml", "text/plain"})  # what is taken from a WARC
_LINES = frozenset({".jsonl", ".ndjson"})
_WARC = ".warc"
FILE_KINDS = (*_PAGES, *sorted(_LINES), _WARC)


class ImportedItem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a file holds: the bytes of a page or text, or a line that says what an article is."""

    where: str  # the file, and the place in it
    data: bytes | None = None
    url: str | None = None
    media_type: str | None = None
    charset: str | None = None
    line: Mapping[str, Any] | None = None


def list_files(paths: Iterable[str]) -> Iterator[Path]:
    """Yield the files that ``paths`` name, and those of the kinds that can be read in the folders among them.

    Raises:
        UsageError: There is nothing at a path.
    """
    for name in paths:
        path = Path(name)
        if path.is_dir():
            yield from (file for file in sorted(path.rglob("*")) if file.is_file() and _kind(file) in FILE_KINDS)
        elif path.exists():
            yield path
        else:
            raise UsageError(f"{name}: there is no such file or folder")


def read_items(path: Path, max_bytes: int) -> Iterator[ImportedItem | ItemError]:
    """Yield what ``path`` holds; an ItemError, its detail naming the place, for what can't be used."""
    kind = _kind(path)
    try:
        if kind in _PAGES:
            for data in split_items(_bytes(path, max_bytes)):
                yield ImportedItem(where=str(path), data=data, media_type=_PAGES[kind])
        elif kind in _LINES:
            yield from _lines(path)
        elif kind == _WARC:
            yield from _warc(path, max_bytes)
        else:
            detail = f"{path}: newswire reads {', '.join(FILE_KINDS)}, each also as .gz"
            yield ItemError(Outcome.DROPPED, Reason.UNREADABLE, detail)
    except ItemError as error:
        where = "" if error.detail.startswith(str(path)) else f"{path}: "
        yield ItemError(error.outcome, error.reason, f"{where}{error.detail}")
    except (OSError, EOFError, zlib.error, warcio.exceptions.ArchiveLoadFailed) as error:
        yield ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, f"{path}: {error}")


def media_type_of_file(path: Path) -> str | None:
    """Return the media type that a file's name speaks of, None for kinds that aren't pages."""
    return _PAGES.get(_kind(path))


def _kind(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix.lower()


def _opened(path: Path) -> BinaryIO | gzip.GzipFile:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")


def _bytes(path: Path, max_bytes: int) -> bytes:
    """Return what a file holds, unpacked.

    Raises:
        ItemError: TOO_LARGE (quarantined).
    """
    with _opened(path) as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        detail = f"{path}: more than {max_bytes:,} bytes; raise extract.max_bytes if it is an article"
        raise ItemError(Outcome.QUARANTINED, Reason.TOO_LARGE, detail)
    return data


def _lines(path: Path) -> Iterator[ImportedItem | ItemError]:
    with _opened(path) as file:
        for number, line in enumerate(file, 1):
            where = f"{path}:{number}"
            try:
                if line.strip():
                    plain = msgspec.json.decode(line, type=dict[str, Any])
                    is_ninjs = "text" not in plain and ninjs.is_ninjs(plain)
                    if is_ninjs:
                        yield ImportedItem(where=where, data=line, media_type=_PAGES[".ninjs"])
                    else:
                        yield ImportedItem(where=where, line=plain)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                yield ItemError(Outcome.QUARANTINED, Reason.BAD_RECORD, f"{where}: not a JSON object: {error}")


def _warc(path: Path, max_bytes: int) -> Iterator[ImportedItem | ItemError]:
    with path.open("rb") as file:
        for number, record in enumerate(warcio.archiveiterator.ArchiveIterator(file), 1):
            if record.rec_type != "response" or record.http_headers is None:
                continue
            where = f"{path}: record {number}"
            media_type, _, parameters = (record.http_headers.get_header("Content-Type") or "").partition(";")
            if record.http_headers.get_statuscode() != "200" or media_type.strip().lower() not in _WEB:
                continue
            data = record.content_stream().read(max_bytes + 1)
            if len(data) > max_bytes:
                yield ItemError(Outcome.QUARANTINED, Reason.TOO_LARGE, f"{where}: more than {max_bytes:,} bytes")
                continue
            yield ImportedItem(
                where=where,
                data=data,
                url=record.rec_headers.get_header("WARC-Target-URI"),
                media_type=media_type.strip().lower(),
                charset=parameters.partition("charset=")[2].strip("\"' ") or None,
            )
