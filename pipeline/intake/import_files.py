"""Read articles from files: pages, wire formats, e-mail, Word, JSON lines and WARC.

What can't be used costs only itself, and its error names the place. JSON lines and WARC are read from where an earlier
reading ended.
"""

from __future__ import annotations

import glob
import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import ItemError, UsageError
from pipeline.foreign_json import decode_line, read_lines
from pipeline.intake.imported_item import ImportedItem, ReadItem
from pipeline.intake.packed_stream import FilePosition, PackedStream
from pipeline.intake.warc_pages import read_pages
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
_LINES = frozenset({".jsonl", ".ndjson"})
_WARC = ".warc"
FILE_KINDS = (*_PAGES, *sorted(_LINES), _WARC)


def list_files(paths: Iterable[str]) -> Iterator[Path]:
    """Yield the files that ``paths`` name, and those of the kinds that can be read in the folders among them.

    A path may be a pattern (``crawl/**/*.warc.gz``).

    Raises:
        UsageError: There is nothing at a path, or no file of a pattern.
    """
    for name in paths:
        for path in _expand(name):
            if path.is_dir():
                yield from (file for file in sorted(path.rglob("*")) if file.is_file() and _kind(file) in FILE_KINDS)
            else:
                yield path


def _expand(name: str) -> list[Path]:
    """Return what a path or pattern names.

    Raises:
        UsageError: That is nothing.
    """
    if Path(name).exists():
        return [Path(name)]
    # Path.glob takes no pattern that begins at the root
    if matches := sorted(glob.glob(name, recursive=True)):  # noqa: PTH207
        return [Path(match) for match in matches]
    what = "no file of this pattern" if glob.has_magic(name) else "no such file or folder"
    raise UsageError(f"{name}: there is {what}")


def can_resume(path: Path) -> bool:
    """Tell whether a file is of records or lines, of which those alone can be read that weren't read before."""
    return _kind_of_content(path) in {_WARC, *_LINES}


def read_items(
    path: Path, max_bytes: int, start: FilePosition | None = None, agent: str = "newswire"
) -> Iterator[ReadItem]:
    """Yield what ``path`` holds, one thing after the other, from ``start`` on where it can be resumed.

    One with an error and no end says that nothing more of the file can be read.

    Args:
        path: the file.
        max_bytes: of a page.
        start: where an earlier reading ended.
        agent: the name by which X-Robots-Tag headers in WARC files may speak to newswire alone.
    """
    kind = _kind_of_content(path)
    try:
        if kind in _PAGES:
            for data in split_items(_bytes(path, max_bytes)):
                yield ReadItem(ImportedItem(where=str(path), data=data, media_type=_PAGES[kind]))
        elif kind in _LINES:
            with path.open("rb") as file:
                yield from _lines(file, path, start or FilePosition())
        elif kind == _WARC:
            with path.open("rb") as file:
                yield from read_pages(file, str(path), max_bytes, agent, start)
        else:
            detail = f"{path}: newswire reads {', '.join(FILE_KINDS)}, each also as .gz"
            yield ReadItem(ItemError(Outcome.DROPPED, Reason.UNREADABLE, detail))
    except ItemError as error:
        where = "" if error.detail.startswith(str(path)) else f"{path}: "
        yield ReadItem(ItemError(error.outcome, error.reason, f"{where}{error.detail}"))
    except (OSError, EOFError, zlib.error) as error:
        yield ReadItem(ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, f"{path}: {error}"))


def media_type_of_file(path: Path) -> str | None:
    """Return the media type that a file's name speaks of, None for kinds that aren't pages."""
    return _PAGES.get(_kind(path))


def _kind(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix.lower()


def _kind_of_content(path: Path) -> str:
    kind = _kind(path)
    return _WARC if kind not in FILE_KINDS and _is_warc(path) else kind


def _is_warc(path: Path) -> bool:
    """Tell whether a file of any name begins as a WARC file does, packed or not."""
    try:
        with path.open("rb") as file:
            start = file.read(2)
        with gzip.open(path) if start == b"\x1f\x8b" else path.open("rb") as file:
            return file.read(5) == b"WARC/"
    except (OSError, EOFError, zlib.error):
        return False


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


def _lines(file: BinaryIO, path: Path, start: FilePosition) -> Iterator[ReadItem]:
    """Yield what the lines hold from ``start`` on, and an error at each place where packed ones are damaged."""
    stream = PackedStream(file, start, lambda data: data.startswith(b"{"))
    number, begin = start.number, start
    while True:
        for line_number, line in read_lines(stream, number=number):
            number = line_number
            is_last = line is not None and not line.endswith(b"\n")
            if is_last and stream.fault:
                break  # it is cut off
            item = _from_line(line, f"{path}:{number}")
            # a last line that can't be read may not be written yet as a whole
            is_open = is_last and isinstance(item, ItemError)
            end = begin if is_open else stream.position(number)
            yield ReadItem(item, end)
            begin = end
        if not (fault := stream.fault):
            return
        detail = f"{path}: behind line {begin.number}: {fault}"
        follows = stream.pass_fault()
        begin = stream.position(number) if follows else begin
        yield ReadItem(ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, detail), begin)


def _from_line(line: bytes | None, where: str) -> ImportedItem | ItemError:
    try:
        plain = decode_line(line)
    except ValueError as error:
        return ItemError(Outcome.QUARANTINED, Reason.BAD_RECORD, f"{where}: not a JSON object: {error}")
    if "text" not in plain and ninjs.is_ninjs(plain):
        return ImportedItem(where=where, data=line, media_type=_PAGES[".ninjs"])
    return ImportedItem(where=where, line=plain)
