"""Format what the commands of newswire feeds print."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from pipeline.settings import sources_file, writable_config_folder


def feeds_file() -> Path:
    """Return where the file of sources is."""
    return sources_file(writable_config_folder())


def format_minute(time: dt.datetime | None, default: str | None = None) -> str | None:
    """Return a time to the minute, ``default`` for None."""
    return f"{time:%Y-%m-%d %H:%M}" if time else default
