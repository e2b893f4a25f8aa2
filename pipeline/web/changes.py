"""Serve the change feed: as one answer, as JSON lines, and as events that a browser's EventSource follows.

Whoever reads on from the cursor of the last change that he applied misses nothing, whenever either side was cut off.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import FastAPI, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from pipeline.change_feed import MAX_CHANGES, ChangeBatch, ChangeReader, FeedPlace
from pipeline.context import Context
from pipeline.records import to_json
from pipeline.web.api_description import describe_answer
from pipeline.web.http import json_response, stream_response

_LONGEST_WAIT = 60  # seconds: proxies and clients give up behind that
_LOOK_SECONDS = 0.5  # between two looks for changes: one question to the ledger each
_BEAT_SECONDS = 15.0  # between two signs of life, so that nothing on the way takes the connection for dead
_STREAM_SECONDS = 240.0  # a stream ends then, before the server would cut it off; the client comes back by itself
LINES, EVENTS = "application/x-ndjson", "text/event-stream"

Limit = Annotated[int, Query(ge=1, le=MAX_CHANGES)]
Wait = Annotated[float, Query(ge=0, le=_LONGEST_WAIT, description="seconds to wait for a change where there is none")]


def add_change_routes(app: FastAPI, context: Context) -> None:
    """Add the endpoint to ``app``; it reads the ledger of ``context``, and documents from its index."""

    @app.get("/api/v1/changes", openapi_extra=describe_answer(ChangeBatch, LINES, EVENTS))
    async def changes(
        request: Request,
        cursor: str = "",
        limit: Limit = 100,
        wait: Wait = 0.0,
        documents: bool = True,
        form: Annotated[Literal["json", "ndjson", "sse"] | None, Query(alias="format")] = None,
    ) -> Response:
        """What became of documents: created, revised, merged, moved, updated, withdrawn, removed, in order.

        Without ``cursor`` from the beginning; ``latest`` stands for the end. Read on with the cursor that an answer or
        a change comes with. ``format=ndjson`` gives a line for each change up to the present; ``sse``, or an
        Accept header of text/event-stream, gives events as they come, which EventSource resumes after a break.
        """
        reader = await run_in_threadpool(ChangeReader, context, with_documents=documents)
        cursor = request.headers.get("Last-Event-ID", cursor)
        place = await run_in_threadpool(reader.latest if cursor == "latest" else lambda: reader.place(cursor))
        if form == "sse" or (form is None and EVENTS in request.headers.get("Accept", "")):
            headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # nginx would hold events back
            return stream_response(request, _events(reader, place, limit), EVENTS, headers)
        if form == "ndjson" or (form is None and LINES in request.headers.get("Accept", "")):
            return stream_response(request, _lines(reader, place, limit), LINES)
        await _wait_for_news(reader, place, wait)
        batch, _ = await run_in_threadpool(reader.read_batch, place, limit)
        return json_response(batch)


async def _wait_for_news(reader: ChangeReader, place: FeedPlace, seconds: float) -> bool:
    """Return whether there are changes behind a place; where there are none, wait for some."""
    end = time.monotonic() + seconds
    while not await run_in_threadpool(reader.has_news, place):
        rest = end - time.monotonic()
        if rest <= 0:
            return False
        await asyncio.sleep(min(rest, _LOOK_SECONDS))
    return True


async def _lines(reader: ChangeReader, place: FeedPlace, limit: int) -> AsyncIterator[bytes]:
    """Yield a line for each change up to the present."""
    more = True
    while more:
        batch, place = await run_in_threadpool(reader.read_batch, place, limit)
        yield b"".join(to_json(entry) + b"\n" for entry in batch.changes)
        more = batch.more


async def _events(reader: ChangeReader, place: FeedPlace, limit: int) -> AsyncIterator[bytes]:
    """Yield an event for each change (WHATWG HTML, 9.2), as they come, and comments as signs of life."""
    end = time.monotonic() + _STREAM_SECONDS
    yield b"retry: 1000\n\n"
    while time.monotonic() < end:
        if not await _wait_for_news(reader, place, _BEAT_SECONDS):
            yield b": nothing new\n\n"
            continue
        batch, place = await run_in_threadpool(reader.read_batch, place, limit)
        for entry in batch.changes:
            yield b"id: %s\nevent: %s\ndata: %s\n\n" % (entry.cursor.encode(), entry.kind.encode(), to_json(entry))
