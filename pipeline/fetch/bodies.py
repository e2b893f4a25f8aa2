"""Decode the bodies that servers send, and tell whether one is whole. Pure.

The bytes decide before what the header says of them: servers name codings that aren't there, and use some unnamed.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import brotli
import msgspec
import zstandard

_GZIP, _ZSTD = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"
_PIECE_BYTES = 1024  # a small one, as what follows a gzip member is copied for each
_ZSTD_PIECE_BYTES = 128  # each four bytes may hold a block of 128 KiB (RFC 8878)
_ZSTD_WINDOW = 8 * 1024 * 1024  # what decoders should support at least (RFC 8878 3.1.1.1.2)
_MOST_MEMBERS = 10_000  # of a gzip file
_MOST_LAYERS = 3  # codings upon each other
# Names of what is no coding of the body, beside those of charsets: said by servers that mean "as it is".
_PLAIN = frozenset(
    {"", "identity", "none", "null", "binary", "chunked", "aws-chunked", "text", "plain", "8bit", "ascii"}
)
_CHARSET = re.compile(r"(?:utf|iso|windows|cp|koi8|us-ascii|gb|big5|shift|euc|latin)[\w.-]*")
_GZIP_NAMES, _BROTLI_NAMES = frozenset({"gzip", "x-gzip"}), frozenset({"br", "brotli"})
_ZSTD_NAMES, _DEFLATE_NAMES = frozenset({"zstd"}), frozenset({"deflate", "x-deflate"})
_NAMES = _GZIP_NAMES | _BROTLI_NAMES | _ZSTD_NAMES | _DEFLATE_NAMES
_TEXT = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*[<{\[]")
# What a document of the kinds that are read ends with, comments and white space after it aside.
_ENDS = re.compile(
    rb"</(?:[\w-]{1,20}:)?(?:rss|feed|rdf|urlset|sitemapindex|html|body|opml|nitf|newsitem|newsml|newsmessage)\s*>"
    rb"(?:\s|<!--(?:(?!-->).){0,2000}-->)*\Z",
    re.IGNORECASE | re.DOTALL,
)
_TAIL_BYTES = 16_384


class DecodedBody(NamedTuple):
    """A body without its codings; ``fault`` says why there may be more than ``data``, None where that is all."""

    data: bytes
    fault: str | None = None


def decode_body(data: bytes, codings: Sequence[str], limit: int) -> DecodedBody:
    """Return ``data`` decoded, ``limit`` bytes of it at most.

    Args:
        data: the body as it was sent.
        codings: the values of its Content-Encoding headers.
        limit: bytes of each layer.

    Raises:
        ValueError: The header names a coding that can't be decoded, and the body is no text as it is.
    """
    names = [part.strip().lower() for value in codings for part in value.split(",")]
    named = [name for name in names if name not in _PLAIN and not _CHARSET.fullmatch(name)]
    fault = None
    for _ in range(_MOST_LAYERS):
        unpack = _find_decoder(data, named)
        if unpack is None:
            break
        unpacked = unpack(data, limit)
        if unpacked is None or (unpacked.fault and _TEXT.match(data)):
            break  # it is no such coding, whatever its name
        data, fault = unpacked.data, fault or unpacked.fault
    unknown = [name for name in named if name not in _NAMES]
    if unknown and not _TEXT.match(data):
        raise ValueError(f"its Content-Encoding {unknown[0][:50]!r} is not one that we asked for or can read")
    return DecodedBody(data, fault)


def is_whole_document(data: bytes) -> bool:
    """Tell whether ``data`` ends as a document does: with the end tag of its root, or as JSON that can be read."""
    if data[:1] in {b"{", b"["}:
        try:
            msgspec.json.decode(data)
        except (msgspec.DecodeError, RecursionError):
            return False
        return True
    return bool(_ENDS.search(data[-_TAIL_BYTES:].replace(b"\0", b"")))


def _find_decoder(data: bytes, named: list[str]) -> Callable[[bytes, int], DecodedBody | None] | None:
    """Return what takes the outermost coding off, None where there is none; take the name of what has none off."""
    if data.startswith(_GZIP):
        return _gunzip
    if data.startswith(_ZSTD):
        return _unzstd
    name = named.pop() if named and named[-1] in _NAMES else ""
    if name in _DEFLATE_NAMES:
        return _inflate
    return _unbrotli if name in _BROTLI_NAMES else None


def _pieces(data: bytes, size: int = _PIECE_BYTES) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


class _Sink:
    """Takes the output of a decoder, up to a limit."""

    def __init__(self, limit: int) -> None:
        self._parts = list[bytes]()
        self.left = limit

    def add(self, part: bytes) -> None:
        """Take ``part``, as far as there is room."""
        self._parts.append(part[: self.left])
        self.left -= len(self._parts[-1])

    def body(self, fault: str | None = None) -> DecodedBody:
        """Return what was taken."""
        return DecodedBody(b"".join(self._parts), fault)


def _gunzip(data: bytes, limit: int) -> DecodedBody:
    """Return the members of a gzip file one after the other; what follows the last and is none is left out."""
    if (whole := _gunzip_whole(data, limit)) is not None:
        return DecodedBody(whole)
    sink, members, before = _Sink(limit), 1, limit
    member = zlib.decompressobj(wbits=31)
    fault: str | None = "its gzip breaks off"
    for piece in _pieces(data):
        rest = piece
        while rest and sink.left:
            if member.eof:
                if not rest.startswith(_GZIP[: len(rest)]) or members == _MOST_MEMBERS:
                    return sink.body()
                member, members, before = zlib.decompressobj(wbits=31), members + 1, sink.left
            try:
                _feed(member, rest, sink)
            except zlib.error as error:  # a wrong check sum among them
                fault = f"its gzip is damaged ({error})"
                return sink.body(None if members > 1 and sink.left == before else fault)
            rest = member.unused_data if member.eof else b""
    if member.eof or not sink.left or (members > 1 and sink.left == before):
        fault = None
    return sink.body(fault)


def _gunzip_whole(data: bytes, limit: int) -> bytes | None:
    """Return what the one undamaged member of a gzip file holds, as nearly all bodies are; None for any other file.

    It takes one call: each lets other threads have the interpreter, which may cost more than what is decoded.
    """
    member = zlib.decompressobj(wbits=31)
    try:
        whole = member.decompress(data, limit)
    except zlib.error:
        return None
    return whole if member.eof and not member.unused_data else None


def _inflate(data: bytes, limit: int) -> DecodedBody | None:
    """Return a body in zlib's format (RFC 1950), or in deflate alone (RFC 1951), as some servers send it."""
    for wbits in (15, -15):
        sink, stream = _Sink(limit), zlib.decompressobj(wbits=wbits)
        try:
            for piece in _pieces(data):
                _feed(stream, piece, sink)
        except zlib.error:
            continue
        return sink.body(None if stream.eof or not sink.left else "its deflate breaks off")
    return None


def _feed(stream: zlib._Decompress, piece: bytes, sink: _Sink) -> None:
    """Pass ``piece`` through ``stream``; where it fails, what comes before the fault is kept.

    Raises:
        zlib.error: The piece is damaged.
    """
    safe = stream.copy()
    try:
        part = stream.decompress(piece, sink.left + 1)
    except zlib.error:
        for at in range(len(piece)):
            sink.add(safe.decompress(piece[at : at + 1], sink.left + 1))
        raise
    sink.add(part)
    while stream.unconsumed_tail and sink.left:
        sink.add(stream.decompress(stream.unconsumed_tail, sink.left + 1))


def _unbrotli(data: bytes, limit: int) -> DecodedBody | None:
    sink, stream = _Sink(limit), brotli.Decompressor()
    try:
        rest = data
        while sink.left and not stream.is_finished():
            part = stream.process(rest, output_buffer_limit=sink.left + 1)
            sink.add(part)
            if not part and stream.can_accept_more_data():
                return sink.body("its brotli breaks off")
            rest = b""
    except brotli.error:
        return sink.body("its brotli is damaged") if sink.left < limit else None
    return sink.body()


def _unzstd(data: bytes, limit: int) -> DecodedBody:
    sink, frame = _Sink(limit), zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
    try:
        for piece in _pieces(data, _ZSTD_PIECE_BYTES):
            sink.add(frame.decompress(piece))
            if frame.eof or not sink.left:
                return sink.body()
    except zstandard.ZstdError as error:
        return sink.body(f"its zstd is damaged ({error})")
    return sink.body("its zstd breaks off")
