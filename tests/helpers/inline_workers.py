"""A stand-in for worker processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any, Self

from pipeline.errors import ItemError


class InlineWorkers:
    """Does at once what worker processes would do: in their place where time is virtual, or a second matters."""

    def __init__(self, function: Callable[[Any], Any], **_limits: object) -> None:
        self.count = 1
        self._function = function

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close nothing."""

    def submit(self, item: Any, /) -> Future[Any]:
        """Return a future that is done."""
        future: Future[Any] = Future()
        try:
            future.set_result(self._function(item))
        except Exception as error:  # noqa: BLE001  whoever waits for the item gets it
            future.set_exception(error)
        return future

    def wait_result(self, future: Future[Any], _meanwhile: object = None, /) -> Any:
        """Return the result, or the ItemError that is one."""
        try:
            return future.result()
        except ItemError as error:
            return error

    def map(self, items: Iterable[Any]) -> Iterator[Any]:
        """Yield the result of each item; an ItemError among them stays where it is."""
        for item in items:
            yield item if isinstance(item, ItemError) else self.wait_result(self.submit(item))

    def map_soon(self, items: Iterable[Any], *_: object, **_more: object) -> Iterator[tuple[int, Any]]:
        """Yield the number and result of each item."""
        yield from enumerate(self.map(items))

    def start(self) -> None:
        """Do nothing: nothing has to be started."""

    def give_up(self) -> None:
        """Do nothing: all is done."""
