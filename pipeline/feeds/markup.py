"""Turn titles and summaries into text.

Feeds put markup where text belongs, and escape it once too often.
"""

from __future__ import annotations

import html
import re
from html.entities import html5

from lxml import etree

from pipeline.feeds.xml_repair import with_safe_ampersands
from pipeline.mojibake import undo_double_encoding

_MAX_TITLE = 1000  # characters; longer ones are misplaced bodies
_MAX_TEXT = 100_000
# Elements that occur in titles. Others, such as <T> or <canvas>, may be what the title speaks of.
_TAGS = re.compile(
    r"</?(?:a|abbr|acronym|b|big|blockquote|br|center|cite|code|dd|del|dfn|div|dl|dt|em|figcaption|figure|font|h[1-6]|hr|i"
    r"|iframe|img|ins|kbd|label|li|link|mark|nobr|object|ol|p|pre|q|s|samp|script|section|small|span|strike|strong|style"
    r"|sub|sup|svg|table|tbody|td|th|time|tr|tt|u|ul|var|video|wbr)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_CODE = re.compile(r"<(script|style)\b[^<>]*>[^<]*</\1\s*>", re.IGNORECASE)
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|[\n\r\u2028\u2029]")
_BLOCKS = frozenset(
    "address article blockquote br dd div dl dt figure h1 h2 h3 h4 h5 h6 hr li ol p pre section table td tr ul".split()
)
_SILENT = frozenset({"script", "style", "iframe", "noscript", "template", "svg", "object"})


def title_text(value: str | None) -> str | None:
    """Return a title as text: tags off, references resolved (twice at most), what was encoded twice repaired."""
    if not value:
        return None
    text = value[: 4 * _MAX_TITLE]
    for _ in range(2):
        text = _TAGS.sub("", _CODE.sub("", text))
        if not _REFERENCE.search(text):
            break
        text = _REFERENCE.sub(_resolved, text)
    text = " ".join(undo_double_encoding(_TAGS.sub("", _CODE.sub("", text))).split())
    return text[:_MAX_TITLE] or None


def _resolved(match: re.Match[str]) -> str:
    """Return the character of a reference that ends with a semicolon; what is none stays as it stands."""
    name = match[0][1:]
    return html.unescape(match[0]) if name.startswith("#") else html5.get(name, match[0])


def html_text(value: str | None) -> str | None:
    """Return the text of a fragment of HTML (or of what is text already), one line a block; None if there is none."""
    if not value:
        return None
    if "<" not in value and "&" not in value:
        return _lines(value)
    parser = etree.HTMLParser(no_network=True, recover=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(f"<div>{with_safe_ampersands(value)}</div>", parser)
    except etree.ParserError:
        return None
    except etree.XMLSyntaxError:
        return title_text(value)
    if root is None:
        return None
    parts: list[str] = []
    silent = 0
    for event, node in etree.iterwalk(root, events=("start", "end")):
        tag = node.tag if isinstance(node.tag, str) else ""
        if event == "start":
            silent += tag in _SILENT
            parts += ["\n"] if tag in _BLOCKS else []
            parts += [node.text or ""] if not silent else []
        else:
            silent -= tag in _SILENT
            parts += ["\n"] if tag in _BLOCKS else []
            parts += [node.tail or ""] if not silent else []
    return _lines("".join(parts))


def _lines(text: str) -> str | None:
    # not by splitlines(): NEL is half of a character that was encoded twice
    lines = (" ".join(undo_double_encoding(line).split()) for line in _LINE_END.split(text[:_MAX_TEXT]))
    return "\n".join(line for line in lines if line) or None
