"""The article of a file in a format of the news trade, in one shape for all of these formats.

Texts are on one line each and not empty; times are as the file states them.
"""

from __future__ import annotations

import re

import msgspec

MAX_PARAGRAPHS = 5000  # the longest reports and transcripts have some hundred

# IPTC's publication statuses (http://cv.iptc.org/newscodes/pubstatusg2/), and NITF's own for an embargo
USABLE, CANCELED, WITHHELD, EMBARGOED = "usable", "canceled", "withheld", "embargoed"
_STATUSES = {
    "cancelled": CANCELED, "cancel": CANCELED, "killed": CANCELED, "kill": CANCELED, "recalled": CANCELED,
    "hold": WITHHELD, "withhold": WITHHELD,
}  # fmt: skip


class Paragraph(msgspec.Struct, frozen=True):
    """One paragraph of the text."""

    text: str
    heading: bool = False


class Picture(msgspec.Struct, frozen=True):
    """A picture that goes with the text."""

    address: str | None = None
    caption: str | None = None
    credit: str | None = None


class ItemLink(msgspec.Struct, frozen=True):
    """Another item that an item names, by its identifier; ``relation`` is the last part of IPTC's code for it."""

    relation: str
    name: str


class WireItem(msgspec.Struct, frozen=True, kw_only=True):
    """An article as its agency wrote it down."""

    paragraphs: tuple[Paragraph, ...]
    name: str | None = None  # the agency's own identifier, the same for all versions
    version: str | None = None
    providers: tuple[str, ...] = ()  # names and codes of who sent it
    links: tuple[ItemLink, ...] = ()
    signals: tuple[str, ...] = ()  # what editors are told to do with it: the last part of each code
    note: str | None = None  # to editors
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
    status: str = USABLE  # IPTC's publication status
    embargoed: str | None = None  # until when it may not be published; "" where that is not said

    @property
    def is_withdrawn(self) -> bool:
        """Tell whether its provider says that it may not be used (any more, or for now)."""
        return self.status in {CANCELED, WITHHELD}


def last_part(code: str | None) -> str:
    """Return a code without its vocabulary: "stat:canceled", "…/pubstatusg2/canceled" → "canceled"; "" for none."""
    return re.split(r"[:/#]", code.strip().rstrip("/"))[-1].lower() if code else ""


def publication_status(code: str | None) -> str:
    """Return the status that a code of any vocabulary means, in IPTC's present spelling; usable where it says none."""
    name = last_part(code)
    status = _STATUSES.get(name, name)
    return status if status in {CANCELED, WITHHELD, EMBARGOED} else USABLE


def one_line(text: str | None) -> str | None:
    """Return ``text`` on one line; None where there is nothing in it."""
    return re.sub(r"\s+", " ", text).strip() or None if text else None


def unique_texts(values: list[str | None]) -> tuple[str, ...]:
    """Return the texts among ``values``, without repetitions, in order."""
    return tuple(dict.fromkeys(text for value in values if (text := one_line(value))))
