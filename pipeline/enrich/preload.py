"""Load what finding names needs, in the process that workers are forked from: they share its memory.

Only the fork server imports this module (``pipeline.workers.preload``), which can do nothing but import. What the
settings of this process name is loaded; a worker with other ones loads its own.
"""

from __future__ import annotations

import contextlib
import gc

from pipeline.enrich import name_workers, recognisers
from pipeline.errors import NewswireError
from pipeline.settings import config_folder, load_settings
from pipeline.workers import sharing

__all__ = ["name_workers"]


def _load() -> None:
    with contextlib.suppress(NewswireError):  # a worker says what is wrong
        recognisers.load_shared(load_settings().entities, config_folder())


with sharing():
    _load()
gc.freeze()  # a collection in a worker would copy what it looks at
