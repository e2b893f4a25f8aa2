"""What kind of input is this, and which text do its bytes spell?"""

from __future__ import annotations

import codecs
import enum
import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from w3lib.encoding import html_body_declared_encoding, read_bom, resolve_encoding

from pipeline.errors import ItemError
from pipeline.records import Outcome, Reason


class InputKind(enum.Enum):
    """The inputs that extraction reads."""

    HTML = "html"
    PLAIN = "plain"


_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
# What tells formats that aren't text by their first bytes (the registered magic numbers of each).
_MAGIC = {
    b"%PDF-": "a PDF",
    b"\x89PNG": "a PNG image",
    b"GIF8": "a GIF image",
    b"\xff\xd8\xff": "a JPEG image",
    b"PK\x03\x04": "a ZIP archive or office document",
    b"\x1f\x8b": "gzip data",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"{\\rtf": "an RTF document",
    b"\x7fELF": "a program",
    b"RIFF": "a media file",
    b"ID3": "an audio file",
    b"OggS": "a media file",
}
_TAG = re.compile(rb"<!doctype\s+html|<(?:html|head|body|article|div|p|meta|title)[\s>]", re.IGNORECASE)
_FEED = re.compile(rb"<(?:rss|feed|rdf:RDF|urlset|sitemapindex)[\s>]")
_HEAD = 4096  # bytes looked at to tell the kind: a doctype, a feed's root or a first tag lies within
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_CONTROL_SHARE = 0.01  # of text, at most: pasted text may hold a few form feeds, binaries hold ten times as many
_BAD_SHARE = 0.01  # of characters that may be unreadable where a page is UTF-8 but for a few broken ones


def detect_kind(data: bytes, media_type: str | None, path: str | None) -> InputKind:
    """Return what ``data`` is, from what the server and its name say, checked against its bytes.

    Raises ItemError: EMPTY, BINARY, NOT_HTML.
    """
    if not data.strip():
        raise ItemError(Outcome.DROPPED, Reason.EMPTY, "there is nothing in it")
    head = data[:_HEAD]
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            raise ItemError(Outcome.QUARANTINED, Reason.BINARY, f"{what}, not a page or a text")
    wide = read_bom(head)[0] is not None
    if not wide and (b"\0" in head or len(_CONTROL.findall(head)) > _CONTROL_SHARE * len(head)):
        raise ItemError(Outcome.QUARANTINED, Reason.BINARY, "its bytes aren't text")
    start = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    looks_html = bool(_TAG.search(start))
    if _FEED.search(start) and not looks_html:
        raise ItemError(Outcome.DROPPED, Reason.NOT_HTML, "a feed or sitemap, not an article")
    declared = (media_type or "").partition(";")[0].strip().lower()
    suffix = PurePosixPath(urlsplit(path or "").path).suffix.lower()
    if looks_html and (declared in _HTML_TYPES or start.startswith(b"<") or suffix in {".html", ".htm"}):
        return InputKind.HTML
    if declared in _HTML_TYPES:
        return InputKind.HTML
    if declared and not declared.startswith("text/") and declared != "application/octet-stream":
        raise ItemError(Outcome.DROPPED, Reason.NOT_HTML, f"{declared} is neither a page nor a text")
    if start[:1] in {b"{", b"["} and re.match(rb"[{\[]\s*[\"{\[]", start):
        raise ItemError(Outcome.DROPPED, Reason.NOT_HTML, "JSON, not an article")
    return InputKind.HTML if looks_html and suffix != ".txt" and declared != "text/plain" else InputKind.PLAIN


def decode_page(data: bytes, charset: str | None = None) -> str:
    """Return the text of ``data``.

    In this order: byte order mark; UTF-8 where the bytes are valid (other charsets hardly ever are by chance); what
    HTTP and then the page declare, where the bytes are valid in it; UTF-8 with a few broken characters; Windows-1252,
    the web's own fall-back. Raises ItemError UNREADABLE where nothing fits.
    """
    bom, mark = read_bom(data)
    if bom:
        return data[len(mark or b"") :].decode(bom, "replace")
    declared = [name for name in (charset, html_body_declared_encoding(data[:_HEAD])) if name]
    seven_bit = [name for name in declared if name.lower().replace("_", "-").startswith(("iso-2022", "iso2022", "hz"))]
    for name in [*(seven_bit if b"\x1b" in data else []), "utf-8", *declared]:
        known = resolve_encoding(name)
        if known is None:
            continue
        try:
            return codecs.decode(data, known)
        except (UnicodeDecodeError, LookupError):
            continue
    text = data.decode("utf-8", "replace")
    beyond = sum(not char.isascii() for char in text)
    broken = text.count("�")
    if broken <= _BAD_SHARE * len(text) and broken * 2 < beyond:
        return text
    text = data.decode("cp1252", "replace")
    if text.count("�") > _BAD_SHARE * len(text):
        raise ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, f"its bytes are in no known charset ({declared})")
    return text
