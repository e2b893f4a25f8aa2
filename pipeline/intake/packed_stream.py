"""Read the bytes of a file, unpacked where it is packed with gzip, and say where each of them stands.

A file of members is read member by member, so that reading can begin at any of them. What is damaged ends the bytes
with a fault that says why; the reader then goes on at the next member.
"""

from __future__ import annotations

import collections
import zlib
from collections.abc import Callable, Generator, Iterator
from typing import BinaryIO, NamedTuple

CHUNK = 64 * 1024
_GZIP = b"\x1f\x8b"
_MEMBER = b"\x1f\x8b\x08"  # gzip with deflate, the only method that RFC 1952 knows
_SAMPLE = 1024  # bytes: enough to unpack the beginning of a member


class FilePosition(NamedTuple):
    """A place in a file: ``within`` bytes, unpacked, behind the member at ``offset``; of a plain file its ``offset``.

    ``number`` records or lines stand before it.
    """

    offset: int = 0
    within: int = 0
    number: int = 0


class _Damage(NamedTuple):
    """Stands among the bytes of a file where some can't be read."""

    fault: str
    in_member: bool  # whether the bytes before it are of the member that is damaged


class PackedStream:
    """The bytes of ``file`` from ``start`` on.

    Behind a damaged place it goes on with the next member that ``begins`` as one of these files does. What reading a
    file may raise (OSError) goes to the caller.
    """

    def __init__(self, file: BinaryIO, start: FilePosition, begins: Callable[[bytes], bool]) -> None:
        self._file = file
        self._begins = begins
        file.seek(0)
        self._packed = file.read(len(_GZIP)) == _GZIP
        file.seek(start.offset)
        self._members = collections.deque([(0, start.offset)])  # (bytes unpacked before it, its offset)
        self._unpacked = self._taken = 0
        self._buffer, self._at = b"", 0
        self._damage: _Damage | None = None
        self._chunks = self._unpack(start.offset) if self._packed else iter(lambda: file.read(CHUNK), b"")
        self.discard(start.within)

    @property
    def fault(self) -> str | None:
        """Return why the bytes end here; None while there are more, and at the end of a whole file."""
        return self._damage.fault if self._damage and self._at == len(self._buffer) else None

    @property
    def is_member_damaged(self) -> bool:
        """Tell whether the bytes end here because a member is damaged, from which the last ones came."""
        return self.fault is not None and self._damage is not None and self._damage.in_member

    def pass_fault(self) -> bool:
        """Go on behind the damaged place at which the bytes end; return whether anything follows."""
        self._damage = None
        return self._fill(1) or self._damage is not None

    def position(self, number: int = 0) -> FilePosition:
        """Return where the next byte stands, before which there are ``number`` records or lines."""
        if not self._packed:
            return FilePosition(self._members[0][1] + self._taken, 0, number)
        while len(self._members) > 1 and self._members[1][0] <= self._taken:
            self._members.popleft()
        before, offset = self._members[0]
        return FilePosition(offset, self._taken - before, number)

    def peek(self, size: int) -> bytes:
        """Return up to ``size`` bytes, which are read again."""
        self._fill(size)
        return self._buffer[self._at : self._at + size]

    def read_bytes(self, size: int) -> bytes:
        """Return up to ``size`` bytes, fewer at the end."""
        data = self.peek(size)
        self._at += len(data)
        self._taken += len(data)
        return data

    def readline(self, size: int = -1, /) -> bytes:
        """Return the next line, at most ``size`` bytes of it."""
        while True:
            there = len(self._buffer) - self._at
            end = self._buffer.find(b"\n", self._at)
            length = end + 1 - self._at if end >= 0 else there
            if 0 <= size <= length:
                return self.read_bytes(size)
            if end >= 0:
                return self.read_bytes(length)
            self._fill(max(2 * there, CHUNK))
            if len(self._buffer) - self._at == there:
                return self.read_bytes(there)

    def discard(self, size: int) -> int:
        """Leave out up to ``size`` bytes; return how many there were."""
        left = size
        while left > 0 and (data := self.read_bytes(min(left, CHUNK))):
            left -= len(data)
        return size - left

    def push_back(self, data: bytes) -> None:
        """Have ``data``, which was read last, read again."""
        self._buffer, self._at = data + self._buffer[self._at :], 0
        self._taken -= len(data)

    def _fill(self, size: int) -> bool:
        """Read on until ``size`` bytes are there; return whether they are."""
        there = len(self._buffer) - self._at
        if there >= size:
            return True
        parts = [self._buffer[self._at :]]
        while there < size and self._damage is None and (chunk := next(self._chunks, None)):
            if isinstance(chunk, _Damage):
                self._damage = chunk
                break
            parts.append(chunk)
            there += len(chunk)
        self._buffer, self._at = b"".join(parts), 0
        return there >= size

    def _unpack(self, offset: int) -> Iterator[bytes | _Damage]:
        """Yield what the members hold from ``offset`` on, and what is damaged among them."""
        member: int | None = offset
        while member is not None:
            self._file.seek(member)
            end = yield from self._unpack_members()
            if end is None:
                return
            damage, behind = end
            yield damage
            member = self._find_member(behind)

    def _unpack_members(self) -> Generator[bytes, None, tuple[_Damage, int] | None]:
        """Yield what members hold that stand one behind the other; return what ends them, and where to look behind it.

        None is the end of the file.
        """
        raw = b""
        while True:
            raw = raw.lstrip(b"\0")  # padding, as tapes have it
            if len(raw) < len(_MEMBER):
                more = self._file.read(CHUNK)
                raw += more
                if more and not raw.strip(b"\0"):
                    continue
            if not raw:
                return None
            member = self._file.tell() - len(raw)
            if not raw.startswith(_MEMBER):
                return _Damage("between or behind its gzip members stand other bytes", in_member=False), member + 1
            self._members.append((before := self._unpacked, member))
            unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
            try:
                while not unpacker.eof:
                    raw = raw or self._file.read(CHUNK)
                    if not raw:
                        return _Damage("the gzip data is cut off", self._unpacked > before), member + 1
                    chunk = unpacker.decompress(raw, CHUNK)
                    raw = unpacker.unconsumed_tail
                    self._unpacked += len(chunk)
                    if chunk:
                        yield chunk
            except zlib.error as error:
                return _Damage(f"the gzip data is damaged: {error}", self._unpacked > before), member + 1
            raw = unpacker.unused_data

    def _find_member(self, offset: int) -> int | None:
        """Return where the next member begins from ``offset`` on, None where none does."""
        while True:
            self._file.seek(offset)
            window = self._file.read(CHUNK + _SAMPLE)
            at = window.find(_MEMBER, 0, CHUNK + len(_MEMBER) - 1)
            while at >= 0:
                if self._begins(_unpack_start(window[at : at + _SAMPLE])):
                    return offset + at
                at = window.find(_MEMBER, at + 1, CHUNK + len(_MEMBER) - 1)
            if len(window) <= CHUNK:
                return None
            offset += CHUNK


def _unpack_start(data: bytes) -> bytes:
    """Return what ``data`` begins with once it is unpacked; nothing where it is no gzip."""
    try:
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(data, 64)
    except zlib.error:
        return b""
