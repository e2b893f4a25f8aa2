"""Read JSON that others wrote, which may be anything: too deep, too long, not JSON at all.

What can't be read is a ValueError with the reason, never a failure of the program.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol

import msgspec

# Lists and objects within each other; what newswire itself writes has five. Decoders and encoders recurse, and Python
# ends them at some hundreds.
MAX_DEPTH = 100
LONGEST_LINE = 64 * 1024 * 1024  # bytes: an article has some thousands, the largest page ten million
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class LineReader(Protocol):
    """A file, packed or not, that is read line by line."""

    def readline(self, size: int = -1, /) -> bytes:
        """Return the next line, or the next ``size`` bytes of it."""


def decode_foreign(data: bytes, kind: Any = Any) -> Any:
    """Return the value that ``data`` holds, as msgspec decodes it for the type ``kind``.

    Raises:
        ValueError: It is no JSON, has values of wrong kinds, or is too deep; the message says what.
    """
    try:
        if data.count(b"[") + data.count(b"{") > MAX_DEPTH and _is_deeper(msgspec.json.decode(data), MAX_DEPTH):
            raise ValueError(_TOO_DEEP)
        return msgspec.json.decode(data, type=kind)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from error


_TOO_DEEP = f"more than {MAX_DEPTH} lists and objects within each other"


def _is_deeper(value: object, depth: int) -> bool:
    """Tell whether lists and objects stand within each other more than ``depth`` times."""
    level = [value]
    for _ in range(depth):
        level = [part for holder in level for part in _parts(holder) if isinstance(part, dict | list)]
        if not level:
            return False
    return True


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def read_lines(
    file: LineReader | BinaryIO, limit: int = LONGEST_LINE, *, number: int = 0
) -> Iterator[tuple[int, bytes | None]]:
    """Yield the lines of a file that aren't blank, each with its number; None for one longer than ``limit`` bytes.

    ``number`` lines were read before.
    """
    while line := file.readline(limit + 1):
        number += 1
        if len(line) > limit:
            while line and not line.endswith(b"\n"):
                line = file.readline(limit)
            yield number, None
            continue
        if number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if line.strip():
            yield number, line


def decode_line(line: bytes | None) -> dict[str, Any]:
    """Return the object that one of ``read_lines`` holds.

    Raises:
        ValueError: It holds none.
    """
    if line is None:
        raise ValueError(f"longer than {LONGEST_LINE:,} bytes")
    decoded: dict[str, Any] = decode_foreign(line, dict[str, Any])
    return decoded
