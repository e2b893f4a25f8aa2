"""A small web on loopback for tests: each path has a handler, each request is remembered."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Web:
    """What a running test server knows: where it is, what it serves and what was asked."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.port = 0
        self.handlers: dict[str, Handler] = {}
        self.requests: list[web.BaseRequest] = []

    def url(self, path: str, host: str | None = None) -> str:
        return f"http://{host or self.host}:{self.port}{path}"

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def page(
        self, path: str, body: bytes | str = b"", *, status: int = 200, kind: str = "text/html", **headers: str
    ) -> str:
        """Serve ``body`` at ``path``; underscores in header names stand for hyphens. Return its address."""
        data = body.encode() if isinstance(body, str) else body
        names = {"Content-Type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}

        async def answer(request: web.Request) -> web.Response:
            return web.Response(body=data, status=status, headers=names)

        self.handlers[path] = answer
        return self.url(path)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(request)
        handler = self.handlers.get(request.path)
        return await handler(request) if handler else web.Response(status=404)


@contextlib.contextmanager
def serve(host: str = "127.0.0.1", port: int = 0, ssl=None) -> Iterator[Web]:
    """Run a server in a thread of its own until the block ends."""
    site = Web(host)
    ready = threading.Event()
    ends: list[Callable[[], object]] = []

    async def run() -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        runner = web.ServerRunner(web.Server(site.answer), handle_signals=False, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, host, port, ssl_context=ssl).start()
        site.port = runner.addresses[0][1]
        ends.append(lambda: loop.call_soon_threadsafe(stop.set))
        ready.set()
        await stop.wait()
        # asyncio leaks a connection that it has accepted and not yet begun to serve when its server is closed
        for _ in range(10):
            await asyncio.sleep(0)
        await runner.cleanup()

    # asyncio.run ends what handlers and connections are left, which a bare loop would leave to a later test
    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert ready.wait(30), "the server did not start"
    try:
        yield site
    finally:
        ends[0]()
        thread.join()
