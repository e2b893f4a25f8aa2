"""Refuse requests of whoever asks too often, by the key that he sends or else his address, with the time to wait.

Each program counts for itself, in memory: with several behind a proxy the proxy's own limits hold better.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.web.failures import error_response

_CLIENTS = 10_000  # that are remembered; who was silent longest is forgotten
_NEVER = "/health"  # what watches the server may always ask


class TokenBuckets:
    """How often each client may still ask: ``per_minute`` requests a minute, as many at once after a pause."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._most, self._clock = per_minute / 60, float(per_minute), clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # client → requests left, and when

    def take(self, client: str) -> float:
        """Count a request; return the seconds that the client has to wait before it, 0 where it may ask now."""
        now = self._clock()
        left, at = self._buckets.pop(client, (self._most, now))
        left = min(self._most, left + (now - at) * self._rate)
        wait = 0.0 if left >= 1 else (1 - left) / self._rate
        self._buckets[client] = (left if wait else left - 1, now)
        if len(self._buckets) > _CLIENTS:
            self._buckets.popitem(last=False)
        return wait


class RateLimits:
    """An ASGI application in front of ``app`` that refuses what comes too often; 0 ``per_minute`` refuses nothing."""

    def __init__(self, app: ASGIApp, per_minute: int) -> None:
        self._app = app
        self._buckets = TokenBuckets(per_minute) if per_minute else None
        self._policy = f"{per_minute};w=60"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is refused; hand any other one on."""
        if scope["type"] != "http" or self._buckets is None or scope["path"] == _NEVER:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        if wait := self._buckets.take(await run_in_threadpool(request.app.state.access.client_name, request)):
            seconds = math.ceil(wait)
            reason = f"too many requests; come back in {seconds} s"
            headers = {"Retry-After": str(seconds), "RateLimit-Policy": self._policy}
            refused = HTTPException(HTTPStatus.TOO_MANY_REQUESTS, reason, headers)
            await error_response(request, refused)(scope, receive, send)
            return
        await self._app(scope, receive, send)
