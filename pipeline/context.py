"""Open what a run works with, once: settings, sources, ledger, archive and index.

Archive and index are opened at first use: a stage that doesn't need them works while they are away.
"""

from __future__ import annotations

import datetime as dt
import functools
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pipeline.gc_tuning import tune_gc
from pipeline.settings import (
    Environment,
    Settings,
    Source,
    config_folder,
    load_environment,
    load_settings,
    load_sources,
)
from pipeline.store import Store

if TYPE_CHECKING:  # imported where they are used: a command that needs none of them begins a second earlier
    from pipeline.archive import Archive
    from pipeline.extract.config import Agency
    from pipeline.index import Index
    from pipeline.wires import NoticePhrases

_LOCK_WAIT_SECONDS = 60.0  # at a terminal one can wait for a large batch on a slow disk


def utc_now() -> dt.datetime:
    """Return the present time, aware."""
    return dt.datetime.now(dt.UTC)


class Context:
    """Everything that a run needs. ``open_context`` makes one from files and environment, tests make one from values.

    ``config`` is the folder of the settings files. An editor's decision waits at most ``lock_wait_seconds`` for a batch
    that is under way. With ``read_only`` the ledger can't be changed, and is left as it is.
    """

    def __init__(
        self,
        settings: Settings,
        sources: Sequence[Source],
        environment: Environment,
        *,
        config: Path,
        clock: Callable[[], dt.datetime] = utc_now,
        lock_wait_seconds: float = _LOCK_WAIT_SECONDS,
        read_only: bool = False,
    ) -> None:
        self.settings = settings
        self.sources: Mapping[str, Source] = {source.name: source for source in sources}
        self.environment = environment
        self.config = config
        self.clock = clock
        self.lock_wait_seconds = lock_wait_seconds
        self.store = Store(environment.store_url, read_only=read_only)

    @functools.cached_property
    def archive(self) -> Archive:
        """Return the archive of raw pages."""
        from pipeline.archive import Archive  # noqa: PLC0415

        return Archive(self.environment.archive_url)

    @functools.cached_property
    def agencies(self) -> tuple[Agency, ...]:
        """Return the news agencies of config/agencies.toml."""
        from pipeline.extract.config import load_agencies  # noqa: PLC0415

        return load_agencies(self.config)

    @functools.cached_property
    def notice_phrases(self) -> NoticePhrases:
        """Return how notices begin that take items back, as config/agencies.toml says."""
        from pipeline.extract.config import load_notice_phrases  # noqa: PLC0415

        return load_notice_phrases(self.config)

    def zone_of(self, source: str) -> dt.tzinfo:
        """Return the time zone in which ``source`` writes times that name none: its own where it is set, else UTC."""
        configured = self.sources.get(source)
        return zoneinfo.ZoneInfo(configured.time_zone) if configured and configured.time_zone else dt.UTC

    def agency_of(self, source: str) -> str | None:
        """Return the name of the news agency that publishes as ``source``, None where that is no agency."""
        from pipeline.extract.agencies import agency_of  # noqa: PLC0415

        configured = self.sources.get(source)
        return agency_of(source, self.agencies) or (source if configured and configured.agency else None)

    @functools.cached_property
    def index(self) -> Index:
        """Return the search index."""
        from pipeline.index import open_index  # noqa: PLC0415

        return open_index(
            self.environment.index_url,
            self.settings.index,
            api_key=self.environment.index_api_key,
            ca_file=self.environment.index_ca_file,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if "index" in self.__dict__:
            self.index.close()
        self.store.close()


def open_context(
    config: Path | None = None, *, lock_wait_seconds: float = _LOCK_WAIT_SECONDS, read_only: bool = False
) -> Context:
    """Return the context that the environment and the settings files (of the folder ``config``) describe.

    With ``read_only`` the ledger can't be changed, and is left as it is.

    Raises:
        SettingsError: A file or a variable can't be used.
        StoreError: The ledger can't be used.
    """
    tune_gc()
    config = config or config_folder()
    settings, sources, environment = load_settings(config), load_sources(config), load_environment()
    return Context(
        settings, sources, environment, config=config, lock_wait_seconds=lock_wait_seconds, read_only=read_only
    )
