"""Which text does a Word document hold? Correspondents and press offices send such."""

from __future__ import annotations

import io
import zipfile

from lxml.etree import _Element as Element

from pipeline.errors import ItemError
from pipeline.records import Outcome, Reason
from pipeline.wires.markup import first, parse_xml
from pipeline.wires.model import MAX_PARAGRAPHS, Paragraph, WireItem, one_line

_TEXT, _CORE = "word/document.xml", "docProps/core.xml"
_MOST = 32 * 1024 * 1024  # bytes of a part unpacked: a book has some MB
_BREAKS = {"tab": " ", "br": " ", "cr": " "}


def is_docx(data: bytes) -> bool:
    """Whether the bytes are a Word document: a ZIP archive that names its text among the first parts."""
    return data.startswith(b"PK\x03\x04") and (b"word/" in data[:8192] or _TEXT.encode() in data[-8192:])


def parse_docx(data: bytes) -> WireItem:
    """Return what the document says. Raises ItemError: UNREADABLE, TOO_LARGE, NO_TEXT."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            names = set(packed.namelist())
            root = parse_xml(_part(packed, _TEXT))
            core = parse_xml(_part(packed, _CORE)) if _CORE in names else None
    except (zipfile.BadZipFile, KeyError, NotImplementedError, EOFError, OSError, RuntimeError) as error:
        raise ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, f"not a Word document: {error}") from error
    lines = [one for element in root.iter("p") if (one := _paragraph(element))][:MAX_PARAGRAPHS]
    if not lines:
        raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, "the document holds no text")
    headline = lines[0].text if lines[0].heading and len(lines) > 1 else None
    return WireItem(
        paragraphs=tuple(lines[1:] if headline else lines),
        title=headline or (first(core, "title") if core is not None else None),
        bylines=tuple(filter(None, [first(core, "creator")])) if core is not None else (),
        published=first(core, "modified", "created") if core is not None else None,
        language=first(core, "language") if core is not None else None,
    )


def _part(packed: zipfile.ZipFile, name: str) -> bytes:
    with packed.open(name) as file:
        data = file.read(_MOST + 1)
    if len(data) > _MOST:
        raise ItemError(Outcome.QUARANTINED, Reason.TOO_LARGE, f"its {name} has more than {_MOST:,} bytes unpacked")
    return data


def _paragraph(element: Element) -> Paragraph | None:
    parts = [one.text or "" if one.tag == "t" else _BREAKS[one.tag] for one in element.iter("t", *_BREAKS)]
    text = one_line("".join(parts))
    style = element.find("pPr/pStyle")
    named = next((value for key, value in style.items() if key.endswith("val")), "") if style is not None else ""
    return Paragraph(text, heading=named.lower().startswith(("heading", "title", "berschrift"))) if text else None
