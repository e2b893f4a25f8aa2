"""Decode the bytes of feeds and pages into text.

The bytes decide before what is declared. A charset's name means what browsers take it for (WHATWG Encoding standard),
as w3lib resolves it.
"""

from __future__ import annotations

import re

from w3lib.encoding import html_body_declared_encoding, read_bom, resolve_encoding

from pipeline.errors import ItemError
from pipeline.records import Outcome, Reason

# How "<" and white space before it look in UTF-16 without a BOM (XML 1.0, appendix F).
_WIDE = re.compile(rb"(?:[ \t\r\n]\0)*(<\0)|(?:\0[ \t\r\n])*(\0<)")
_FEED_HEAD = 2048  # bytes: the XML declaration and the feed's language stand at the beginning
_PAGE_HEAD = 4096  # bytes in which a page declares its charset
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
_LANGUAGE = re.compile(rb"(?:<(?:dc:)?language>\s*|xml:lang\s*=\s*[\"'])([a-zA-Z]{2,3})\b")
# Encodings in which text of 7-bit bytes isn't ASCII.
_STATEFUL = ("iso-2022", "iso2022", "hz")
# The encodings that browsers assume for pages in these languages (HTML standard, 13.2.3.2).
_BY_LANGUAGE = {
    language: encoding
    for encoding, languages in {
        "windows-1250": "cs hr hu pl sk sl ro",
        "windows-1251": "be bg mk ru sr uk kk ky tg",
        "windows-1253": "el",
        "windows-1254": "tr ku az",
        "windows-1255": "he",
        "windows-1256": "ar fa ur",
        "windows-1257": "et lt lv",
        "windows-1258": "vi",
        "windows-874": "th",
        "cp932": "ja",
        "gb18030": "zh",
        "cp949": "ko",
    }.items()
    for language in languages.split()
}
# What rarely stands in text that was read rightly: a Latin letter beside one of another alphabet, two accented
# Western letters in a row, control characters, replacement characters.
_UNLIKELY = re.compile(
    r"[a-zA-Z][Ͱ-ϿЀ-ӿ֐-ۿ]|[Ͱ-ϿЀ-ӿ֐-ۿ][a-zA-Z]|[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff]{2}|[\x80-\x9f\ufffd]"
)
_UNLIKELY_SHARE = 0.3  # of the characters that aren't ASCII, in a reading that is believed without a look at others
_BAD_SHARE = 0.01  # of a page's characters that may be unreadable where it is UTF-8 but for a few broken ones
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML 1.0, section 2.2


def decode_feed(data: bytes, charset: str | None = None) -> str:
    """Return the text of a feed, sitemap or robots.txt; what can't be read becomes U+FFFD.

    feedparser believes what is declared, and one bad byte turns a whole feed into mojibake. Here a BOM decides, then
    valid (or all but valid) UTF-8, then what is declared, each judged by the text that comes out. Characters that XML
    forbids are left out. ``charset`` is what the HTTP header says.
    """
    return _NOT_XML.sub("", _decode_feed(data, charset))


def decode_page(data: bytes, charset: str | None = None) -> str:
    """Return the text of a page.

    In this order: byte order mark; UTF-8 where the bytes are valid (other charsets hardly ever are by chance); what
    HTTP (``charset``) and then the page declare, where the bytes are valid in it; UTF-8 with a few broken characters;
    Windows-1252, the web's own fall-back.

    Raises:
        ItemError: UNREADABLE (quarantined) where nothing fits.
    """
    encoding, mark = read_bom(data)
    if encoding:
        return data[len(mark or b"") :].decode(encoding, "replace")
    declared = [name for name in (charset, html_body_declared_encoding(data[:_PAGE_HEAD])) if name]
    stateful = [name for name in declared if _is_stateful(name)] if b"\x1b" in data else []
    for name in [*stateful, "utf-8", *declared]:
        encoding = resolve_encoding(name)
        if encoding is None:
            continue
        try:
            return data.decode(encoding)
        except (LookupError, ValueError):  # no encoding of text, or not that of these bytes
            continue
    text = data.decode("utf-8", "replace")
    beyond_ascii = sum(not character.isascii() for character in text)
    broken = text.count("\ufffd")
    if broken <= _BAD_SHARE * len(text) and broken * 2 < beyond_ascii:
        return text
    text = data.decode("cp1252", "replace")
    if text.count("\ufffd") > _BAD_SHARE * len(text):
        raise ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, f"its bytes are in no known charset ({declared})")
    return text


def _is_stateful(name: str) -> bool:
    return name.lower().replace("_", "-").startswith(_STATEFUL)


def _decode_feed(data: bytes, charset: str | None) -> str:
    encoding, mark = read_bom(data)
    if encoding:
        return data[len(mark or b"") :].decode(encoding, "replace")
    if wide := _WIDE.match(data):
        return data.decode("utf-16-le" if wide[1] else "utf-16-be", "replace")
    head = data[:_FEED_HEAD]
    match = _DECLARED.search(head)
    declared = [name for name in (match[1].decode() if match else None, charset) if name]
    for name in declared:
        if _is_stateful(name) and (text := _read_as(data, name)) is not None:
            return text
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    # Bad bytes in a UTF-8 text are fewer than its other characters; other encodings read as UTF-8 are nearly all bad.
    if bad == 0 or 4 * bad < sum(map(len, re.findall(r"[^\x00-\x7f\ufffd]+", text))):
        return text
    language = _LANGUAGE.search(head)
    by_language = _BY_LANGUAGE.get(language[1].decode().lower()[:2]) if language else None
    return _most_likely(data, [*declared, by_language, "windows-1252", "windows-1251"]) or text


def _most_likely(data: bytes, names: list[str | None]) -> str | None:
    """Return the first reading that looks like text, else the least unlikely one."""
    best: tuple[float, str] | None = None
    for encoding in dict.fromkeys(resolve_encoding(name) for name in names if name):
        text = _read_as(data, encoding) if encoding else None
        if text is None:
            continue
        special = sum(map(len, re.findall(r"[^\x00-\x7f]+", text)))
        share = len(_UNLIKELY.findall(text)) / max(special, 1)
        if share < _UNLIKELY_SHARE:
            return text
        if best is None or share < best[0]:
            best = share, text
    return best[1] if best else None


def _read_as(data: bytes, name: str) -> str | None:
    """Return ``data`` read as the charset ``name``, None where that is no text encoding or a poor fit."""
    encoding = resolve_encoding(name)
    if encoding is None or encoding.startswith("utf"):
        return None  # unknown, tried before, or a lie: text in UTF-16 and UTF-32 holds zero bytes
    try:
        text = data.decode(encoding, "replace")
    except (LookupError, ValueError):
        return None
    return text if text.count("\ufffd") <= len(data) // 50 else None
