"""Mark answers with what they hold (ETag), and answer who has the same already that nothing has changed (RFC 9110, 13).

Answers that are streamed have no mark: nobody knows what they hold before they end.
"""

from __future__ import annotations

import hashlib
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_KEPT = ("cache-control", "etag", "expires", "vary")  # of the headers, with 304 (RFC 9110, 15.4.5)


class ConditionalAnswers:
    """An ASGI application that gives answers of ``app`` to GET an ETag, and says 304 where the client has it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        held: Message | None = None  # the head of the answer, until its body is seen

        async def complete(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and message["status"] == HTTPStatus.OK:
                held = message
                return
            if held is not None:
                head, held = held, None
                if not message.get("more_body") and "etag" not in Headers(scope=head):
                    head, message = mark_answer(head, message, Headers(scope=scope).get("If-None-Match", ""))
                await send(head)
            await send(message)

        await self._app(scope, receive, complete)


def mark_answer(head: Message, body: Message, present: str) -> tuple[Message, Message]:
    """Return the parts of an answer with its ETag; without a body where that is among those that the client has.

    The mark is a weak one: it is the same for the same content, packed or not.
    """
    tag = f'W/"{hashlib.sha256(body.get("body", b"")).hexdigest()[:32]}"'
    headers = MutableHeaders(scope=head)
    headers["ETag"] = tag
    headers.setdefault(
        "Cache-Control", "private, no-cache"
    )  # may be kept by who asked, who asks again whether it holds
    if not has_tag(present, tag):
        return head, body
    kept = [(name, value) for name, value in head["headers"] if name.decode("latin-1").lower() in _KEPT]
    return {**head, "status": int(HTTPStatus.NOT_MODIFIED), "headers": kept}, {**body, "body": b""}


def has_tag(present: str, tag: str) -> bool:
    """Tell whether an If-None-Match header names a tag; strong and weak ones are compared alike (RFC 9110, 8.8.3.2)."""
    names = [name.strip().removeprefix("W/") for name in present.split(",")]
    return "*" in names or tag.removeprefix("W/") in names
