"""Tell from its first bytes, its type and its name what kind of input extraction was given."""

from __future__ import annotations

import enum
import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from w3lib.encoding import read_bom

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
_HEAD_BYTES = 4096  # bytes looked at to tell the kind: a doctype, a feed's root or a first tag lies within
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_CONTROL_SHARE = 0.01  # of text, at most: pasted text may hold a few form feeds, binaries hold ten times as many


def detect_kind(data: bytes, media_type: str | None, path: str | None) -> InputKind:
    """Return what ``data`` is, from what the server and its name say, checked against its bytes.

    Raises:
        ItemError: EMPTY or NOT_HTML (dropped), BINARY (quarantined).
    """
    if not data.strip():
        raise ItemError(Outcome.DROPPED, Reason.EMPTY, "there is nothing in it")
    head = data[:_HEAD_BYTES]
    for magic, description in _MAGIC.items():
        if head.startswith(magic):
            raise ItemError(Outcome.QUARANTINED, Reason.BINARY, f"{description}, not a page or a text")
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
