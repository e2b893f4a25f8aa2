"""Read a NITF document: IPTC's News Industry Text Format, versions 2.5 to 3.6."""

from __future__ import annotations

from lxml.etree import _Element as Element

from pipeline.wires.markup import first_attribute, first_text, split_paragraphs, text_of
from pipeline.wires.model import Picture, WireItem, unique_texts


def parse_nitf(root: Element) -> WireItem:
    """Return the article of the document with the root ``nitf``."""
    content = root.find("body/body.content")
    pictures = [_picture(media) for media in (root if content is None else content).iter("media")]
    return WireItem(
        paragraphs=() if content is None else split_paragraphs(content),
        name=first_attribute(root, "head/docdata/doc-id", "id-string"),
        title=first_text(root, "body/body.head/hedline/hl1", "body/body.head/hedline", "head/title"),
        standfirst=first_text(root, "body/body.head/abstract", "body/body.head/hedline/hl2"),
        bylines=unique_texts([_byline(element) for element in root.iterfind("body/body.head/byline")]),
        credit=first_text(root, "body/body.head/distributor/org", "body/body.head/distributor")
        or first_attribute(root, "head/docdata/doc-id", "regsrc")
        or first_attribute(root, "head/docdata/doc.copyright", "holder"),
        published=first_attribute(root, "head/docdata/date.release", "norm")
        or first_attribute(root, "head/docdata/date.issue", "norm")
        or first_attribute(root, "head/pubdata", "date.publication"),
        modified=first_attribute(root, "head/revision-history", "norm"),
        language=root.get("{http://www.w3.org/XML/1998/namespace}lang"),
        dateline=first_text(root, "body/body.head/dateline/location", "body/body.head/dateline"),
        section=first_attribute(root, "head/pubdata", "position.section")
        or first_attribute(root, "head/tobject/tobject.subject", "tobject.subject.type"),
        tags=unique_texts([keyword.get("key") for keyword in root.iterfind("head/docdata/key-list/keyword")]),
        pictures=tuple(picture for picture in pictures if picture.address or picture.caption),
        rights=first_attribute(root, "head/docdata/doc.copyright", "holder"),
        status="canceled" if first_attribute(root, "head/docdata", "management-status") == "canceled" else "usable",
    )


def _byline(element: Element) -> str | None:
    persons = unique_texts([text_of(person) for person in element.iter("person")])
    return "; ".join(persons) or text_of(element)


def _picture(media: Element) -> Picture:
    is_image = media.get("media-type") in {None, "image"}
    return Picture(
        address=first_attribute(media, "media-reference", "source") if is_image else None,
        caption=first_text(media, "media-caption"),
        credit=first_text(media, "media-producer"),
    )
