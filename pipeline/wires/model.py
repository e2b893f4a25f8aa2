"""What does a file in a format of the news trade say? The same for all of these formats."""

from __future__ import annotations

import re

import msgspec

MAX_PARAGRAPHS = 5000  # the longest reports and transcripts have some hundred


class Paragraph(msgspec.Struct, frozen=True):
    """One paragraph of the text."""

    text: str
    heading: bool = False


class Picture(msgspec.Struct, frozen=True):
    """A picture that goes with the text."""

    address: str | None = None
    caption: str | None = None
    credit: str | None = None


class WireItem(msgspec.Struct, frozen=True, kw_only=True):
    """An article as its agency wrote it down. Times are as they stand there."""

    paragraphs: tuple[Paragraph, ...]
    name: str | None = None  # the agency's own identifier
    url: str | None = None
    title: str | None = None
    standfirst: str | None = None
    bylines: tuple[str, ...] = ()
    credit: str | None = None  # who supplied it
    published: str | None = None
    modified: str | None = None
    language: str | None = None
    dateline: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    rights: str | None = None
    status: str = "usable"  # or "canceled", "withheld": IPTC's publication status


def one_line(text: str | None) -> str | None:
    """Return ``text`` on one line, None for none."""
    return re.sub(r"\s+", " ", text).strip() or None if text else None


def unique_texts(values: list[str | None]) -> tuple[str, ...]:
    """Return the values that there are, each once, in order."""
    return tuple(dict.fromkeys(one for value in values if (one := one_line(value))))
