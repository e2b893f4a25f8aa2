"""Parse a document of any format that articles are listed in, told by its content.

Run it in a worker: crafted feeds can keep a parser busy.
"""

from __future__ import annotations

import re

from msgspec.structs import replace
from w3lib.encoding import http_content_type_encoding

from pipeline.charsets import decode_feed
from pipeline.errors import ItemError
from pipeline.feeds.frontpage import parse_page
from pipeline.feeds.jsonfeed import parse_json_feed
from pipeline.feeds.model import FeedResponse, ParsedFeed, clean_item
from pipeline.feeds.sitemap import parse_index, parse_sitemap
from pipeline.feeds.syndication import parse_syndication
from pipeline.feeds.xml_repair import with_safe_references, without_prolog
from pipeline.records import Outcome, Reason

_ROOT = re.compile(r"<(?:[\w-]{1,20}:)?([\w-]{1,20})")


def parse(document: FeedResponse) -> ParsedFeed:
    """Return what ``document`` holds: RSS, Atom, RDF, JSON Feed, a news sitemap or an index of them.

    Where the document is to be a page, a page is read too: for its links.

    Raises:
        ItemError: EMPTY, NOT_FEED (dropped), UNREADABLE (quarantined).
    """
    parsed = _parse(document)
    return replace(parsed, items=tuple(map(clean_item, parsed.items)))


def _parse(document: FeedResponse) -> ParsedFeed:
    charset = http_content_type_encoding(document.content_type)
    text = decode_feed(document.data, charset, document.language).lstrip()
    if not text:
        raise ItemError(Outcome.DROPPED, Reason.EMPTY, "there is nothing in it")
    if text.startswith(("{", "[")):
        return parse_json_feed(text, document)
    is_page = text[:14].lower() == "<!doctype html"
    text = with_safe_references(without_prolog(text))
    root = _ROOT.match(text)
    name = root[1].lower() if root else ""
    if document.role == "page" and name not in {"rss", "feed", "rdf", "urlset", "sitemapindex"}:
        return parse_page(text, document)
    if name in {"html", "head", "body"} or (is_page and name not in {"rss", "feed", "rdf"}):
        raise ItemError(Outcome.DROPPED, Reason.NOT_FEED, "an HTML page")
    if name == "urlset":
        return parse_sitemap(text, document)
    if name == "sitemapindex":
        return parse_index(text, document)
    return parse_syndication(text, document)
