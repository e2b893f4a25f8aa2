"""Read articles in the formats of the news trade: NITF, NewsML-G2, ninjs, e-mail, Word.

Each format becomes a ``WireItem`` or a ``Mail``; what they say of an article is decided in ``pipeline.extract``.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from lxml import etree

from pipeline.errors import ItemError
from pipeline.records import Outcome, Reason
from pipeline.wires import docx, newsml, ninjs, nitf
from pipeline.wires.mail import Mail, parse_mail
from pipeline.wires.markup import parse_xml
from pipeline.wires.model import CANCELED, USABLE, WITHHELD, ItemLink, Paragraph, Picture, WireItem
from pipeline.wires.notices import NoticePhrases, WithdrawalNotice, find_item_notice, find_notice, is_address
from pipeline.wires.versions import (
    Arrival,
    ItemStanding,
    decide_arrival,
    is_newer,
    is_same_sender,
    merge_standing,
    order_of_version,
    standing_of,
)

__all__ = [
    "CANCELED",
    "USABLE",
    "WITHHELD",
    "Arrival",
    "Format",
    "ItemLink",
    "ItemStanding",
    "Mail",
    "NoticePhrases",
    "Paragraph",
    "Picture",
    "WireItem",
    "WithdrawalNotice",
    "decide_arrival",
    "detect_format",
    "find_item_notice",
    "find_notice",
    "is_address",
    "is_newer",
    "is_same_sender",
    "merge_standing",
    "ninjs",
    "order_of_version",
    "parse_mail",
    "parse_wire_item",
    "read_wire_item",
    "split_items",
    "standing_of",
]

_HEAD_BYTES = 4096  # in which a root element or the first headers stand
_ROOT = re.compile(rb"<(?:[\w-]+:)?(nitf|newsItem|newsMessage|packageItem)[\s>/]")
_NINJS_WITHOUT_URI = re.compile(rb'(?=.*"guid")(?=.*"(?:headline|body_html|pubstatus)")', re.DOTALL)
_HEADER = re.compile(rb"(?:[A-Za-z][A-Za-z-]{1,40}:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){3,}")
_MAIL = re.compile(rb"^(?:from|subject|mime-version|message-id|received):", re.IGNORECASE | re.MULTILINE)


class Format(enum.Enum):
    """The formats that are recognised by their first bytes."""

    NITF = "NITF"
    NEWSML = "NewsML-G2"
    NINJS = "ninjs"
    MAIL = "e-mail"
    DOCX = "Word"


def detect_format(data: bytes, path: str | None = None, media_type: str | None = None) -> Format | None:
    """Return the format of a file by its first bytes, its name and its media type; None for any other."""
    if docx.is_docx(data):
        return Format.DOCX
    head = data[:_HEAD_BYTES]
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    suffix = PurePosixPath(urlsplit(path or "").path.removesuffix(".gz")).suffix.lower()
    declared = (media_type or "").partition(";")[0].strip().lower()
    if start.startswith(b"<") and (root := _ROOT.search(head)):
        return Format.NITF if root[1] == b"nitf" else Format.NEWSML
    if start.startswith(b"{") and (suffix in {".json", ".ninjs"} or "json" in declared or _names_ninjs(head)):
        return Format.NINJS
    header = _HEADER.match(start)
    if suffix == ".eml" or declared == "message/rfc822" or (header and len(set(_MAIL.findall(header[0]))) > 1):
        return Format.MAIL
    return None


def _names_ninjs(head: bytes) -> bool:
    return b'"uri"' in head or bool(_NINJS_WITHOUT_URI.match(head))


def parse_wire_item(data: bytes) -> WireItem:
    """Return the article of a NITF, NewsML-G2, ninjs or Word file; of a message's items the first with a text.

    Raises:
        ItemError: UNREADABLE, TOO_LARGE, BAD_RECORD or NOT_HTML where it can't be read, NO_TEXT where it holds no
            text, WITHDRAWN where its provider has canceled or withheld it.
    """
    item = read_wire_item(data)
    if item.is_withdrawn:
        raise ItemError(Outcome.DROPPED, Reason.WITHDRAWN, f"its provider says: {item.status}")
    if not item.paragraphs:
        raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, "it holds no text")
    return item


def read_wire_item(data: bytes) -> WireItem:
    """Return what a NITF, NewsML-G2, ninjs or Word file says, of a withdrawn item and of one without a text too.

    Raises:
        ItemError: UNREADABLE, TOO_LARGE, BAD_RECORD, NOT_HTML or NO_TEXT where it can't be read.
    """
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        item = ninjs.parse_ninjs(data)
    elif docx.is_docx(data):
        item = docx.parse_docx(data)
    else:
        root = parse_xml(data)
        if root.tag == "nitf":
            item = nitf.parse_nitf(root)
        else:
            news_items = newsml.list_items(root)
            if not news_items:
                remote = newsml.list_remote_texts(root)
                detail = f"; it stands elsewhere: {remote[0]}" if remote else ""
                raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, f"no item of the {root.tag} holds a text{detail}")
            item = newsml.parse_news_item(news_items[0])
    return item


def split_items(data: bytes) -> Iterator[bytes]:
    """Yield each item of a NewsML-G2 message that holds a text, as a document of its own; else ``data`` itself."""
    if detect_format(data) is not Format.NEWSML:
        yield data
        return
    news_items = newsml.list_items(parse_xml(data))
    if len(news_items) < 2:  # noqa: PLR2004
        yield data
    else:
        yield from (etree.tostring(item, encoding="utf-8", xml_declaration=True) for item in news_items)
