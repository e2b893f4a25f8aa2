"""Give every answer what goes with it: headers of safety, no body to HEAD, and one form for errors nobody foresaw."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.web.failures import NEVER_BY_HEAD, error_response
from pipeline.web.http import HEAD_ALONE

# Nothing is loaded from elsewhere and no script runs but the file that newswire serves, whatever an article may hold.
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'"
)
_NOBODY = "'none'"


class Answers:
    """An ASGI application that completes what ``app`` answers.

    ``frame_ancestors`` are the origins whose pages may show ours in a frame; none may by default.
    """

    def __init__(self, app: ASGIApp, frame_ancestors: Sequence[str] = ()) -> None:
        self._app = app
        self._headers = {
            "Content-Security-Policy": f"{_POLICY}; frame-ancestors {' '.join(frame_ancestors) or _NOBODY}",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request.

        Raises:
            Exception: The application failed when its answer had begun.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False
        is_head = scope["method"] == "HEAD" and not scope["path"].startswith(NEVER_BY_HEAD)

        async def complete(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                MutableHeaders(scope=message).update(self._headers)
            elif is_head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        asked = {**scope, "method": "GET", HEAD_ALONE: True} if is_head else scope
        try:
            await self._app(asked, receive, complete)
        except Exception as error:
            if begun:
                raise
            await error_response(Request(asked, receive), error)(asked, receive, complete)
