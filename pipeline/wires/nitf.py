"""Read a NITF document: IPTC's News Industry Text Format, versions 2.5 to 3.6."""

from __future__ import annotations

from lxml.etree import _Element as Element

from pipeline.wires.markup import first_attribute, first_text, split_paragraphs, text_of
from pipeline.wires.model import (
    EMBARGOED,
    ItemLink,
    Picture,
    WireItem,
    last_part,
    one_line,
    publication_status,
    unique_texts,
)


def parse_nitf(root: Element) -> WireItem:
    """Return the article of the document with the root ``nitf``."""
    content = root.find("body/body.content")
    pictures = [_picture(media) for media in (root if content is None else content).iter("media")]
    return WireItem(
        paragraphs=() if content is None else split_paragraphs(content),
        name=first_attribute(root, "head/docdata/doc-id", "id-string"),
        version=first_attribute(root, "head/docdata/du-key", "version"),
        providers=unique_texts(
            [
                first_attribute(root, "head/docdata/doc-id", "regsrc"),
                first_text(root, "body/body.head/distributor/org", "body/body.head/distributor"),
            ]
        ),
        links=_links(root),
        signals=tuple(last_part(message.get("msg-type")) for message in root.iterfind("head/docdata/ed-msg")),
        note=first_attribute(root, "head/docdata/ed-msg", "info"),
        title=first_text(root, "body/body.head/hedline/hl1", "body/body.head/hedline", "head/title"),
        standfirst=first_text(root, "body/body.head/abstract", "body/body.head/hedline/hl2"),
        bylines=unique_texts([_byline(element) for element in root.iterfind("body/body.head/byline")]),
        credit=first_text(root, "body/body.head/distributor/org", "body/body.head/distributor")
        or first_attribute(root, "head/docdata/doc-id", "regsrc")
        or first_attribute(root, "head/docdata/doc.copyright", "holder"),
        published=first_attribute(root, "head/docdata/date.release", "norm")
        or first_attribute(root, "head/docdata/date.issue", "norm")
        or first_attribute(root, "head/pubdata", "date.publication"),
        modified=_last_revision(root),
        language=root.get("{http://www.w3.org/XML/1998/namespace}lang"),
        dateline=first_text(root, "body/body.head/dateline/location", "body/body.head/dateline"),
        section=first_attribute(root, "head/pubdata", "position.section")
        or first_attribute(root, "head/tobject/tobject.subject", "tobject.subject.type"),
        tags=unique_texts([keyword.get("key") for keyword in root.iterfind("head/docdata/key-list/keyword")]),
        pictures=tuple(picture for picture in pictures if picture.address or picture.caption),
        rights=first_attribute(root, "head/docdata/doc.copyright", "holder"),
        status=_status(root),
        embargoed=_embargo(root),
    )


def _last_revision(root: Element) -> str | None:
    """Return the time of the latest revision; its times are of one length, so that they sort as texts."""
    times = unique_texts([revision.get("norm") for revision in root.iterfind("head/revision-history")])
    return max(times, default=None)


def _status(root: Element) -> str:
    return publication_status(first_attribute(root, "head/docdata", "management-status"))


def _embargo(root: Element) -> str | None:
    """Return the time of release, where it differs from that of issue; "" where one is said to come."""
    release = first_attribute(root, "head/docdata/date.release", "norm")
    if _status(root) == EMBARGOED:
        return release or ""
    return release if release != first_attribute(root, "head/docdata/date.issue", "norm") else None


def _links(root: Element) -> tuple[ItemLink, ...]:
    """Return the document that the management's status is said of, where it is another one."""
    docdata = root.find("head/docdata")
    name = None if docdata is None else one_line(docdata.get("management-doc-idref"))
    if docdata is None or name is None:
        return ()
    return (ItemLink(publication_status(docdata.get("management-idref-status")), name),)


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
