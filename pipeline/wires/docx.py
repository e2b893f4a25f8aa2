"""Read the article of a Word document, as correspondents and press offices send it.

The document is unpacked within bounds; nothing in it is executed or fetched.
"""

from __future__ import annotations

import io
import zipfile

from lxml.etree import _Element as Element

from pipeline.errors import ItemError
from pipeline.records import Outcome, Reason
from pipeline.wires.markup import first_text, parse_xml
from pipeline.wires.model import MAX_PARAGRAPHS, Paragraph, WireItem, one_line

_TEXT, _CORE = "word/document.xml", "docProps/core.xml"
_MAX_PART = 32 * 1024 * 1024  # bytes of a part unpacked: a book has some MB
_BREAKS = {"tab": " ", "br": " ", "cr": " "}


def is_docx(data: bytes) -> bool:
    """Tell whether the bytes are a Word document: a ZIP archive that names its text among the first parts."""
    return data.startswith(b"PK\x03\x04") and (b"word/" in data[:8192] or _TEXT.encode() in data[-8192:])


def parse_docx(data: bytes) -> WireItem:
    """Return the article of a Word document.

    Raises:
        ItemError: UNREADABLE, TOO_LARGE or NO_TEXT.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            root = parse_xml(_read_part(archive, _TEXT))
            core = parse_xml(_read_part(archive, _CORE)) if _CORE in set(archive.namelist()) else None
    except (zipfile.BadZipFile, KeyError, NotImplementedError, EOFError, OSError, RuntimeError) as error:
        raise ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, f"not a Word document: {error}") from error
    lines = [paragraph for element in root.iter("p") if (paragraph := _paragraph(element))][:MAX_PARAGRAPHS]
    if not lines:
        raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, "the document holds no text")
    headline = lines[0].text if lines[0].heading and len(lines) > 1 else None
    return WireItem(
        paragraphs=tuple(lines[1:] if headline else lines),
        title=headline or (first_text(core, "title") if core is not None else None),
        bylines=tuple(filter(None, [first_text(core, "creator")])) if core is not None else (),
        published=first_text(core, "modified", "created") if core is not None else None,
        language=first_text(core, "language") if core is not None else None,
    )


def _read_part(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return a part of the archive unpacked.

    Raises:
        ItemError: TOO_LARGE above 32 MiB.
    """
    with archive.open(name) as file:
        data = file.read(_MAX_PART + 1)
    if len(data) > _MAX_PART:
        raise ItemError(Outcome.QUARANTINED, Reason.TOO_LARGE, f"its {name} has more than {_MAX_PART:,} bytes unpacked")
    return data


def _paragraph(element: Element) -> Paragraph | None:
    parts = [part.text or "" if part.tag == "t" else _BREAKS[part.tag] for part in element.iter("t", *_BREAKS)]
    text = one_line("".join(parts))
    style = element.find("pPr/pStyle")
    style_name = next((value for key, value in style.items() if key.endswith("val")), "") if style is not None else ""
    is_heading = style_name.lower().startswith(("heading", "title", "berschrift"))
    return Paragraph(text, heading=is_heading) if text else None
