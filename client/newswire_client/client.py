"""Ask the API: ``Client`` waits for each answer, ``AsyncClient`` lets others run meanwhile.

What is asked and what is answered stands in ``calls``; here is only how it is sent, and when it is sent again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx

from newswire_client import calls
from newswire_client.calls import Call, ChoosingOptions, ExportFormat, SavedSearchOptions, SearchOptions
from newswire_client.errors import ConnectionFailedError, UnavailableError, error_of
from newswire_client.models import Article, Change, ChangePage, SavedSearch, SearchPage, Story

T = TypeVar("T")

_SECONDS = 30.0  # for an answer, beside those that the server was asked to wait
_WAIT_SECONDS = 30.0  # for which the server is asked to wait for changes
_LONGEST_PAUSE = 60.0  # before a request is sent again
_FIRST_PAUSE = 1.0  # doubled each time, where the server doesn't say
_PAGE = 200  # hits; the most that there may be
_BATCH = 100  # changes


class _Sending:
    """How both clients send: where to, with which key, how often."""

    def __init__(self, url: str, key: str | None, retries: int) -> None:
        self._url = url.rstrip("/")
        self._retries = retries
        self._headers = {"Accept-Encoding": "gzip"} | ({"Authorization": f"Bearer {key}"} if key else {})

    def _request(self, call: Call[T], seconds: float) -> dict[str, Any]:
        """Return the arguments of httpx for a call."""
        body = {} if call.body is None else {"json": call.body}
        address = {"method": call.method, "url": f"{self._url}{call.path}", "params": list(call.params)}
        return {**address, "headers": self._headers, "timeout": seconds, **body}

    def _pause_before(self, call: Call[T], error: Exception, attempt: int) -> float:
        """Return after how many seconds a request that failed is sent again.

        Raises:
            NewswireClientError: The error, where it isn't: reading may be repeated, writing may not.
        """
        is_passing = isinstance(error, UnavailableError | ConnectionFailedError)
        if call.method != "GET" or not is_passing or attempt >= self._retries:
            raise error
        stated = error.retry_after if isinstance(error, UnavailableError) else None
        return min(_FIRST_PAUSE * 2**attempt if stated is None else stated, _LONGEST_PAUSE)


def _decode(call: Call[T], response: httpx.Response) -> T:
    """Return what an answer holds.

    Raises:
        ApiError: It is a refusal.
        ConnectionFailedError: It is no answer of newswire's.
    """
    if not response.is_success:
        raise error_of(response)
    try:
        return call.decode(response.json())
    except (ValueError, KeyError, TypeError) as error:
        raise ConnectionFailedError(f"{call.path}: the answer can't be read: {error!r}") from error


def _of_all(options: SearchOptions) -> SearchOptions:
    """Return a search whose pages follow each other to the end, whatever is written meanwhile."""
    return {"size": _PAGE, **options, "sort": "arrived", "copies": True}


class Client(_Sending):
    """Asks the newswire at ``url``; a context manager.

    Args:
        url: where it is, such as http://127.0.0.1:8000.
        key: the API key, where one is needed.
        retries: how often a request that only reads is sent again where the server is away or busy.
        http: an httpx.Client in place of one of its own, with its proxies and certificates; the caller closes it.
    """

    def __init__(self, url: str, key: str | None = None, *, retries: int = 3, http: httpx.Client | None = None) -> None:
        super().__init__(url, key, retries)
        self._http = http or httpx.Client()
        self._is_ours = http is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._is_ours:
            self._http.close()

    def send(self, call: Call[T], seconds: float = _SECONDS) -> T:
        """Return the answer to a request of ``newswire_client.calls``.

        Raises:
            ApiError: The server refuses.
            ConnectionFailedError: It can't be reached.
        """
        attempt = 0
        while True:
            try:
                return _decode(call, self._http.request(**self._request(call, seconds)))
            except httpx.TransportError as error:
                failure: Exception = ConnectionFailedError(f"{self._url}: {error!r}")
            except UnavailableError as error:
                failure = error
            time.sleep(self._pause_before(call, failure, attempt))
            attempt += 1

    def search(
        self, q: str = "", *, page: int | None = None, cursor: str | None = None, **options: Unpack[SearchOptions]
    ) -> SearchPage:
        """Return one page of a search; ``options`` are those of ``SearchOptions``."""
        return self.send(calls.search(q, options, page=page, cursor=cursor))

    def iter_articles(self, q: str = "", **options: Unpack[SearchOptions]) -> Iterator[Article]:
        """Yield all articles that match, copies too, by first sight, however many there are.

        Articles that arrive meanwhile come at the end. ``options`` are those of ``SearchOptions``.
        """
        wanted = _of_all(options)
        cursor: str | None = None
        while True:
            page = self.send(calls.search(q, wanted, cursor=cursor))
            yield from (hit.article for hit in page.hits)
            cursor = page.next
            if not page.hits or cursor is None:
                return

    def article(self, article_id: str, *, fields: Sequence[str] = ()) -> Article:
        """Return one article; of its fields those that are named, or all."""
        return self.send(calls.article(article_id, fields))

    def story(self, story_id: str) -> Story:
        """Return a story, by an id that it has or had."""
        return self.send(calls.story(story_id))

    def changes(
        self, cursor: str | None = None, *, limit: int = _BATCH, wait: float = 0.0, documents: bool = True
    ) -> ChangePage:
        """Return what became of articles behind a cursor: None is the beginning, ``latest`` the end.

        Where nothing did, the server waits for ``wait`` seconds, at most 60, for something to.
        """
        call = calls.changes(cursor, limit=limit, wait=wait or None, documents=documents)
        return self.send(call, _SECONDS + wait)

    def iter_changes(
        self, cursor: str | None = None, *, follow: bool = False, documents: bool = True
    ) -> Iterator[Change]:
        """Yield changes in order up to the present; with ``follow`` also those that come, without an end.

        Keep the cursor of the last change that you have applied: read on with it, whatever was cut off.
        """
        while True:
            batch = self.changes(cursor, wait=_WAIT_SECONDS if follow else 0.0, documents=documents)
            yield from batch.changes
            cursor = batch.cursor
            if not batch.more and not follow:
                return

    @contextmanager
    def export(
        self, q: str = "", *, form: ExportFormat = "jsonl", **options: Unpack[ChoosingOptions]
    ) -> Iterator[Iterator[bytes]]:
        """Open a whole result as a file: jsonl, csv, parquet, ninjs or atom; gives its bytes, part by part.

        Raises:
            ApiError: The server refuses.
            ConnectionFailedError: It can't be reached, or the answer is cut off.
        """
        call = calls.export(q, options, form)
        try:
            with self._http.stream(**self._request(call, _SECONDS)) as response:
                if not response.is_success:
                    response.read()
                    raise error_of(response)
                yield response.iter_bytes()
        except httpx.TransportError as error:
            raise ConnectionFailedError(f"{self._url}: {error!r}") from error

    def saved_searches(self) -> tuple[SavedSearch, ...]:
        """Return all saved searches."""
        return self.send(calls.saved_searches())

    def save_search(self, name: str, q: str = "", **options: Unpack[SavedSearchOptions]) -> SavedSearch:
        """Save a search; ``options`` are those of ``SavedSearchOptions``."""
        return self.send(calls.save_search(name, q, options))

    def remove_search(self, search_id: str) -> None:
        """Remove a saved search."""
        self.send(calls.remove_search(search_id))

    def count_documents(self) -> int:
        """Return how many documents there are; raises UnavailableError where the index doesn't answer."""
        return self.send(calls.health())


class AsyncClient(_Sending):
    """Asks the newswire at ``url``; an asynchronous context manager, otherwise as ``Client``."""

    def __init__(
        self, url: str, key: str | None = None, *, retries: int = 3, http: httpx.AsyncClient | None = None
    ) -> None:
        super().__init__(url, key, retries)
        self._http = http or httpx.AsyncClient()
        self._is_ours = http is None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        if self._is_ours:
            await self._http.aclose()

    async def send(self, call: Call[T], seconds: float = _SECONDS) -> T:
        """Return the answer to a request of ``newswire_client.calls``.

        Raises:
            ApiError: The server refuses.
            ConnectionFailedError: It can't be reached.
        """
        attempt = 0
        while True:
            try:
                return _decode(call, await self._http.request(**self._request(call, seconds)))
            except httpx.TransportError as error:
                failure: Exception = ConnectionFailedError(f"{self._url}: {error!r}")
            except UnavailableError as error:
                failure = error
            await asyncio.sleep(self._pause_before(call, failure, attempt))
            attempt += 1

    async def search(
        self, q: str = "", *, page: int | None = None, cursor: str | None = None, **options: Unpack[SearchOptions]
    ) -> SearchPage:
        """Return one page of a search; ``options`` are those of ``SearchOptions``."""
        return await self.send(calls.search(q, options, page=page, cursor=cursor))

    async def iter_articles(self, q: str = "", **options: Unpack[SearchOptions]) -> AsyncIterator[Article]:
        """Yield all articles that match, as ``Client.iter_articles`` does."""
        wanted = _of_all(options)
        cursor: str | None = None
        while True:
            page = await self.send(calls.search(q, wanted, cursor=cursor))
            for hit in page.hits:
                yield hit.article
            cursor = page.next
            if not page.hits or cursor is None:
                return

    async def article(self, article_id: str, *, fields: Sequence[str] = ()) -> Article:
        """Return one article; of its fields those that are named, or all."""
        return await self.send(calls.article(article_id, fields))

    async def story(self, story_id: str) -> Story:
        """Return a story, by an id that it has or had."""
        return await self.send(calls.story(story_id))

    async def changes(
        self, cursor: str | None = None, *, limit: int = _BATCH, wait: float = 0.0, documents: bool = True
    ) -> ChangePage:
        """Return what became of articles behind a cursor, as ``Client.changes`` does."""
        call = calls.changes(cursor, limit=limit, wait=wait or None, documents=documents)
        return await self.send(call, _SECONDS + wait)

    async def iter_changes(
        self, cursor: str | None = None, *, follow: bool = False, documents: bool = True
    ) -> AsyncIterator[Change]:
        """Yield changes in order, as ``Client.iter_changes`` does."""
        while True:
            batch = await self.changes(cursor, wait=_WAIT_SECONDS if follow else 0.0, documents=documents)
            for change in batch.changes:
                yield change
            cursor = batch.cursor
            if not batch.more and not follow:
                return

    @asynccontextmanager
    async def export(
        self, q: str = "", *, form: ExportFormat = "jsonl", **options: Unpack[ChoosingOptions]
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a whole result as a file, as ``Client.export`` does.

        Raises:
            ApiError: The server refuses.
            ConnectionFailedError: It can't be reached, or the answer is cut off.
        """
        call = calls.export(q, options, form)
        try:
            async with self._http.stream(**self._request(call, _SECONDS)) as response:
                if not response.is_success:
                    await response.aread()
                    raise error_of(response)
                yield response.aiter_bytes()
        except httpx.TransportError as error:
            raise ConnectionFailedError(f"{self._url}: {error!r}") from error

    async def saved_searches(self) -> tuple[SavedSearch, ...]:
        """Return all saved searches."""
        return await self.send(calls.saved_searches())

    async def save_search(self, name: str, q: str = "", **options: Unpack[SavedSearchOptions]) -> SavedSearch:
        """Save a search; ``options`` are those of ``SavedSearchOptions``."""
        return await self.send(calls.save_search(name, q, options))

    async def remove_search(self, search_id: str) -> None:
        """Remove a saved search."""
        await self.send(calls.remove_search(search_id))

    async def count_documents(self) -> int:
        """Return how many documents there are; raises UnavailableError where the index doesn't answer."""
        return await self.send(calls.health())
