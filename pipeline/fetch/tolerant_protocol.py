"""Read responses of servers that browsers put up with: aiohttp's protocol, with their heads mended and cuts noted.

aiohttp's own parser reads every byte; what it is given first passes ``mend_head``.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import ClientPayloadError, StreamReader
from aiohttp.client_proto import ResponseHandler

from pipeline.fetch.heads import mend_head

_MAX_HEAD = 256 * 1024  # bytes: Chrome's limit
_END = b"\n\r\n", b"\n\n"

# The bodies that ended before their end, and how: by a response's ``content``, which takes no attribute.
BodyFaults = dict[StreamReader, str]


class TolerantProtocol(ResponseHandler):
    """The protocol of one connection. A body that breaks off ends, and ``faults`` tells how."""

    def __init__(self, loop: asyncio.AbstractEventLoop, faults: BodyFaults) -> None:
        super().__init__(loop)
        self._faults = faults
        self._head: bytearray | None = None  # what came of a head so far; None while there is none to come

    def set_response_params(self, **options: Any) -> None:
        """Expect a response (aiohttp calls this before each)."""
        self._head = bytearray()
        super().set_response_params(**options)

    def data_received(self, data: bytes) -> None:
        """Pass what the server sent to the parser: a head as a whole, mended, and the body as it comes."""
        if self._parser is None:
            super().data_received(data)
            return
        while self._head is not None and data:
            self._head += data
            data = self._take_head(self._head)
        if self._head is None:
            super().data_received(data)
            self._end_faulty_body()

    def _take_head(self, begun: bytearray) -> bytes:
        """Pass a head that is complete to the parser; return what follows it."""
        start = len(begun) - len(begun.lstrip(b"\r\n"))
        ends = [end + len(mark) for mark in _END if (end := begun.find(mark, start)) >= 0]
        end = min(ends, default=len(begun))
        if end > _MAX_HEAD:
            self._refuse(f"its headers exceed {_MAX_HEAD // 1024} KiB")
        if end > _MAX_HEAD or not ends:
            return b""
        rest = bytes(begun[end:])
        try:
            head = mend_head(bytes(begun[:end]))
        except ValueError as error:
            self._refuse(str(error))
            return b""
        self._head = bytearray() if head and not head.is_final else None
        super().data_received(head.data if head else bytes(begun[:end]))
        if head and head.is_doubtful:
            self.force_close()
        return rest

    def _refuse(self, fault: str) -> None:
        self._head = bytearray()
        self.set_exception(ClientPayloadError(fault))
        if self.transport is not None:
            self.transport.close()

    def _end_faulty_body(self) -> None:
        """End a body that the parser gave up on; aiohttp leaves its reader to wait."""
        payload, error = self._payload, self.exception()
        if error is not None and payload is not None and not payload.is_eof():
            self._faults[payload] = f"its body can't be read to its end ({_line(error.__cause__ or error)})"
            payload.feed_eof()

    def connection_lost(self, exc: BaseException | None) -> None:
        """End the body where the server hung up before its end: what came of it can still be read."""
        payload, parser = self._payload, self._parser
        if payload is not None and parser is not None and not payload.is_eof():
            try:
                parser.feed_eof()
            except Exception as error:  # noqa: BLE001 the parser's own errors have no common class
                self._faults[payload] = f"its body breaks off ({_line(error)})"
                payload.feed_eof()
            self._parser = None
        super().connection_lost(exc)


def _line(error: BaseException) -> str:
    """Return what an error of the parser says, in one line, without the number that it puts first."""
    text = " ".join(str(error).removeprefix("400, message:").split())
    return text.rstrip(".")[:200] or type(error).__name__
