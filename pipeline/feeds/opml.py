"""Read and write OPML (opml.org), in which lists of feeds travel between programs."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from pipeline.charsets import decode_feed
from pipeline.errors import UsageError
from pipeline.feeds.model import absolute_link
from pipeline.feeds.xml_repair import with_safe_references, without_prolog
from pipeline.settings import Source


def read_opml(data: bytes) -> tuple[list[Source], list[str]]:
    """Return the sources of an OPML file, and the names of outlines whose address can't be used.

    Outlines of one title are one source; folders are looked into.

    Raises:
        UsageError: It is no OPML.
    """
    if b"<!ENTITY" in data:  # libxml2 expands them in attributes, whatever it is told
        raise UsageError("not OPML: it defines entities")
    text = with_safe_references(without_prolog(decode_feed(data)))
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False, encoding="utf-8"
    )
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UsageError(f"not OPML: {error}") from error
    if root is None or etree.QName(root).localname.lower() != "opml":
        raise UsageError("not OPML: its root is another one")
    sources: dict[str, tuple[list[str], str | None]] = {}
    bad = []
    for node in root.iter():
        address = _attribute(node, "xmlurl")
        if address is None:
            continue
        name = _attribute(node, "title") or _attribute(node, "text") or address
        link = absolute_link(address)
        if link is None or "://" not in link:
            bad.append(f"{name}: {address[:200]!r} is not an http or https address")
            continue
        feeds, home = sources.setdefault(name, ([], absolute_link(_attribute(node, "htmlurl"))))
        if link not in feeds:
            feeds.append(link)
        sources[name] = feeds, home
    return [Source(name=name, feeds=tuple(feeds), home=home) for name, (feeds, home) in sources.items()], bad


def _attribute(node: etree._Element, name: str) -> str | None:
    """Return an attribute, however it is capitalised."""
    for key, value in node.attrib.items():
        if key.lower() == name and value.strip():
            return " ".join(value.split())
    return None


def sources_to_opml(sources: Sequence[Source]) -> bytes:
    """Return ``sources`` as OPML 2.0, an outline for each feed."""
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = "newswire"
    body = etree.SubElement(root, "body")
    for source in sources:
        for feed in source.feeds:
            outline = etree.SubElement(body, "outline", type="rss", text=source.name, title=source.name, xmlUrl=feed)
            if source.home:
                outline.set("htmlUrl", source.home)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return written
