"""The input of extraction: one page or text as it came, with what is known of it from outside."""

from __future__ import annotations

import datetime as dt

import msgspec

from pipeline.records import Entry, Page
from pipeline.settings import Source


class RawPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page or text as it came.

    ``data`` is as it came, or ``packed`` as the archive keeps it: a worker then unpacks it. ``charset`` is what HTTP
    said; ``entry`` is what the feed said; ``source`` gives time zone and language.
    """

    data: bytes
    packed: bool = False
    id: str | None = None
    url: str | None = None
    media_type: str | None = None
    charset: str | None = None
    fetched: dt.datetime | None = None
    saved: bool = False  # a file of unknown age: ``fetched`` is when it was read
    entry: Entry | None = None
    source: Source | None = None


def page_input(page: Page, entry: Entry | None, source: Source | None, packed: bytes = b"") -> RawPage:
    """Return the input for a page that was fetched, whose bytes are ``packed`` as the archive keeps them.

    Without them it tells the page from others all the same.
    """
    return RawPage(
        id=page.id,
        data=packed,
        packed=bool(packed),
        url=page.final_url,
        media_type=page.media_type,
        charset=page.charset,
        fetched=page.fetched,
        saved=page.saved,
        entry=entry,
        source=source,
    )
