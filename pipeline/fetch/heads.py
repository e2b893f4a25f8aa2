"""Mend the head of an HTTP response as browsers do, before aiohttp's parser reads it. Pure.

What is mended can be read one way only. Two different lengths can't: such an answer is refused, as whoever sent it may
mean another body than we would read (request smuggling, RFC 9112 11.2).
"""

from __future__ import annotations

import re
from typing import NamedTuple

_MAX_FIELD = 16 * 1024  # bytes; longer fields (policies, cookies) say nothing that is needed here
_MAX_FIELDS = 1000
_STATUS = re.compile(rb"\s*(?:HTTP/(\d)(?:\.(\d))?|ICY)[ \t]+(\d{3})(?!\d)[ \t]*([^\r\n]*)", re.IGNORECASE)
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token, RFC 9110 5.6.2
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]+")
_LENGTH = re.compile(rb"\d{1,18}")
_INFORMATIONAL = range(100, 200)
_SWITCHING = 101


class MendedHead(NamedTuple):
    """A head that the parser reads."""

    data: bytes  # from status line to blank line
    is_final: bool  # False for what comes before the answer itself (100 Continue, 103 Early Hints)
    is_doubtful: bool  # where the body ends was contradictory: the connection is not used again


def mend_head(head: bytes) -> MendedHead | None:
    """Return the head that ``head`` (from status line to blank line) means, None for what isn't HTTP/1.

    Kept are fields with a proper name, one a line; folded lines are joined. A line without a colon and an overlong
    field are left out. Of several equal lengths one stays, of length and chunks the chunks (RFC 9112 6.3).

    Raises:
        ValueError: It names two different lengths, or has too many fields.
    """
    first, _, rest = head.lstrip(b"\r\n").partition(b"\n")
    status = _STATUS.match(first)
    if not status:
        return None
    version = b"1.0" if status[1] is None or (status[1], status[2]) == (b"1", b"0") else b"1.1"
    code, reason = status[3], _CONTROL.sub(b" ", status[4])[:200].strip()
    listed = _fields(rest)
    if len(listed) > _MAX_FIELDS:
        raise ValueError(f"it has more than {_MAX_FIELDS} header fields")
    fields, framing, is_doubtful = _split_framing(listed)
    lines = [b"HTTP/" + version + b" " + code + b" " + reason, *framing, *fields]
    is_final = int(code) not in _INFORMATIONAL or int(code) == _SWITCHING
    return MendedHead(b"\r\n".join([*lines, b"", b""]), is_final, is_doubtful)


def _fields(rest: bytes) -> list[tuple[bytes, bytes]]:
    """Return names and values of the header fields in ``rest``."""
    lines = list[bytearray]()
    for line in rest.split(b"\n"):
        if line[:1] in {b" ", b"\t"} and lines:  # folded (RFC 9112 5.2)
            lines[-1] += b" " + line.strip()
        else:
            lines.append(bytearray(line.strip()))
    fields = []
    for line in map(bytes, lines):
        name, colon, value = line.partition(b":")
        if colon and _NAME.fullmatch(name := name.strip()) and len(line) <= _MAX_FIELD:
            fields.append((name, _CONTROL.sub(b" ", value).strip()))
    return fields


def _split_framing(fields: list[tuple[bytes, bytes]]) -> tuple[list[bytes], list[bytes], bool]:
    """Return the fields' lines, those that say where the body ends, and whether that was said in a doubtful way.

    Raises:
        ValueError: The lengths differ.
    """
    lengths, codings, others = list[bytes](), list[bytes](), list[bytes]()
    for name, value in fields:
        if name.lower() == b"content-length":
            lengths += [part.strip() for part in value.split(b",")]
        elif name.lower() == b"transfer-encoding":
            codings += [part.strip().lower() for part in value.split(b",")]
        else:
            others.append(name + b": " + value)
    distinct = sorted({length.lstrip(b"0") or b"0" for length in lengths if _LENGTH.fullmatch(length)}, key=int)
    is_doubtful = len(lengths) > 1 or len(distinct) < len(lengths) or len(codings) > 1 or bool(lengths and codings)
    if len(distinct) > 1:
        listed = " and ".join(length.decode() for length in distinct[:5])
        raise ValueError(f"its headers name different lengths of the body ({listed} bytes)")
    if b"chunked" in codings:
        return others, [b"Transfer-Encoding: chunked"], is_doubtful
    return others, [b"Content-Length: " + length for length in distinct], is_doubtful or bool(codings)
