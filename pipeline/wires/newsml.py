"""Read a NewsML-G2 document: IPTC's exchange format, a newsItem alone or in a newsMessage."""

from __future__ import annotations

from lxml import etree
from lxml.etree import _Element as Element

from pipeline.wires import nitf
from pipeline.wires.markup import first_attribute, first_text, split_paragraphs, text_of
from pipeline.wires.model import Paragraph, Picture, WireItem, one_line, unique_texts
from pipeline.wires.topics import find_section

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def list_items(root: Element) -> list[Element]:
    """Return the newsItems that hold a text."""
    items = [root] if root.tag == "newsItem" else list(root.iter("newsItem"))
    return [item for item in items if _text(item)]


def parse_news_item(item: Element) -> WireItem:
    """Return the article of a newsItem."""
    meta, content = item.find("itemMeta"), item.find("contentMeta")
    meta = etree.Element("itemMeta") if meta is None else meta
    content = etree.Element("contentMeta") if content is None else content
    inline = item.find("contentSet/inlineXML//nitf")
    inner = nitf.parse_nitf(inline) if inline is not None else None
    subjects = list(content.iterfind("subject"))
    published = first_text(meta, "firstCreated") or first_text(content, "contentCreated")
    return WireItem(
        paragraphs=_text(item),
        name=item.get("guid"),
        title=_headline(content) or first_text(meta, "title") or (inner.title if inner else None),
        standfirst=_by_role(content, "description", "summary") or (inner.standfirst if inner else None),
        bylines=_bylines(content) or (inner.bylines if inner else ()),
        credit=first_text(content, "creditline") or _name_at(content, "infoSource") or _name_at(meta, "provider"),
        published=published or first_text(meta, "versionCreated"),
        modified=first_text(meta, "versionCreated") or first_text(content, "contentModified"),
        language=first_attribute(content, "language", "tag") or item.get(_LANGUAGE),
        dateline=_name_at(content, "located") or first_text(content, "dateline"),
        section=find_section((subject.get("qcode") or subject.get("uri"), _name(subject)) for subject in subjects),
        tags=unique_texts(
            [text_of(keyword) for keyword in content.iterfind("keyword")] + [_name(subject) for subject in subjects]
        ),
        pictures=_pictures(item) + (inner.pictures if inner else ()),
        rights=first_text(item, "rightsInfo/usageTerms", "rightsInfo/copyrightNotice"),
        status=(first_attribute(meta, "pubStatus", "qcode") or "stat:usable").partition(":")[2],
    )


def _text(item: Element) -> tuple[Paragraph, ...]:
    for inline in item.iterfind("contentSet/inlineXML"):
        body = inline.find(".//body.content")
        if paragraphs := split_paragraphs(inline if body is None else body):
            return paragraphs
    for inline in item.iterfind("contentSet/inlineData"):
        if (inline.get("contenttype") or "text/plain").startswith("text/") and inline.text:
            return tuple(Paragraph(text) for line in inline.text.splitlines() if (text := one_line(line)))
    return ()


def _headline(content: Element) -> str | None:
    headlines = list(content.iterfind("headline"))
    main = [element for element in headlines if _role(element) in {"", "main", "hld", "headline"}]
    return text_of(next(iter(main + headlines), None))


def _bylines(content: Element) -> tuple[str, ...]:
    bylines = unique_texts([text_of(element) for element in content.iterfind("by")])
    return bylines or unique_texts([_name(element) for element in content.iterfind("creator")])


def _by_role(content: Element, tag: str, role: str) -> str | None:
    elements = [element for element in content.iterfind(tag) if _role(element) == role]
    return text_of(next(iter(elements), None))


def _role(element: Element) -> str:
    """Return an element's role without its vocabulary ("hlrole:main" → "main"); empty where it has none."""
    return (element.get("role") or "").rpartition(":")[2]


def _name_at(root: Element, tag: str) -> str | None:
    element = root.find(tag)
    return None if element is None else _name(element)


def _name(element: Element) -> str | None:
    """Return the name of a concept; its literal where it has none. Codes of a controlled vocabulary are no names."""
    return first_text(element, "name") or one_line(element.get("literal"))


def _pictures(item: Element) -> tuple[Picture, ...]:
    pictures = [
        Picture(address=one_line(remote.get("href")), caption=first_text(remote, "altText"))
        for remote in item.iterfind("contentSet/remoteContent")
        if (remote.get("contenttype") or "").startswith("image/")
    ]
    return tuple(picture for picture in pictures if picture.address)
