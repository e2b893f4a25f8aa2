"""Resolve names by the system, each on a thread of its own, for a few seconds at most.

The event loop's own resolver shares a handful of threads: as many names whose servers don't answer would keep all
others waiting. A thread that the system doesn't let go ends with the program.
"""

from __future__ import annotations

import asyncio
import functools
import socket
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from aiohttp.resolver import ThreadedResolver

T = TypeVar("T")

_SECONDS = 10.0  # a name that is there is found in less than one


class SystemResolver(ThreadedResolver):
    """The system's resolver. A name that isn't found in time is an OSError, as one that isn't there."""

    def __init__(self) -> None:
        lookups: Any = _Lookups()  # what it calls of an event loop
        super().__init__(loop=lookups)


class _Lookups:
    """The two calls of an event loop that resolve names."""

    async def getaddrinfo(self, host: str, port: int, **options: int) -> list[Any]:
        return await _run_aside(functools.partial(socket.getaddrinfo, host, port, **options))

    async def getnameinfo(self, address: Any, flags: int = 0) -> tuple[str, str]:
        return await _run_aside(functools.partial(socket.getnameinfo, address, flags))


async def _run_aside(function: Callable[[], T]) -> T:
    """Return ``function()``, run on a thread of its own; raise TimeoutError where it takes too long."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: OSError | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, fault = None, None
        try:
            result = function()
        except OSError as error:
            fault = error
        except UnicodeError as error:  # a name that no name server could have
            fault = OSError(str(error))
        if not loop.is_closed():
            loop.call_soon_threadsafe(tell, result, fault)

    threading.Thread(target=run, name="newswire-resolver", daemon=True).start()
    async with asyncio.timeout(_SECONDS):
        return await future
