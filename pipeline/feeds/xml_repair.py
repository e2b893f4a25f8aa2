"""Which text do a feed's bytes spell?

feedparser believes what is declared, and one bad byte turns a whole feed into mojibake. Here the bytes decide: a BOM,
then valid (or all but valid) UTF-8, then what is declared, each judged by the text that comes out.
"""

from __future__ import annotations

import codecs
import re
import sys

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose BOM it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# How "<" and white space before it look in UTF-16 without a BOM (XML 1.0, appendix F).
_WIDE = re.compile(rb"(?:[ \t\r\n]\0)*(<\0)|(?:\0[ \t\r\n])*(\0<)")
_HEAD = 2048  # declarations and the feed's language stand at the beginning
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
_LANGUAGE = re.compile(rb"(?:<(?:dc:)?language>\s*|xml:lang\s*=\s*[\"'])([a-zA-Z]{2,3})\b")
# Encodings in which text of 7-bit bytes isn't ASCII.
_STATEFUL = ("iso-2022-", "iso2022", "hz")
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
# The wider encodings that browsers read these names as (WHATWG Encoding standard).
_WIDER = {
    "iso-8859-1": "windows-1252",
    "latin-1": "windows-1252",
    "latin1": "windows-1252",
    "us-ascii": "windows-1252",
    "ascii": "windows-1252",
    "iso-8859-9": "windows-1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "x-sjis": "cp932",
    "windows-874": "cp874",
}
# What rarely stands in text that was read rightly: a Latin letter beside one of another alphabet, two accented
# Western letters in a row, control characters, replacement characters.
_UNLIKELY = re.compile(
    r"[a-zA-Z][Ͱ-ϿЀ-ӿ֐-ۿ]|[Ͱ-ϿЀ-ӿ֐-ۿ][a-zA-Z]|[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff]{2}|[\x80-\x9f\ufffd]"
)
_UNLIKELY_SHARE = 0.3  # of the characters that aren't ASCII, in a reading that is believed without a look at others
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML 1.0, section 2.2

_REFERENCE = re.compile(r"&#(?:([0-9]+)|[xX]([0-9a-fA-F]+));?")
_SURROGATES = range(0xD800, 0xE000)


def decode(data: bytes, charset: str | None = None) -> str:
    """Return the text of ``data``; ``charset`` is what the HTTP header says. Characters that XML forbids are left out.

    Never fails: what can't be read becomes U+FFFD.
    """
    return _NOT_XML.sub("", _decode(data, charset))


def _decode(data: bytes, charset: str | None) -> str:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(encoding, "replace")
    if wide := _WIDE.match(data):
        return data.decode("utf-16-le" if wide[1] else "utf-16-be", "replace")
    head = data[:_HEAD]
    match = _DECLARED.search(head)
    declared = [name.lower() for name in (match[1].decode() if match else None, charset) if name]
    for name in declared:
        if name.startswith(_STATEFUL) and (text := _read(data, name)) is not None:
            return text
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    # Bad bytes in a UTF-8 text are fewer than its other characters; other encodings read as UTF-8 are nearly all bad.
    if bad == 0 or 4 * bad < sum(map(len, re.findall(r"[^\x00-\x7f\ufffd]+", text))):
        return text
    language = _LANGUAGE.search(head)
    by_language = _BY_LANGUAGE.get(language[1].decode().lower()[:2]) if language else None
    return _most_likely(data, [*declared, by_language, "windows-1252", "windows-1251"]) or text


def _most_likely(data: bytes, encodings: list[str | None]) -> str | None:
    """Return the first reading that looks like text, else the least unlikely one."""
    best: tuple[float, str] | None = None
    for encoding in dict.fromkeys(_WIDER.get(name, name) for name in encodings if name):
        text = _read(data, encoding)
        if text is None:
            continue
        special = sum(map(len, re.findall(r"[^\x00-\x7f]+", text)))
        share = len(_UNLIKELY.findall(text)) / max(special, 1)
        if share < _UNLIKELY_SHARE:
            return text
        if best is None or share < best[0]:
            best = share, text
    return best[1] if best else None


def _read(data: bytes, encoding: str) -> str | None:
    """Return ``data`` read as ``encoding``, None where that is no text encoding or a poor fit."""
    if encoding.startswith(("utf-8", "utf8", "utf-16", "utf16", "utf-32", "utf32", "utf-7")):
        return None  # tried before, or a lie: such text holds zero bytes
    try:
        text = data.decode(encoding, "replace")
    except (LookupError, ValueError):
        return None
    return text if text.count("\ufffd") <= len(data) // 50 else None


def with_safe_references(text: str) -> str:
    """Return ``text`` with U+FFFD for references to what is no character: parsers fail on those, each its own way."""
    return _REFERENCE.sub(_safe_reference, text)


def _safe_reference(match: re.Match[str]) -> str:
    digits = match[1] or match[2]
    if len(digits.lstrip("0")) > len(str(sys.maxunicode)):
        return "\ufffd"
    code = int(digits, 10 if match[1] else 16)
    return match[0] if 0 < code <= sys.maxunicode and code not in _SURROGATES else "\ufffd"


def without_prolog(text: str) -> str:
    """Return ``text`` from its first element on: no declaration, no DOCTYPE, no comments before it.

    Those make feedparser's patterns run for minutes, and a DOCTYPE may define entities. One pass, linear in time.
    """
    at = 0
    while True:
        at = _skip_space(text, at)
        if text.startswith("<!--", at):
            end = text.find("-->", at)
            at = end + 3 if end >= 0 else len(text)
        elif text.startswith("<?", at):
            end = text.find(">", at)
            at = end + 1 if end >= 0 else len(text)
        elif text[at : at + 9].upper() == "<!DOCTYPE":
            at = _end_of_doctype(text, at)
        else:
            return text[at:]


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _end_of_doctype(text: str, at: int) -> int:
    """Return where the DOCTYPE at ``at`` ends, its internal subset included."""
    close = text.find(">", at)
    subset = text.find("[", at, max(close, at))
    if subset >= 0:
        end = text.find("]", subset)
        while end >= 0 and (after := _skip_space(text, end + 1)) < len(text) and text[after] != ">":
            end = text.find("]", end + 1)
        close = text.find(">", end) if end >= 0 else -1
    return close + 1 if close >= 0 else len(text)
