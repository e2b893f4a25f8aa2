"""What does a stage work with? Settings, sources, ledger, archive and index, opened once."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.archive import Archive
from pipeline.extract.agencies import agency_of
from pipeline.extract.config import Agency, load_agencies
from pipeline.gc_tuning import tune_gc
from pipeline.index import Index, open_index
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

_PATIENCE = 60.0  # who sits at a terminal can wait for a large batch on a slow disk


def utc_now() -> dt.datetime:
    """Return the present time, aware."""
    return dt.datetime.now(dt.UTC)


class Context:
    """Everything that a run needs. ``open_context`` makes one from files and environment; tests from values.

    ``patience`` is for how many seconds who decides waits for a batch that is under way.
    """

    def __init__(
        self,
        settings: Settings,
        sources: Sequence[Source],
        addresses: Environment,
        *,
        config: Path,
        clock: Callable[[], dt.datetime] = utc_now,
        patience: float = _PATIENCE,
    ) -> None:
        self.settings = settings
        self.sources: Mapping[str, Source] = {source.name: source for source in sources}
        self.environment = addresses
        self.config = config
        self.clock = clock
        self.patience = patience
        self.store = Store(addresses.store_url)

    @functools.cached_property
    def archive(self) -> Archive:
        """The archive of raw pages, opened at first use."""
        return Archive(self.environment.archive_url)

    @functools.cached_property
    def agencies(self) -> tuple[Agency, ...]:
        """The news agencies of config/agencies.toml."""
        return load_agencies(self.config)

    def agency_of(self, source: str) -> str | None:
        """Return the name of the news agency that publishes as ``source``, None where that is no agency."""
        named = agency_of(source, self.agencies)
        configured = self.sources.get(source)
        return named or (source if configured and configured.agency else None)

    @functools.cached_property
    def index(self) -> Index:
        """The index, opened at first use: stages before the last one work while it is away."""
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


def open_context(config: Path | None = None, *, patience: float = _PATIENCE) -> Context:
    """Return the context that the settings files and the environment name; raises SettingsError, StoreError."""
    tune_gc()
    config = config or config_folder()
    return Context(load_settings(config), load_sources(config), load_environment(), config=config, patience=patience)
