"""What does a NITF document say? IPTC's News Industry Text Format, versions 2.5 to 3.6."""

from __future__ import annotations

from lxml.etree import _Element as Element

from pipeline.wires.markup import attribute, first, paragraphs, text_of
from pipeline.wires.model import Picture, WireItem, unique_texts


def parse_nitf(root: Element) -> WireItem:
    """Return what the document with the root ``nitf`` says."""
    content = root.find("body/body.content")
    picture = [_picture(media) for media in (root if content is None else content).iter("media")]
    return WireItem(
        paragraphs=() if content is None else paragraphs(content),
        name=attribute(root, "head/docdata/doc-id", "id-string"),
        title=first(root, "body/body.head/hedline/hl1", "body/body.head/hedline", "head/title"),
        standfirst=first(root, "body/body.head/abstract", "body/body.head/hedline/hl2"),
        bylines=unique_texts([_byline(one) for one in root.iterfind("body/body.head/byline")]),
        credit=first(root, "body/body.head/distributor/org", "body/body.head/distributor")
        or attribute(root, "head/docdata/doc-id", "regsrc")
        or attribute(root, "head/docdata/doc.copyright", "holder"),
        published=attribute(root, "head/docdata/date.release", "norm")
        or attribute(root, "head/docdata/date.issue", "norm")
        or attribute(root, "head/pubdata", "date.publication"),
        modified=attribute(root, "head/revision-history", "norm"),
        language=root.get("{http://www.w3.org/XML/1998/namespace}lang"),
        dateline=first(root, "body/body.head/dateline/location", "body/body.head/dateline"),
        section=attribute(root, "head/pubdata", "position.section")
        or attribute(root, "head/tobject/tobject.subject", "tobject.subject.type"),
        tags=unique_texts([one.get("key") for one in root.iterfind("head/docdata/key-list/keyword")]),
        pictures=tuple(one for one in picture if one.address or one.caption),
        rights=attribute(root, "head/docdata/doc.copyright", "holder"),
        status="canceled" if attribute(root, "head/docdata", "management-status") == "canceled" else "usable",
    )


def _byline(element: Element) -> str | None:
    persons = unique_texts([text_of(person) for person in element.iter("person")])
    return "; ".join(persons) or text_of(element)


def _picture(media: Element) -> Picture:
    is_image = media.get("media-type") in {None, "image"}
    return Picture(
        address=attribute(media, "media-reference", "source") if is_image else None,
        caption=first(media, "media-caption"),
        credit=first(media, "media-producer"),
    )
