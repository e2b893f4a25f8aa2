"""Serve the callbacks of WebSub subscriptions; each has an address that only its hub knows."""

from __future__ import annotations

import datetime as dt
import logging

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from pipeline.context import Context
from pipeline.intake.websub_subscriber import LEASE_LENGTH, WAIT_AFTER_REFUSAL
from pipeline.store import PushResult, Subscription
from pipeline.web.http import read_body
from pipeline.websub import is_signed

_log = logging.getLogger(__name__)

# A lease is renewed when so much of it has passed: early enough for several tries.
_RENEW_AT = 0.8
_MIN_LEASE = dt.timedelta(minutes=5)  # a hub that grants less would be asked all the time
_RETRY_LATER = {"Retry-After": "300"}  # seconds
_MAX_LEASE = dt.timedelta(days=90)


def add_websub_routes(app: FastAPI, context: Context) -> None:
    """Add the callbacks to ``app``; what is pushed is kept for the next run."""

    @app.get("/websub/{token}")
    def verify(token: str, request: Request) -> Response:
        """Confirm to a hub that we want what it asks about (W3C WebSub 5.3), or hear that it refuses (5.2)."""
        params = request.query_params
        subscription = _find_subscription(context, token)
        if subscription is None:
            raise HTTPException(404, "there is no such subscription")
        if params.get("hub.mode") == "denied":
            reason = (params.get("hub.reason") or "no reason given")[:500]
            due = context.clock() + WAIT_AFTER_REFUSAL
            with context.store.write() as connection:
                context.store.subscriptions.mark_refused(connection, token, due, f"refused: {reason}")
            return Response("noted", media_type="text/plain")
        is_expected = params.get("hub.mode") == "subscribe" and params.get("hub.topic") == subscription.topic
        if not is_expected or subscription.state == "refused":
            raise HTTPException(404, "that was not asked for")
        lease = _parse_lease(params.get("hub.lease_seconds"))
        now = context.clock()
        with context.store.write() as connection:
            context.store.subscriptions.mark_active(connection, token, now + lease * _RENEW_AT, now + lease)
        return Response(params.get("hub.challenge", ""), media_type="text/plain")

    @app.post("/websub/{token}")
    async def push(token: str, request: Request) -> Response:
        """Keep what a hub pushes, if it is signed with our secret (W3C WebSub 7, 8)."""
        subscription = await run_in_threadpool(_find_subscription, context, token)
        if subscription is None:
            raise HTTPException(410, "there is no such subscription")
        body = await read_body(request, context.settings.poll.max_bytes)
        if is_signed(subscription.secret, request.headers.get("X-Hub-Signature"), body):
            kind = request.headers.get("Content-Type")
            if await run_in_threadpool(_save_push, context, subscription.feed, kind, body) == "too many":
                reason = "too many pushes of this feed wait to be read; push again later"
                raise HTTPException(503, reason, headers=_RETRY_LATER)
        else:  # answered all the same, so that nobody learns by trying
            _log.warning("websub %s: a push without a right signature is ignored", subscription.feed)
        return Response(status_code=202)


def _find_subscription(context: Context, token: str) -> Subscription | None:
    with context.store.read() as connection:
        return context.store.subscriptions.find_by_token(connection, token)


def _save_push(context: Context, feed: str, content_type: str | None, body: bytes) -> PushResult:
    with context.store.write() as connection:
        return context.store.subscriptions.save_push(connection, feed, context.clock(), content_type, body)


def _parse_lease(seconds: str | None) -> dt.timedelta:
    """Return the lease that a hub grants; what was asked for where it names none."""
    if seconds is None or not seconds.isdecimal() or len(seconds) > 12:  # noqa: PLR2004  (longer than any life)
        return LEASE_LENGTH
    return min(max(dt.timedelta(seconds=int(seconds)), _MIN_LEASE), _MAX_LEASE)
