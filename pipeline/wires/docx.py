"""Read the article of a Word document, as correspondents and press offices send it.

The document is unpacked within bounds; nothing in it is executed or fetched. Text that Word doesn't show is left out:
hidden and deleted runs, field codes, placeholders; what is there twice (alternate content) is read once. The rules are
those of Office Open XML (ISO/IEC 29500-1), transitional and strict.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator

import msgspec
from lxml.etree import _Element as Element

from pipeline.errors import ItemError
from pipeline.records import Outcome, Reason
from pipeline.wires.markup import first_text, parse_xml
from pipeline.wires.model import MAX_PARAGRAPHS, Paragraph, WireItem, one_line

_USUAL_MAIN, _USUAL_CORE = "word/document.xml", "docProps/core.xml"
_TYPES = "[Content_Types].xml"
_WORD = b"wordprocessingml"
_MAX_PART = 32 * 1024 * 1024  # bytes of a part unpacked: a book has some MB
_MOST_BASES = 20  # styles that one is based on, in turn
_TEXTS = {"tab": " ", "br": " ", "cr": " ", "noBreakHyphen": "-", "softHyphen": ""}
# What isn't shown, or isn't the document's text: deletions, what was moved away, properties, notes on the margin
_NOT_TEXT = frozenset("del moveFrom pPr rPr sectPr tblPr trPr tcPr sdtPr instrText delText delInstrText rt".split())
_HEADINGS = ("heading", "title", "berschrift", "titre", "ttulo", "titolo", "rubrik", "kop")
_FALSE = frozenset({"0", "false", "off"})


class _Styles(msgspec.Struct, frozen=True):
    """What a document's styles say of hiding text, and the names under which Word knows them, by the styles' ids."""

    hidden: frozenset[str] = frozenset()
    names: dict[str, str] = {}
    hides_all: bool = False


def is_docx(data: bytes) -> bool:
    """Tell whether the bytes are a Word document: a ZIP archive that says so of its main part."""
    if not data.startswith(b"PK\x03\x04"):
        return False
    if b"word/" in data[:8192] or _USUAL_MAIN.encode() in data[-8192:]:
        return True
    if _TYPES.encode() not in data[:8192] and _TYPES.encode() not in data[-8192:]:
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _WORD in _read_part(archive, _TYPES)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, EOFError, OSError, RuntimeError, ItemError):
        return False


def parse_docx(data: bytes) -> WireItem:
    """Return the article of a Word document.

    Raises:
        ItemError: UNREADABLE, TOO_LARGE or NO_TEXT.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = _find_parts(archive, "")
            main = parts.get("officedocument", _USUAL_MAIN)
            root = parse_xml(_read_part(archive, main))
            core = _optional_part(archive, parts.get("core-properties", _USUAL_CORE))
            styles_name = _find_parts(archive, main).get(
                "styles", posixpath.join(posixpath.dirname(main), "styles.xml")
            )
            styles = _read_styles(_optional_part(archive, styles_name))
    except (zipfile.BadZipFile, KeyError, NotImplementedError, EOFError, OSError, RuntimeError) as error:
        raise ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, f"not a Word document: {error}") from error
    lines = _Reader(styles).read(root)
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


# parts ---------------------------------------------------------------------------------------------------------------


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


def _optional_part(archive: zipfile.ZipFile, name: str) -> Element | None:
    return parse_xml(_read_part(archive, name)) if name in set(archive.namelist()) else None


def _find_parts(archive: zipfile.ZipFile, origin: str) -> dict[str, str]:
    """Return kind → name of the parts that a part (or "", the document) is related to, the first of each kind."""
    folder, name = posixpath.split(origin)
    relations = _optional_part(archive, posixpath.join(folder, "_rels", f"{name}.rels"))
    parts: dict[str, str] = {}
    for relation in relations.iter("Relationship") if relations is not None else ():
        target, kind = relation.get("Target") or "", (relation.get("Type") or "").rpartition("/")[2].lower()
        if relation.get("TargetMode") != "External" and target:
            parts.setdefault(kind, posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/"))
    return parts


def _read_styles(root: Element | None) -> _Styles:
    """Return what styles say, each with what it takes over from the style that it is based on."""
    if root is None:
        return _Styles()
    styles = {_value(style, "styleId") or "": style for style in root.iter("style")}
    hidden = {name for name in styles if _is_hidden_style(name, styles)}
    names = {name: (_value(style.find("name")) or name).lower() for name, style in styles.items()}
    return _Styles(frozenset(hidden), names, _flag(root.find("docDefaults/rPrDefault/rPr")) or False)


def _is_hidden_style(name: str, styles: dict[str, Element]) -> bool:
    for _ in range(_MOST_BASES):
        style = styles.get(name)
        if style is None:
            return False
        if (flag := _flag(style.find("rPr"))) is not None:
            return flag
        name = _value(style.find("basedOn")) or ""
    return False


def _flag(properties: Element | None) -> bool | None:
    """Return whether run properties hide a text, None where they don't say."""
    if properties is None:
        return None
    marks = [mark for tag in ("vanish", "webHidden") if (mark := properties.find(tag)) is not None]
    return any((_value(mark) or "1").lower() not in _FALSE for mark in marks) if marks else None


def _value(element: Element | None, name: str = "val") -> str | None:
    """Return an attribute, whatever its namespace."""
    if element is None:
        return None
    return next((str(value) for key, value in element.items() if key.rpartition("}")[2] == name), None)


# text ----------------------------------------------------------------------------------------------------------------


class _Reader:
    """Reads the paragraphs that a document shows, in the order of the document; a box follows its paragraph."""

    def __init__(self, styles: _Styles) -> None:
        self._styles = styles
        self._codes: list[bool] = []  # of the fields that are open, outermost first: whether their code is being read

    def read(self, root: Element) -> list[Paragraph]:
        """Return the paragraphs with a text."""
        lines: list[Paragraph] = []
        stack = [root]
        while stack and len(lines) < MAX_PARAGRAPHS:
            element = stack.pop()
            if element.tag == "p":
                boxes: list[Element] = []
                if paragraph := self._paragraph(element, boxes):
                    lines.append(paragraph)
                stack.extend(reversed(boxes))
            elif not _is_left_out(element):
                stack.extend(reversed(list(_alternatives(element))))
        return lines

    def _paragraph(self, element: Element, boxes: list[Element]) -> Paragraph | None:
        style = _value(element.find("pPr/pStyle")) or ""
        text = one_line("".join(self._texts(element, style, boxes)))
        self._codes = [False for _ in self._codes]  # a code that isn't ended hides no further paragraph
        if text is None:
            return None
        names = (style.lower(), self._styles.names.get(style, ""))
        return Paragraph(text, heading=any(name.startswith(_HEADINGS) for name in names))

    def _texts(self, element: Element, style: str, boxes: list[Element]) -> Iterator[str]:
        """Yield the texts of a paragraph, without those of text boxes, which are added to ``boxes``."""
        stack = list(reversed(list(_alternatives(element))))
        while stack:
            inner = stack.pop()
            if inner.tag == "txbxContent":
                boxes.append(inner)
            elif inner.tag == "fldChar":
                self._follow_field(_value(inner, "fldCharType"))
            elif _is_left_out(inner) or (inner.tag == "r" and self._is_hidden(inner, style)):
                continue
            elif inner.tag == "t" and not any(self._codes):
                yield inner.text or ""
            elif inner.tag in _TEXTS and not any(self._codes):
                yield _TEXTS[inner.tag]
            else:
                stack.extend(reversed(list(_alternatives(inner))))

    def _follow_field(self, mark: str | None) -> None:
        if mark == "begin":
            self._codes.append(True)
        elif self._codes and mark == "separate":
            self._codes[-1] = False
        elif self._codes and mark == "end":
            self._codes.pop()

    def _is_hidden(self, run: Element, paragraph_style: str) -> bool:
        """Tell whether a run is hidden: its own word counts before its styles', of which two cancel each other."""
        properties = run.find("rPr")
        own = _flag(properties)
        if own is not None or run.find("fldChar") is not None:
            return bool(own) and run.find("fldChar") is None
        run_style = _value(properties.find("rStyle")) if properties is not None else None
        by_styles = (paragraph_style in self._styles.hidden) != (run_style in self._styles.hidden)
        return by_styles or self._styles.hides_all


def _is_left_out(element: Element) -> bool:
    """Tell whether an element's text isn't shown."""
    if element.tag in _NOT_TEXT:
        return True
    if element.tag == "sdt":  # "Click here to enter text"
        return _is_on(element.find("sdtPr/showingPlcHdr"))
    return element.tag == "tr" and (_is_on(element.find("trPr/hidden")) or element.find("trPr/del") is not None)


def _is_on(mark: Element | None) -> bool:
    return mark is not None and (_value(mark) or "1").lower() not in _FALSE


def _alternatives(element: Element) -> Iterator[Element]:
    """Yield the children of an element, of alternate contents the first that holds a text."""
    if element.tag != "AlternateContent":
        yield from (child for child in element if isinstance(child.tag, str))
        return
    choices = [child for child in element if child.tag in {"Choice", "Fallback"}]
    yield from [choice for choice in choices if any(True for _ in choice.iter("t"))][:1]
