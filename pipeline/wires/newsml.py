"""What does a NewsML-G2 document say? IPTC's exchange format: a newsItem, alone or in a newsMessage."""

from __future__ import annotations

from lxml import etree
from lxml.etree import _Element as Element

from pipeline.wires import nitf
from pipeline.wires.markup import attribute, first, paragraphs, text_of
from pipeline.wires.model import Paragraph, Picture, WireItem, one_line, unique_texts
from pipeline.wires.topics import find_section

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def list_items(root: Element) -> list[Element]:
    """Return the newsItems that hold a text."""
    found = [root] if root.tag == "newsItem" else list(root.iter("newsItem"))
    return [one for one in found if _text(one)]


def parse_news_item(item: Element) -> WireItem:
    """Return what a newsItem says."""
    meta, content = item.find("itemMeta"), item.find("contentMeta")
    meta = etree.Element("itemMeta") if meta is None else meta
    content = etree.Element("contentMeta") if content is None else content
    inner = item.find("contentSet/inlineXML//nitf")
    inside = nitf.parse_nitf(inner) if inner is not None else None
    return WireItem(
        paragraphs=_text(item),
        name=item.get("guid"),
        title=_headline(content) or first(meta, "title") or (inside.title if inside else None),
        standfirst=_by_role(content, "description", "summary") or (inside.standfirst if inside else None),
        bylines=_bylines(content) or (inside.bylines if inside else ()),
        credit=first(content, "creditline") or _name(content, "infoSource") or _name(meta, "provider"),
        published=first(meta, "firstCreated") or first(content, "contentCreated") or first(meta, "versionCreated"),
        modified=first(meta, "versionCreated") or first(content, "contentModified"),
        language=attribute(content, "language", "tag") or item.get(_LANGUAGE),
        dateline=_name(content, "located") or first(content, "dateline"),
        section=find_section((one.get("qcode") or one.get("uri"), _named(one)) for one in content.iterfind("subject")),
        tags=unique_texts(
            [text_of(one) for one in content.iterfind("keyword")] + [_named(one) for one in content.iterfind("subject")]
        ),
        pictures=_pictures(item) + (inside.pictures if inside else ()),
        rights=first(item, "rightsInfo/usageTerms", "rightsInfo/copyrightNotice"),
        status=(attribute(meta, "pubStatus", "qcode") or "stat:usable").partition(":")[2],
    )


def _text(item: Element) -> tuple[Paragraph, ...]:
    for inline in item.iterfind("contentSet/inlineXML"):
        body = inline.find(".//body.content")
        if made := paragraphs(inline if body is None else body):
            return made
    for inline in item.iterfind("contentSet/inlineData"):
        if (inline.get("contenttype") or "text/plain").startswith("text/") and inline.text:
            return tuple(Paragraph(text) for line in inline.text.splitlines() if (text := one_line(line)))
    return ()


def _headline(content: Element) -> str | None:
    headlines = list(content.iterfind("headline"))
    main = [one for one in headlines if (one.get("role") or "").rpartition(":")[2] in {"", "main", "hld", "headline"}]
    return text_of(next(iter(main + headlines), None))


def _bylines(content: Element) -> tuple[str, ...]:
    said = unique_texts([text_of(one) for one in content.iterfind("by")])
    return said or unique_texts([_named(one) for one in content.iterfind("creator")])


def _by_role(content: Element, tag: str, role: str) -> str | None:
    found = [one for one in content.iterfind(tag) if (one.get("role") or "").rpartition(":")[2] == role]
    return text_of(next(iter(found), None))


def _name(root: Element, tag: str) -> str | None:
    element = root.find(tag)
    return None if element is None else _named(element)


def _named(element: Element) -> str | None:
    """Return the name of a concept; its literal where it has none. Codes of a controlled vocabulary are no names."""
    return first(element, "name") or one_line(element.get("literal"))


def _pictures(item: Element) -> tuple[Picture, ...]:
    made = [
        Picture(address=one_line(one.get("href")), caption=first(one, "altText"))
        for one in item.iterfind("contentSet/remoteContent")
        if (one.get("contenttype") or "").startswith("image/")
    ]
    return tuple(one for one in made if one.address)
