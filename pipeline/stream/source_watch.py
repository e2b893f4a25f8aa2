"""Take the sources of config/feeds.toml over when that file changes while stages follow.

So ``newswire feeds add`` takes effect within seconds. Other settings are read when the program starts.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import NamedTuple

from pipeline.context import Context
from pipeline.errors import SettingsError, StoreError
from pipeline.fetch import SourceTerms
from pipeline.records import Stage
from pipeline.settings import Source, load_sources, sources_file
from pipeline.stream.coordinator import StreamCoordinator

_LOOK_SECONDS = 2.0  # between two looks at the file


class FileState(NamedTuple):
    """By what a file is known to have changed."""

    inode: int
    size: int
    changed: int  # in nanoseconds


class SourceWatch:
    """Looks at config/feeds.toml every few seconds.

    Args:
        context: of the run; it gets the new sources.
        coordinator: of the run.
        terms: on which poll and fetch ask servers; None where neither runs.
    """

    def __init__(self, context: Context, coordinator: StreamCoordinator, terms: SourceTerms | None) -> None:
        self._context = context
        self._coordinator = coordinator
        self._terms = terms
        self._taken = self._seen = self._look_at_file()
        self._is_faulty = False  # whether the file, as it was last read, can't be used

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Take the sources over where the file has changed, and is the same as at the last look.

        Editors empty a file before they write it: an empty one would have all feeds forgotten.
        """
        state, before = await self._coordinator.call(self._look_at_file), self._seen
        self._seen = state
        if state is None or state == self._taken or state != before:
            return
        with contextlib.suppress(StoreError):  # the stages tell of it; the next look tries again
            await self._take_over()
            self._taken = state

    def _look_at_file(self) -> FileState | None:
        """Return the state of the file, None where there is none: then the sources stay as they are."""
        try:
            stat = sources_file(self._context.config).stat()
        except OSError:
            return None
        return FileState(stat.st_ino, stat.st_size, stat.st_mtime_ns)

    async def _take_over(self) -> None:
        context, coordinator = self._context, self._coordinator
        try:
            sources = await coordinator.call(lambda: load_sources(context.config))
            if self._terms is not None:
                self._terms.replace(sources)
        except SettingsError as error:
            self._is_faulty = True
            coordinator.tell(f"{error}; until that is mended the sources stay as they were")
            return
        now, before = context.clock(), context.sources
        await coordinator.call(lambda: context.store.feeds.sync_feeds(sources, now))
        context.sources = {source.name: source for source in sources}
        coordinator.rouse({Stage.POLL})
        changes = describe_changes(before, context.sources) or ("the sources are as before" if self._is_faulty else "")
        self._is_faulty = False
        if changes:
            coordinator.tell(f"{sources_file(context.config)} has changed: {changes}")


def describe_changes(before: Mapping[str, Source], after: Mapping[str, Source]) -> str:
    """Return which sources are new, gone and changed, in words; an empty text where none is: pure."""
    names = {
        "new": [name for name in after if name not in before],
        "gone": [name for name in before if name not in after],
        "changed": [name for name in after if name in before and before[name] != after[name]],
    }
    return "; ".join(f"{kind}: {_list_names(of_kind)}" for kind, of_kind in names.items() if of_kind)


def _list_names(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
