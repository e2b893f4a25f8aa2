"""Decode the bytes of feeds and pages into text.

The bytes decide before what is declared. A charset's name means what browsers take it for (WHATWG Encoding standard),
as w3lib resolves it.
"""

from __future__ import annotations

import contextlib
import re
from itertools import pairwise

from w3lib.encoding import html_body_declared_encoding, read_bom, resolve_encoding

from pipeline.charset_detection import decode, likely_encoding
from pipeline.errors import ItemError
from pipeline.records import Outcome, Reason

# How "<" and white space before it look in UTF-16 and UTF-32 without a BOM (XML 1.0, appendix F).
_WIDE = re.compile(
    rb"(?:[ \t\r\n]\0\0\0)*(?P<a><\0\0\0)|(?:\0\0\0[ \t\r\n])*(?P<b>\0\0\0<)"
    rb"|(?:[ \t\r\n]\0)*(?P<c>[<{]\0)|(?:\0[ \t\r\n])*(?P<d>\0[<{])"
)
_WIDE_NAMES = {"a": "utf-32-le", "b": "utf-32-be", "c": "utf-16-le", "d": "utf-16-be"}
_HALVES = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")
_ENTRY = re.compile(rb"<(?:[\w-]{1,20}:)?(?:item|entry|url)[\s>]")
_WIDE_UTF_8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
# A character that was cut in two where a text was shortened.
_CUT_CHARACTER = re.compile(
    rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})(?=\s*(?:<|\]\]>|\.\.\.|\xe2\x80\xa6|\Z))"
)
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]{1,2}")
_FEED_HEAD = 2048  # bytes: the XML declaration and the feed's language stand at the beginning
_PAGE_HEAD = 4096  # bytes in which a page declares its charset
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
_PAGE_LANGUAGE = re.compile(rb"<html[^>]{0,500}?\blang\s*=\s*[\"']?([a-zA-Z]{2,3})\b", re.IGNORECASE)
_LANGUAGE = re.compile(rb"(?:<(?:dc:)?language>\s*|xml:lang\s*=\s*[\"'])([a-zA-Z]{2,3})\b")
# Encodings in which text of 7-bit bytes isn't ASCII.
_STATEFUL = ("iso-2022", "iso2022", "hz")
_BAD_SHARE = 0.01  # of a page's characters that may be unreadable where it is UTF-8 but for a few broken ones
# A page that has much beyond ASCII and fits no language better than this is no text.
_LEAST_FIT, _MUCH = 0.8, 0.1
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML 1.0, section 2.2


def decode_feed(data: bytes, charset: str | None = None, language: str | None = None) -> str:
    """Return the text of a feed, sitemap or robots.txt; what can't be read becomes U+FFFD.

    feedparser believes what is declared, and one bad byte turns a whole feed into mojibake. Here a BOM decides, then
    valid UTF-8, then what is declared, the language and the letters that come out. Where some entries are UTF-8 and
    others aren't, each is read by itself. Characters that XML forbids are left out.

    Args:
        data: the bytes.
        charset: what the HTTP header says.
        language: what is known of the feed's language, where the feed itself says nothing.
    """
    return _NOT_XML.sub("", _decode_feed(data, charset, language))


def decode_page(data: bytes, charset: str | None = None) -> str:
    """Return the text of a page.

    In this order: byte order mark; UTF-8 where the bytes are valid (other charsets hardly ever are by chance); what
    HTTP (``charset``) and then the page declare, where the text makes sense; UTF-8 with a few broken characters; what
    the page's language and its letters say; Windows-1252, the web's own fall-back.

    Raises:
        ItemError: UNREADABLE (quarantined) where nothing fits.
    """
    encoding, mark = read_bom(data)
    if encoding:
        return data[len(mark or b"") :].decode(encoding, "replace")
    head = data[:_PAGE_HEAD]
    declared = [name for name in (charset, html_body_declared_encoding(head)) if name]
    if (text := _decode_plainly(data, declared)) is not None:
        return text
    data = _whole_characters(data)
    text = data.decode("utf-8", "replace")
    beyond_ascii = sum(not character.isascii() for character in text)
    broken = text.count("\ufffd")
    if broken <= _BAD_SHARE * len(text) and broken * 2 < beyond_ascii:
        return text
    reading = likely_encoding(data, declared, _language(_PAGE_LANGUAGE, head))
    text = decode(data, reading.encoding)
    is_strange = reading.fit < _LEAST_FIT and len(_BEYOND_ASCII.findall(data)) > _MUCH * len(data)
    if text.count("\ufffd") > _BAD_SHARE * len(text) or is_strange:
        raise ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, f"its bytes are in no known charset ({declared})")
    return text


def _decode_plainly(data: bytes, declared: list[str]) -> str | None:
    """Return what is told without a look at letters: wide and stateful encodings, valid UTF-8; None for others."""
    if wide := _wide_encoding(data):
        return data.decode(wide, "replace")
    for name in declared:
        if name.lower().replace("_", "-").startswith(_STATEFUL) and (b"\x1b" in data or b"~{" in data):
            with contextlib.suppress(LookupError, ValueError):
                return data.decode(resolve_encoding(name) or name)
    if b"\x1b$" in data and data.isascii():  # no text has this but what switches to Japanese (RFC 1468)
        with contextlib.suppress(ValueError):
            return data.decode("iso2022_jp_ext")
    with contextlib.suppress(ValueError):
        return data.decode("utf-8")
    return None


def _wide_encoding(data: bytes) -> str | None:
    """Return which of UTF-16 and UTF-32 markup without a byte order mark is in, None for neither."""
    match = _WIDE.match(data)
    return _WIDE_NAMES[match.lastgroup or ""] if match else None


def _whole_characters(data: bytes) -> bytes:
    """Return ``data`` with characters that were encoded by halves (CESU-8, as Java and MySQL do it) in UTF-8."""
    if b"\xed" not in data:
        return data
    return _HALVES.sub(
        lambda match: (
            match[0].decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16").encode()
        ),
        data,
    )


def _language(pattern: re.Pattern[bytes], head: bytes) -> str | None:
    match = pattern.search(head)
    return match[1].decode() if match else None


def _decode_feed(data: bytes, charset: str | None, language: str | None) -> str:
    encoding, mark = read_bom(data)
    if encoding and (encoding != "utf-8" or _is_utf_8(data)):
        return data[len(mark or b"") :].decode(encoding, "replace")
    data, head = data.removeprefix(b"\xef\xbb\xbf"), data[:_FEED_HEAD]
    match = _DECLARED.search(head)
    declared = [name for name in (match[1].decode() if match else None, charset) if name]
    if (text := _decode_plainly(data, declared)) is not None:
        return text
    data = _whole_characters(data)
    parts = [data[begin:end] for begin, end in pairwise([0, *(m.start() for m in _ENTRY.finditer(data)), len(data)])]
    bad = [part for part in parts if not _is_mostly_utf_8(part)]
    good = sum(len(_WIDE_UTF_8.findall(part)) for part in parts if part not in bad)
    if not bad or (good and all(_is_mostly_utf_8(_CUT_CHARACTER.sub(b"", part)) for part in bad)):
        return data.decode("utf-8", "replace")
    reading = likely_encoding(b"".join(bad), declared, _language(_LANGUAGE, head) or language)
    if good * 10 < len(_BEYOND_ASCII.findall(b"".join(bad))):
        bad = parts  # a few entries that are UTF-8 by chance only
    return "".join(decode(part, reading.encoding) if part in bad else part.decode("utf-8", "replace") for part in parts)


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except ValueError:
        return False
    return True


def _is_mostly_utf_8(data: bytes) -> bool:
    """Tell whether ``data`` is UTF-8 but for a few bad bytes: other encodings read as UTF-8 are nearly all bad."""
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    return bad == 0 or 4 * bad < sum(map(len, re.findall(r"[^\x00-\x7f\ufffd]+", text)))
