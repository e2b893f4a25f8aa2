"""The input of extraction: one page or text as it came, with what is known of it from outside."""

from __future__ import annotations

import datetime as dt

import msgspec

from pipeline.records import Entry
from pipeline.settings import Source


class RawPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page or text as it came.

    ``charset`` is what HTTP said; ``entry`` is what the feed said; ``source`` gives time zone and language.
    """

    data: bytes
    id: str | None = None
    url: str | None = None
    media_type: str | None = None
    charset: str | None = None
    fetched: dt.datetime | None = None
    entry: Entry | None = None
    source: Source | None = None
