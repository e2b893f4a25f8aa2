"""The items of files: pages and lines, what is no article, and where in its file each of them stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from pipeline.errors import ItemError
from pipeline.intake.packed_stream import FilePosition


class ImportedItem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a file holds: the bytes of a page or text, or a line that says what an article is."""

    where: str  # the file, and the place in it
    data: bytes | None = None
    url: str | None = None
    media_type: str | None = None
    charset: str | None = None
    fetched: dt.datetime | None = None  # when a server sent it, where that is known
    rights: tuple[str, ...] = ()  # from its headers, in the words of pipeline.rights
    line: Mapping[str, Any] | None = None
    mended: str | None = None  # what is wrong with its place in the file, though it could be read


class Omission(NamedTuple):
    """One thing that is no article and was not meant to be one: ``what`` it is."""

    what: str


class ReadItem(NamedTuple):
    """What was read: an ItemError, its detail naming the place, for what can't be used.

    Reading can go on at ``end``; None in files that are read as one.
    """

    item: ImportedItem | ItemError | Omission
    end: FilePosition | None = None
