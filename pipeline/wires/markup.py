"""Parse XML from outside safely, and find the paragraphs in a piece of it.

No entity is expanded, none is fetched, no DTD is loaded; libxml2's own bounds on depth and size hold.
"""

from __future__ import annotations

import html.entities
import itertools
import re
from collections.abc import Iterator

from lxml import etree
from lxml import html as lxml_html
from lxml.etree import _Element as Element

from pipeline.errors import ItemError
from pipeline.records import Outcome, Reason
from pipeline.wires.model import MAX_PARAGRAPHS, Paragraph, one_line

_ENTITY = re.compile(rb"&([A-Za-z][A-Za-z0-9]{1,31});")
_XML_ENTITIES = frozenset({b"amp", b"lt", b"gt", b"quot", b"apos"})
_DECLARES = re.compile(rb"<!ENTITY", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")  # lxml refuses one that names an encoding in a string
_MARKUP = re.compile(
    r"\s*(?:<\?xml[^>]*\?>\s*)?<(?:!doctype|html|head|body|article|section|div|p|h[1-6]|ul|ol|table)\b", re.IGNORECASE
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "hl2"})
_BLOCKS = frozenset({"p", "li", "pre", "td", "th", "dt", "dd", "lq", "tagline"}) | _HEADINGS
_AROUND = frozenset({"block", "div", "section", "article", "body", "blockquote", "bq", "body.content", "main"})
_NOT_TEXT = frozenset({"media", "figure", "script", "style", "body.end", "nitf-table-metadata", "head", "title"})


def parse_xml(data: bytes) -> Element:
    """Return the root of an XML document, all names without their namespace.

    Raises:
        ItemError: UNREADABLE where it is not well-formed or declares entities.
    """
    if _DECLARES.search(data):
        raise ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, "it declares entities, which newswire does not expand")
    # named characters of HTML, which agencies write although only their DTD declares them
    resolved = _ENTITY.sub(_resolve_entity, data)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(resolved, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, f"not well-formed XML: {error}") from error
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = etree.QName(element).localname
    return root


def parse_html(text: str) -> Element | None:
    """Return the tree of a piece of HTML, None where there is no element in it."""
    try:
        return lxml_html.document_fromstring(text)
    except (etree.ParserError, ValueError):
        return None


def text_of(element: Element | None) -> str | None:
    """Return all text inside an element, on one line; None where there is none."""
    return None if element is None else one_line("".join(str(part) for part in element.itertext()))


def first_text(root: Element, *paths: str) -> str | None:
    """Return the text at the first of ``paths`` (lxml's find) where there is any."""
    return next((text for path in paths if (text := text_of(root.find(path)))), None)


def first_attribute(root: Element, path: str, *names: str) -> str | None:
    """Return the first of the attributes ``names`` of the element at ``path``."""
    element = root.find(path)
    if element is None:
        return None
    return next((value for name in names if (value := one_line(element.get(name)))), None)


def split_paragraphs(root: Element) -> tuple[Paragraph, ...]:
    """Return the paragraphs of a text, in NITF's or HTML's elements; pictures and their captions left out.

    Text that stands beside paragraphs, or between line breaks, is a paragraph as well.
    """
    return tuple(itertools.islice(_iter_paragraphs(root), MAX_PARAGRAPHS))


def text_paragraphs(text: str) -> tuple[Paragraph, ...]:
    """Return the paragraphs of a plain text, one a line."""
    lines = (Paragraph(line) for raw_line in text.splitlines() if (line := one_line(raw_line)))
    return tuple(itertools.islice(lines, MAX_PARAGRAPHS))


def markup_paragraphs(text: str) -> tuple[Paragraph, ...]:
    """Return the paragraphs of a piece of HTML in a string; empty where there is no text in it."""
    tree = parse_html(_DECLARATION.sub("", text))
    return () if tree is None else split_paragraphs(tree)


def is_markup(text: str) -> bool:
    """Tell whether a text begins as HTML does, whatever it is said to be."""
    return bool(_MARKUP.match(text))


def _iter_paragraphs(element: Element) -> Iterator[Paragraph]:
    """Yield the paragraphs inside an element: what stands between its blocks and line breaks."""
    tag = element.tag
    if not isinstance(tag, str) or tag in _NOT_TEXT:
        return
    if tag in _BLOCKS and not _holds_blocks(element):
        if text := one_line("".join(_text_parts(element))):
            yield Paragraph(text, heading=tag in _HEADINGS)
        return
    run = [element.text or ""]
    for child in element:
        is_text = isinstance(child.tag, str) and child.tag not in _NOT_TEXT
        ends_run = child.tag == "br" or (is_text and (child.tag in _BLOCKS | _AROUND or _holds_blocks(child)))
        if ends_run:
            yield from _joined(run)
            run = []
            yield from _iter_paragraphs(child)
        elif is_text:
            run.extend(_text_parts(child))
        run.append(child.tail or "")
    yield from _joined(run)


def _text_parts(element: Element) -> Iterator[str]:
    """Yield the text inside an element, a space for each line break."""
    for inner in element.iter():
        if inner.tag == "br":
            yield " "
        elif isinstance(inner.tag, str) and inner.text:
            yield inner.text
        if inner is not element and inner.tail:
            yield inner.tail


def _joined(run: list[str]) -> Iterator[Paragraph]:
    if text := one_line("".join(run)):
        yield Paragraph(text)


def _holds_blocks(element: Element) -> bool:
    return any(child.tag in _BLOCKS | _AROUND for child in element.iterdescendants())


def _resolve_entity(match: re.Match[bytes]) -> bytes:
    """Return an HTML entity as numbers, which need no DTD; XML's own and unknown ones as they are."""
    name = match[1]
    chars = html.entities.html5.get(f"{name.decode('ascii')};")
    if name in _XML_ENTITIES or chars is None:
        return match[0]
    return "".join(f"&#{ord(char)};" for char in chars).encode("ascii")
