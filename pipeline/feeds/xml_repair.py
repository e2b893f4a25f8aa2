"""Repair what XML parsers fail on, before a feed's text is parsed.

Each function takes one pass, linear in time, whatever the text.
"""

from __future__ import annotations

import re
import sys
from html import escape
from html.entities import html5

# A numeric reference (with its semicolon or without), or a named one, or an ampersand that begins neither.
_AMPERSAND = re.compile(r"&(?:#(?:([0-9]+)|[xX]([0-9a-fA-F]+));?|([a-zA-Z][a-zA-Z0-9]{0,40})(;?)|)")
_NUMERIC = re.compile(r"&#(?:([0-9]+)|[xX]([0-9a-fA-F]+));?")
# Two references to the halves of a character beyond U+FFFF, as JavaScript and Java count characters.
_SURROGATE_PAIR = re.compile(
    r"&#(?:(5[56]\d{3})|[xX]([dD][89abAB][0-9a-fA-F]{2}));?&#(?:(5[67]\d{3})|[xX]([dD][c-fC-F][0-9a-fA-F]{2}));?"
)
_HIGH, _LOW = range(0xD800, 0xDC00), range(0xDC00, 0xE000)
_SURROGATES = range(0xD800, 0xE000)
_CONTROLS = frozenset({*range(0x01, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F, 0xFFFE, 0xFFFF})
# What numbers of C1 controls mean (HTML standard, 13.2.5.80): Windows-1252's characters; those that it lacks are none.
_WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
_XML_NAMES = frozenset({"amp", "lt", "gt", "quot", "apos"})
# Where an address ends that an ampersand may stand in, seen from there backwards.
_END_OF_ADDRESS = re.compile(r"[\s<>\"']")
_LONGEST_ADDRESS = 8000
_SPACE = "nbsp"  # the name that is run together with the next word ("5&nbspkm")
_LITERAL = (("<![CDATA[", "]]>"), ("<!--", "-->"))  # in these an ampersand is one


def with_safe_references(text: str) -> str:
    """Return ``text`` with references that every XML parser reads, the same way.

    HTML's named characters become these characters, halves of a character (surrogates) the whole, Windows-1252's
    numbers its characters; what refers to no character becomes U+FFFD, to a control character nothing. Other ampersands
    are escaped: ``R&D``, ``?a=1&copy=2``. In CDATA and comments only numeric references are looked at.
    """
    parts, at = list[str](), 0
    text = _SURROGATE_PAIR.sub(_whole_character, text)
    while at < len(text):
        begin, close = _next_literal(text, at)
        parts.append(_AMPERSAND.sub(_safe_ampersand, text[at:begin]))
        parts.append(_NUMERIC.sub(_safe_number, text[begin:close]))
        at = close
    return "".join(parts)


def with_safe_ampersands(fragment: str) -> str:
    """Return a fragment of HTML with those ampersands escaped that begin no reference as HTML writes it."""
    return _AMPERSAND.sub(_safe_ampersand, fragment)


def _next_literal(text: str, at: int) -> tuple[int, int]:
    """Return where the next CDATA section or comment begins and ends; the end of ``text`` twice where there is none."""
    begins = [(begin, opening, ending) for opening, ending in _LITERAL if (begin := text.find(opening, at)) >= 0]
    if not begins:
        return len(text), len(text)
    begin, opening, ending = min(begins)
    close = text.find(ending, begin + len(opening))
    return begin, close + len(ending) if close >= 0 else len(text)


def _whole_character(match: re.Match[str]) -> str:
    high = int(match[1]) if match[1] else int(match[2], 16)
    low = int(match[3]) if match[3] else int(match[4], 16)
    if high not in _HIGH or low not in _LOW:
        return match[0]
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _safe_number(match: re.Match[str]) -> str:
    """Return a numeric reference with its semicolon, or what stands for it where XML forbids it."""
    decimal, hexadecimal = match[1], match[2]
    digits = (decimal or hexadecimal).lstrip("0")
    if len(digits) > len(str(sys.maxunicode)):
        return "\ufffd"
    code = int(digits or "0", 10 if decimal else 16)
    if code in _WINDOWS or code in _CONTROLS:
        return _WINDOWS.get(code, "")
    if code == 0 or code > sys.maxunicode or code in _SURROGATES:
        return "\ufffd"
    return match[0] if match[0].endswith(";") else match[0] + ";"


def _safe_ampersand(match: re.Match[str]) -> str:
    """Return what an ampersand and what follows it stand for, as XML writes it."""
    name, semicolon = match[3] or "", match[4]
    if match[1] or match[2]:
        return _safe_number(match)
    if semicolon and name in _XML_NAMES:
        return match[0]
    characters = html5.get(name + ";") if semicolon else None
    if not semicolon and name in html5 and not _goes_on_as_address(match):
        characters = html5[name]
    if characters is None and name.startswith(_SPACE) and not _stands_in_address(match):
        return "\u00a0" + name.removeprefix(_SPACE) + semicolon
    return "&amp;" + match[0][1:] if characters is None else escape(characters)


def _goes_on_as_address(match: re.Match[str]) -> bool:
    """Tell whether a name without semicolon is a parameter's (``?a=1&copy=2``), or only a part of a word."""
    follows = match.string[match.end() : match.end() + 1]
    return follows == "=" or follows.isalnum() or _stands_in_address(match)


def _stands_in_address(match: re.Match[str]) -> bool:
    text, begin = match.string, match.start()
    before = _END_OF_ADDRESS.split(text[max(0, begin - _LONGEST_ADDRESS) : begin])[-1]
    return "?" in before or "://" in before


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
        while end >= 0 and (follows := _skip_space(text, end + 1)) < len(text) and text[follows] != ">":
            end = text.find("]", end + 1)
        close = text.find(">", end) if end >= 0 else -1
    return close + 1 if close >= 0 else len(text)
