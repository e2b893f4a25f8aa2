"""Repair what a broken transfer did to running text: mojibake, entities, control characters, ticks.

Quotes and ligatures are the author's and stay.
"""

from __future__ import annotations

import html
import re
import unicodedata

import ftfy
from ftfy.badness import is_bad

_FTFY = ftfy.TextFixerConfig(
    unescape_html=False,
    uncurl_quotes=False,
    fix_latin_ligatures=False,
    fix_character_width=False,
    fix_line_breaks=False,
    normalization="NFC",
)
# Control characters and the like, which ftfy takes out of text that isn't mojibake.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u206a-\u206f\ufeff\ufff9-\ufffc]")
# What mojibake always has: characters beyond ASCII side by side, or one of the letters that begin a pair. Asked first,
# because ftfy's own test takes ten times as long.
_BESIDE = re.compile(r"[^\x00-\x7f]{2}|[ÂÃŒœ]")
_INVISIBLE = dict.fromkeys([0x00AD, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF])
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{2,6}|#x[0-9a-fA-F]{2,5});")
_WIRE_QUOTES = re.compile(r"``(.+?)(?:''|´´)")
_TICK_INSIDE = re.compile(r"(?<=\w)[`´](?=\w)")
_TICK_AFTER = re.compile(r"(?<=[sSzZ])[`´](?=\s)")
_TICK_QUOTE = re.compile(r"(?<!\w)[`´](\S[^`´]*?)[`´'](?!\w)")


def repair_text(text: str) -> str:
    """Return ``text`` on one line, in NFC, without soft hyphens, mojibake, double-encoded entities and ticks.

    Mojibake is undone by ftfy (Speer 2019), which changes only what is no sensible text in any language.
    """
    if "&" in text:
        text = html.unescape(html.unescape(text)) if _ENTITY.search(text) else text
    if not text.isascii():
        damaged = (_BESIDE.search(text) and is_bad(text)) or _CONTROL.search(text)
        text = ftfy.fix_text(text, _FTFY) if damaged else unicodedata.normalize("NFC", text)
        text = text.translate(_INVISIBLE)
    if "`" in text or "´" in text:
        text = _WIRE_QUOTES.sub(r'"\1"', text)
        text = _TICK_INSIDE.sub("'", text)
        text = _TICK_QUOTE.sub(r"'\1'", text)
        text = _TICK_AFTER.sub("'", text)
    return " ".join(text.split())
