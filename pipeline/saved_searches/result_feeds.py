"""Write the matches of a saved search as feeds: Atom (RFC 4287) and JSON Feed 1.1 (jsonfeed.org). Pure.

The id of an entry stays the same whatever its article becomes, so that feed readers show each once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

from pipeline.records import Document
from pipeline.saved_searches.messages import (
    MatchedDocument,
    article_page,
    describe_title,
    feed_address,
    link_of,
    summarise,
)
from pipeline.search_records import SavedSearch
from pipeline.text import without_control_characters

ATOM_TYPE = "application/atom+xml"
JSON_FEED_TYPE = "application/feed+json"

_ATOM = "http://www.w3.org/2005/Atom"
_JSON_FEED_VERSION = "https://jsonfeed.org/version/1.1"


def render_atom(search: SavedSearch, matches: Sequence[MatchedDocument], site: str) -> bytes:
    """Return the Atom feed of a search whose newest matches, the latest first, are ``matches``."""
    feed = ET.Element("feed", {"xmlns": _ATOM})
    _add(feed, "id", f"urn:newswire:search:{search.id}")
    _add(feed, "title", search.name)
    _add(feed, "updated", _time(max((matched.match.at for matched in matches), default=search.created)))
    _add(_add(feed, "author"), "name", "newswire")
    _add(feed, "link", rel="self", type=ATOM_TYPE, href=feed_address(search, site, "atom"))
    _add(feed, "link", rel="alternate", type="text/html", href=f"{site}/")
    for matched in matches:
        _add_entry(feed, matched, site)
    body: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return body


def _add_entry(feed: ET.Element, matched: MatchedDocument, site: str) -> None:
    document, page = matched.document, article_page(matched.document, site)
    language = {"xml:lang": document.language} if document.language else {}
    entry = _add(feed, "entry", **language)
    _add(entry, "id", f"urn:newswire:{document.id}")
    _add(entry, "title", describe_title(document))
    _add(entry, "updated", _time(matched.match.at))
    if document.published:
        _add(entry, "published", _time(document.published))
    for name in _authors(document):
        _add(_add(entry, "author"), "name", name)
    if link := link_of(document):
        _add(entry, "link", rel="alternate", href=link)
        _add(entry, "link", rel="related", type="text/html", href=page)
    else:
        _add(entry, "link", rel="alternate", type="text/html", href=page)
    for tag in document.tags:
        _add(entry, "category", term=tag)
    _add(entry, "summary", summarise(document))


def render_json_feed(search: SavedSearch, matches: Sequence[MatchedDocument], site: str) -> dict[str, Any]:
    """Return the JSON Feed of a search whose newest matches, the latest first, are ``matches``."""
    return {
        "version": _JSON_FEED_VERSION,
        "title": search.name,
        "home_page_url": f"{site}/",
        "feed_url": feed_address(search, site, "json"),
        "items": [_plain_item(matched, site) for matched in matches],
    }


def _plain_item(matched: MatchedDocument, site: str) -> dict[str, Any]:
    document = matched.document
    stated = {
        "id": f"urn:newswire:{document.id}",
        "url": link_of(document) or article_page(document, site),
        "title": describe_title(document),
        "content_text": summarise(document),
        "date_published": _time(document.published) if document.published else None,
        "date_modified": _time(matched.match.at),
        "authors": [{"name": name} for name in _authors(document)] or None,
        "tags": list(document.tags) or None,
        "language": document.language,
    }
    return {name: value for name, value in stated.items() if value is not None}


def _authors(document: Document) -> tuple[str, ...]:
    return document.authors or ((document.source,) if document.source else ())


def _time(time: dt.datetime) -> str:
    """Return a time as RFC 3339 has it."""
    return time.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    """Add an element whose text and attributes hold nothing that XML has no character for."""
    values = {key: without_control_characters(value) for key, value in attributes.items()}
    element = ET.SubElement(parent, name, values)
    element.text = None if text is None else without_control_characters(text)
    return element
