"""Read a NewsML-G2 document: IPTC's exchange format, a newsItem alone or in a newsMessage.

Where a text or a name is given in several languages, that of the item's own language is read.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence

from lxml import etree
from lxml.etree import _Element as Element

from pipeline.wires import nitf
from pipeline.wires.markup import (
    first_attribute,
    first_text,
    is_markup,
    markup_paragraphs,
    split_paragraphs,
    text_of,
    text_paragraphs,
)
from pipeline.wires.model import (
    ItemLink,
    Paragraph,
    Picture,
    WireItem,
    last_part,
    one_line,
    publication_status,
    unique_texts,
)
from pipeline.wires.topics import find_section

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_MARKED_TYPES = frozenset({"text/html", "application/xhtml+xml", "application/xml", "text/xml"})


def list_items(root: Element) -> list[Element]:
    """Return the newsItems that hold a text, or that say that an item is withdrawn."""
    items = [root] if root.tag == "newsItem" else list(root.iter("newsItem"))
    return [item for item in items if _text(item) or _status(item) != "usable"]


def list_remote_texts(root: Element) -> list[str]:
    """Return the addresses of texts that items only point to."""
    remotes = root.iterfind(".//contentSet/remoteContent")
    texts = [remote for remote in remotes if not (remote.get("contenttype") or "text/").startswith("image/")]
    return [address for remote in texts if (address := one_line(remote.get("href")))]


def parse_news_item(item: Element) -> WireItem:
    """Return the article of a newsItem."""
    meta, content = item.find("itemMeta"), item.find("contentMeta")
    meta = etree.Element("itemMeta") if meta is None else meta
    content = etree.Element("contentMeta") if content is None else content
    inline = item.find("contentSet/inlineXML//nitf")
    inner = nitf.parse_nitf(inline) if inline is not None else None
    language = first_attribute(content, "language", "tag") or item.get(_LANGUAGE)
    subjects = list(content.iterfind("subject"))
    published = first_text(meta, "firstCreated") or first_text(content, "contentCreated")
    keywords = [text_of(keyword) for keyword in _in_language(content.iterfind("keyword"), language)]
    return WireItem(
        paragraphs=_text(item),
        name=one_line(item.get("guid")),
        version=one_line(item.get("version")),
        providers=_providers(meta),
        links=_links(item),
        signals=tuple(last_part(signal.get("qcode") or signal.get("uri")) for signal in meta.iterfind("signal")),
        note=first_text(meta, "edNote"),
        title=_headline(content, language) or first_text(meta, "title") or (inner.title if inner else None),
        standfirst=_by_role(content, "description", "summary", language) or (inner.standfirst if inner else None),
        bylines=_bylines(content, language) or (inner.bylines if inner else ()),
        credit=first_text(content, "creditline")
        or _name_at(content, "infoSource", language)
        or _name_at(meta, "provider", language),
        published=published or first_text(meta, "versionCreated"),
        modified=first_text(meta, "versionCreated") or first_text(content, "contentModified"),
        language=language,
        dateline=_name_at(content, "located", language) or first_text(content, "dateline"),
        section=find_section(
            (subject.get("qcode") or subject.get("uri"), _name(subject, language)) for subject in subjects
        ),
        tags=unique_texts(keywords + [_name(subject, language) for subject in subjects]),
        pictures=_pictures(item) + (inner.pictures if inner else ()),
        rights=first_text(item, "rightsInfo/usageTerms", "rightsInfo/copyrightNotice"),
        status=_status(item),
        embargoed=_embargo(meta),
    )


# what the provider says of the item ----------------------------------------------------------------------------------


def _status(item: Element) -> str:
    status = item.find("itemMeta/pubStatus")
    return publication_status(None if status is None else status.get("qcode") or status.get("uri") or status.text)


def _embargo(meta: Element) -> str | None:
    """Return until when the item is embargoed; "" where its provider will say later (IPTC: an empty element)."""
    element = meta.find("embargoed")
    if element is None:
        return None
    return text_of(element) or ""


def _providers(meta: Element) -> tuple[str, ...]:
    provider = meta.find("provider")
    if provider is None:
        return ()
    codes = [provider.get(name) for name in ("qcode", "uri", "literal")]
    return unique_texts([*codes, *(text_of(name) for name in provider.iterfind("name"))])


def _links(item: Element) -> tuple[ItemLink, ...]:
    """Return the items that this one says to be related to, in its metadata or as what it was made from."""
    links: list[ItemLink] = []
    for element in (*item.iterfind("itemMeta/link"), *item.iterfind("derivedFrom")):
        relation = last_part(element.get("rel") or element.get("reluri")) or str(element.tag).lower()
        names = unique_texts([element.get(name) for name in ("residref", "href", "guidref")])
        links.extend(ItemLink(relation, name) for name in names)
    return tuple(links)


# its text ------------------------------------------------------------------------------------------------------------


def _text(item: Element) -> tuple[Paragraph, ...]:
    for inline in item.iterfind("contentSet/inlineXML"):
        body = inline.find(".//body.content")
        if paragraphs := split_paragraphs(inline if body is None else body):
            return paragraphs
    for inline in item.iterfind("contentSet/inlineData"):
        if paragraphs := _data_paragraphs(inline):
            return paragraphs
    return ()


def _data_paragraphs(inline: Element) -> tuple[Paragraph, ...]:
    """Return the paragraphs of inline data: a text or HTML, as it is or in base64; none where it is anything else."""
    declared, _, parameters = (inline.get("contenttype") or "text/plain").lower().partition(";")
    is_marked = declared.strip() in _MARKED_TYPES
    if not is_marked and not declared.strip().startswith("text/"):
        return ()
    text = "".join(str(part) for part in inline.itertext())
    if "base64" in (inline.get("encoding") or "").lower():
        try:
            data = base64.b64decode(text)
        except (binascii.Error, ValueError):
            return ()
        text = _decoded(data, parameters.partition("charset=")[2].strip("\"' "))
    return markup_paragraphs(text) if is_marked or is_markup(text) else text_paragraphs(text)


def _decoded(data: bytes, charset: str) -> str:
    for name in filter(None, (charset, "utf-8-sig")):
        try:
            return data.decode(name)
        except (LookupError, UnicodeDecodeError):
            continue
    return data.decode("cp1252", "replace")


# its fields ----------------------------------------------------------------------------------------------------------


def _headline(content: Element, language: str | None) -> str | None:
    headlines = list(content.iterfind("headline"))
    main = [element for element in headlines if _role(element) in {"", "main", "hld", "headline"}]
    return text_of(next(iter(_in_language(main or headlines, language)), None))


def _bylines(content: Element, language: str | None) -> tuple[str, ...]:
    bylines = unique_texts([text_of(element) for element in _in_language(content.iterfind("by"), language)])
    return bylines or unique_texts([_name(element, language) for element in content.iterfind("creator")])


def _by_role(content: Element, tag: str, role: str, language: str | None) -> str | None:
    elements = [element for element in content.iterfind(tag) if _role(element) == role]
    return text_of(next(iter(_in_language(elements, language)), None))


def _in_language(elements: Iterable[Element], language: str | None) -> Sequence[Element]:
    """Return the elements that are in ``language``; else those that name no language, else all of them."""
    every = list(elements)
    tags = [_language_of(element) for element in every]
    if language and len(set(tags)) > 1:
        wanted = language.lower()
        for is_wanted in (
            lambda tag: tag == wanted,
            lambda tag: tag.partition("-")[0] == wanted.partition("-")[0],
            lambda tag: not tag,
        ):
            if chosen := [element for element, tag in zip(every, tags, strict=True) if is_wanted(tag)]:
                return chosen
    return every


def _language_of(element: Element) -> str:
    """Return the language that an element, or the one around it, names; "" where only the whole item does."""
    for around in (element, *element.iterancestors()):
        if around.tag in {"newsItem", "newsMessage", "itemSet"}:
            break
        if language := around.get(_LANGUAGE):
            return str(language).lower()
    return ""


def _role(element: Element) -> str:
    """Return an element's role without its vocabulary ("hlrole:main" → "main"); empty where it has none."""
    return (element.get("role") or "").rpartition(":")[2]


def _name_at(root: Element, tag: str, language: str | None) -> str | None:
    element = root.find(tag)
    return None if element is None else _name(element, language)


def _name(element: Element, language: str | None) -> str | None:
    """Return the name of a concept; its literal where it has none. Codes of a controlled vocabulary are no names."""
    names = _in_language(element.iterfind("name"), language)
    return next((text for name in names if (text := text_of(name))), None) or one_line(element.get("literal"))


def _pictures(item: Element) -> tuple[Picture, ...]:
    pictures = [
        Picture(address=one_line(remote.get("href")), caption=first_text(remote, "altText"))
        for remote in item.iterfind("contentSet/remoteContent")
        if (remote.get("contenttype") or "").startswith("image/")
    ]
    return tuple(picture for picture in pictures if picture.address)
