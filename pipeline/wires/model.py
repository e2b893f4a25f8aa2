"""The article of a file in a format of the news trade, in one shape for all of these formats.

Texts are on one line each and not empty; times are as the file states them.
"""

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
    """An article as its agency wrote it down."""

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
    """Return ``text`` on one line; None where there is nothing in it."""
    return re.sub(r"\s+", " ", text).strip() or None if text else None


def unique_texts(values: list[str | None]) -> tuple[str, ...]:
    """Return the texts among ``values``, without repetitions, in order."""
    return tuple(dict.fromkeys(text for value in values if (text := one_line(value))))
