"""Define what a run gives to the loops of its stages: calls that may block, wake-ups, room, and when to end.

Each stage has a loop, a coroutine. A run has one coordinator; a simulation gives the loops another one, whose clock
jumps.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from pipeline.records import Stage
from pipeline.store import StageResult

T = TypeVar("T")


class Coordinator(Protocol):
    """The side of a run that its stages' loops see. All is called on the event loop."""

    @property
    def is_ending(self) -> bool:
        """Tell whether the run is to end: a loop then gives back what it claimed, and returns."""

    async def call(self, function: Callable[[], T]) -> T:
        """Return ``function()``, run where it may block: the ledger, the archive, the index and models are."""

    def wake(self, stage: Stage) -> None:
        """Say that something waits for ``stage`` now."""

    def attend(self, stage: Stage, hear: Callable[[], None]) -> None:
        """Have ``hear`` called whenever ``stage`` is woken, also while its loop doesn't rest; one replaces the last."""

    async def rest(self, stage: Stage, *, until: dt.datetime | None = None) -> bool:
        """Wait until ``stage`` is woken, at the latest ``until`` (where its loop knows when its next turn is).

        Return whether it was woken.

        The loop has nothing to do meanwhile: a run that ends by itself does so when all loops rest. Returns at once
        where the run is to end.
        """

    async def wait_for_room(self, stage: Stage) -> None:
        """Wait while more articles, or bytes, wait for ``stage`` than may; return at once where the run is to end."""

    def count(self, stage: Stage, saved: Sequence[StageResult]) -> None:
        """Note saved results: they are counted, and the stages that they go on to are woken."""


class SoloCoordinator:
    """The coordinator of one loop that runs alone, until it rests; what blocks runs where the loop does."""

    def __init__(self) -> None:
        self._is_ending = False

    @property
    def is_ending(self) -> bool:
        """Tell whether the loop has rested."""
        return self._is_ending

    async def call(self, function: Callable[[], T]) -> T:
        """Return ``function()``; nobody else waits meanwhile."""
        return function()

    def wake(self, stage: Stage) -> None:
        """Do nothing: the other stages run by themselves."""

    def attend(self, stage: Stage, hear: Callable[[], None]) -> None:
        """Do nothing: nobody wakes a stage that runs alone."""

    async def rest(self, stage: Stage, *, until: dt.datetime | None = None) -> bool:  # noqa: ARG002
        """End the run: what is due later is the next run's."""
        self._is_ending = True
        return False

    async def wait_for_room(self, stage: Stage) -> None:
        """Return at once: the stages behind run later."""

    def count(self, stage: Stage, saved: Sequence[StageResult]) -> None:
        """Do nothing: the loop's report has the counts."""
