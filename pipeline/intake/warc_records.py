"""Read the records of a WARC file, packed or not, one by one.

The file is framed here, so that a record that is cut off, or whose length is wrong, is told and costs only itself.
ISO 28500 (WARC 1.0 and 1.1) defines the format; each record should be a gzip member of its own, but files in one member
are read as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from pipeline.errors import ItemError
from pipeline.intake.packed_stream import CHUNK, FilePosition, PackedStream
from pipeline.records import Outcome, Reason

_LONGEST_LINE = 64 * 1024
_MOST_HEADERS = 200
_LINE_BREAKS = 16  # bytes; there should be four
_NEXT = re.compile(rb"\r?\n\r?\n?(?=WARC/\d)")
_RECORD = re.compile(rb"(?:^|\n)(?=WARC/\d)")
_VERSION = re.compile(rb"WARC/\d+\.\d+\s*$")


class RawRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it stands in its file: its headers by their names in lower case, and the bytes of its block.

    Reading goes on at ``end``: behind it, or at its beginning where the file ends within it and may still grow.
    """

    number: int
    headers: dict[str, str]
    block: bytes
    end: FilePosition
    has_head: bool = True
    missing: int = 0  # bytes of its block that the file lacks
    is_damaged: bool = False  # whether bytes of its block may be wrong
    is_long: bool = False  # whether there are more bytes than are kept here
    fault: str | None = None  # what is wrong with its frame

    @property
    def kind(self) -> str:
        """Return its type, such as "response"."""
        return self.headers.get("warc-type", "").lower()

    @property
    def url(self) -> str | None:
        """Return the address that it was got from."""
        return self.headers.get("warc-target-uri", "").strip("<> ") or None


def read_records(file: BinaryIO, max_bytes: int, start: FilePosition | None = None) -> Iterator[RawRecord]:
    """Yield the records of ``file`` from ``start`` on, of the block of each at most ``max_bytes`` and its HTTP headers.

    Raises:
        ItemError: UNREADABLE (quarantined), it is no WARC file.
    """
    start = start or FilePosition()
    stream = _RecordStream(file, start, lambda data: data.startswith(b"WARC/"))
    number = start.number
    while True:
        skipped = stream.skip_to_record()
        if skipped and not number:
            raise ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, "it doesn't begin with a WARC record")
        begin = stream.position(number)
        head = stream.read_head()
        if head or stream.fault:
            number += 1
            yield _with_end(_read_record(stream, number, head, max_bytes), stream, begin)
        elif not stream.readline(_LONGEST_LINE):  # it began like a record's first line, and was none
            return


def _with_end(record: RawRecord, stream: _RecordStream, begin: FilePosition) -> RawRecord:
    """Return ``record``, which starts at ``begin``, with the place where reading goes on; pass what is damaged."""
    is_faulty = not record.has_head or record.missing > 0 or record.is_damaged
    goes_on = stream.pass_fault() if is_faulty and stream.fault else bool(stream.peek(1))
    end = stream.position(record.number) if goes_on or not is_faulty else begin
    return msgspec.structs.replace(record, end=end)


def _read_record(stream: _RecordStream, number: int, head: bytes, max_bytes: int) -> RawRecord:
    headers, end = _parse_head(head), stream.position(number)
    if not head.endswith((b"\n\n", b"\n\r\n")):
        fault = "it is cut off in its header" if head else stream.fault
        return RawRecord(number=number, has_head=False, headers=headers, block=b"", end=end, fault=fault)
    stated = headers.get("content-length", "")
    length = int(stated) if stated.isdigit() and len(stated) < 19 else 0  # noqa: PLR2004 - digits of 2**63
    limit = max_bytes + _LONGEST_LINE
    block = stream.read_bytes(min(length, limit))
    discarded = stream.discard(length - len(block)) if len(block) == limit else 0
    missing = length - len(block) - discarded
    fault = None if stated.isdigit() else "its Content-Length is no number"
    if not stream.is_at_record() and not discarded:
        cut = _NEXT.search(block)
        if cut:  # the block runs into the next record
            stream.push_back(block[cut.end() :])
            block, missing = block[: cut.start()], 0
            fault = fault or f"its Content-Length says {length}, its block has {len(block)} bytes"
        elif not missing:
            rest = stream.read_to_record(limit - len(block))
            if rest.strip() and not rest.startswith((b"\r\n\r\n", b"\n\n")):  # else its block ended where it says
                block += rest.rstrip(b"\r\n")
                fault = fault or f"its Content-Length says {length}, its block has {len(block)} bytes"
    stream.skip_line_breaks()
    is_damaged = stream.is_member_damaged
    return RawRecord(
        number=number,
        headers=headers,
        block=block,
        end=end,
        missing=missing,
        is_damaged=is_damaged,
        is_long=bool(discarded) or len(block) == limit,
        fault=stream.fault if (missing or is_damaged) and stream.fault else fault,
    )


def _parse_head(head: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    name = ""
    for line in head.decode("utf-8", "replace").splitlines()[1:]:
        if line[:1] in {" ", "\t"} and name:
            headers[name] += f" {line.strip()}"
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            headers[name] = value.strip()
    return headers


class _RecordStream(PackedStream):
    """The bytes of a WARC file, in which records can be located."""

    def is_at_record(self) -> bool:
        """Tell whether a record begins next, or nothing comes any more, but for line breaks."""
        start = self.peek(_LINE_BREAKS).lstrip(b"\r\n")
        return not start or start.startswith(b"WARC/")

    def skip_line_breaks(self) -> None:
        """Leave out the line breaks that stand behind a record."""
        ahead = self.peek(_LINE_BREAKS)
        self.read_bytes(len(ahead) - len(ahead.lstrip(b"\r\n")))

    def skip_to_record(self) -> bytes:
        """Go to where a record begins, or to the end; return what stood before it but line breaks."""
        return self.read_to_record(0).strip()

    def read_to_record(self, limit: int) -> bytes:
        """Return what stands before the next record, of that at most ``limit`` bytes (but 64 in any case)."""
        kept = b""
        limit = max(limit, 64)
        while True:
            ahead = self.peek(CHUNK)
            if match := _RECORD.search(ahead):
                return (kept + self.read_bytes(match.end()))[:limit]
            if not ahead:
                return kept[:limit]
            # eight bytes stay: a line break and the beginning of a record may stand there
            taken = self.read_bytes(len(ahead) - 8 if len(ahead) == CHUNK else len(ahead))
            kept += taken[: limit - len(kept)]

    def read_head(self) -> bytes:
        """Return a record's version line and headers up to the blank line behind them; nothing at the end."""
        lines: list[bytes] = []
        while len(lines) < _MOST_HEADERS:
            if not lines and not _VERSION.match(self.peek(_LONGEST_LINE).partition(b"\n")[0]):
                break
            line = self.readline(_LONGEST_LINE)
            lines += [line] if line else []
            if not line.strip():
                break
        return b"".join(lines)
