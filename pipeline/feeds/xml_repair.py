"""Repair what XML parsers fail on, before a feed's text is parsed.

Each function takes one pass, linear in time, whatever the text.
"""

from __future__ import annotations

import re
import sys

_REFERENCE = re.compile(r"&#(?:([0-9]+)|[xX]([0-9a-fA-F]+));?")
_SURROGATES = range(0xD800, 0xE000)


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
        while end >= 0 and (follows := _skip_space(text, end + 1)) < len(text) and text[follows] != ">":
            end = text.find("]", end + 1)
        close = text.find(">", end) if end >= 0 else -1
    return close + 1 if close >= 0 else len(text)
