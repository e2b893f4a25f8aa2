"""Read an HTTP answer as a WARC record holds it: status, headers, and the body without its codings. Pure.

Crawlers keep bodies as they were sent, or decoded with the headers left as they were: the bytes decide.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pipeline.fetch.bodies import DecodedBody, decode_body

_STATUS = re.compile(rb"HTTP/\d(?:\.\d+)?[ \t]+(\d{3})(?=[ \t\r\n]|\Z)")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"^([^\s:]+)[ \t]*:[ \t]*((?:[^\r\n]|\r?\n[ \t])*)", re.MULTILINE)
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_LONGEST_HEAD = 256 * 1024


class HttpAnswer(NamedTuple):
    """An answer: its header fields have their names in lower case, each with its values in order."""

    status: int
    headers: dict[str, list[str]]
    sent: bytes  # the body as it stands in the record

    def header(self, name: str) -> str | None:
        """Return the first value of a header field, None where it has none."""
        return next(iter(self.headers.get(name, [])), None)


def parse_answer(block: bytes) -> HttpAnswer | None:
    """Return the answer in ``block``, None where there is none."""
    status = _STATUS.match(block)
    if status is None:
        return None
    end = _BLANK_LINE.search(block, 0, _LONGEST_HEAD)
    head, sent = (block[: end.start()], block[end.end() :]) if end else (block, b"")
    headers: dict[str, list[str]] = {}
    for name, value in _FIELD.findall(head, status.end()):
        text = b" ".join(value.split()).decode("utf-8", "replace")
        headers.setdefault(name.decode("ascii", "replace").lower(), []).append(text)
    return HttpAnswer(int(status[1]), headers, sent)


def decode_answer(answer: HttpAnswer, limit: int) -> DecodedBody:
    """Return the body of ``answer``, at most ``limit`` bytes of it; its ``fault`` says why there may be more.

    Raises:
        ValueError: It has a coding that can't be decoded.
    """
    is_chunked = any("chunked" in value.lower() for value in answer.headers.get("transfer-encoding", []))
    sent = _join_chunks(answer.sent) if is_chunked else DecodedBody(answer.sent)
    body = decode_body(sent.data, answer.headers.get("content-encoding", []), limit)
    return DecodedBody(body.data[:limit], body.fault or sent.fault)


def _join_chunks(data: bytes) -> DecodedBody:
    """Return a body without its chunks; as it is where it has none."""
    parts: list[bytes] = []
    at = 0
    while size := _CHUNK_SIZE.match(data, at):
        length = int(size[1], 16)
        if length == 0:
            return DecodedBody(b"".join(parts))
        parts.append(data[size.end() : size.end() + length])
        at = size.end() + length
        at += 2 if data[at : at + 2] == b"\r\n" else 1 if data[at : at + 1] == b"\n" else 0
    return DecodedBody(b"".join(parts), "its chunks break off") if parts else DecodedBody(data)
