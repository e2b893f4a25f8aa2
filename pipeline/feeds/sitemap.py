"""Parse news sitemaps (Google's news extension of sitemaps.org) and indexes of them.

They are read as they stream by, so that a damaged one yields what stood before the damage.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator

from lxml import etree

from pipeline.errors import ItemError
from pipeline.feeds.markup import title_text
from pipeline.feeds.model import FeedItem, FeedResponse, ParsedFeed, absolute_link, distinct_names
from pipeline.feeds.times import FeedTimes
from pipeline.records import Outcome, Reason

# Of an index so many sitemaps are read at a poll: news sitemaps hold two days, and larger sites split them by section.
_MOST_SITEMAPS = 5
_RECENT = dt.timedelta(days=3)


def parse_sitemap(text: str, document: FeedResponse) -> ParsedFeed:
    """Return the articles of a news sitemap.

    Raises:
        ItemError: NOT_FEED (dropped) for a sitemap of pages that are not marked as news.
    """
    items, plain, left_out = list[FeedItem](), 0, 0
    times = FeedTimes(document)
    for fields in _elements(text, "url"):
        if not any(key.startswith("news.") for key in fields):
            plain += 1
        elif len(items) >= document.max_items:
            left_out += 1
        else:
            items.append(_item(fields, document, times))
    if not items and plain:
        raise ItemError(Outcome.DROPPED, Reason.NOT_FEED, f"a sitemap of {plain} pages, none of them marked as news")
    return ParsedFeed(format="sitemap", items=tuple(items), left_out=left_out)


def parse_index(text: str, document: FeedResponse) -> ParsedFeed:
    """Return which sitemaps of an index are worth reading for news, best first, and no items.

    Those that say "news" in their address, else those that changed within days; none of a mere archive's.
    """
    times = FeedTimes(document)
    sitemaps = []
    for number, fields in enumerate(_elements(text, "sitemap")):
        address = absolute_link(fields.get("loc"), document.url)
        if address and number < document.max_items:
            sitemaps.append((address, times.read(fields.get("lastmod"))))
    news = [(address, changed) for address, changed in sitemaps if "news" in address.lower()]
    recent = [(address, changed) for address, changed in sitemaps if changed and document.now - changed < _RECENT]
    best = sorted(news or recent, key=lambda sitemap: sitemap[1] or document.now, reverse=True)
    return ParsedFeed(format="sitemapindex", items=(), sitemaps=tuple(address for address, _ in best[:_MOST_SITEMAPS]))


def _item(fields: dict[str, str], document: FeedResponse, times: FeedTimes) -> FeedItem:
    stated = [fields.get(name) for name in ("news.publication_date", "lastmod")]
    raw = next(filter(None, stated), None)
    return FeedItem(
        link=absolute_link(fields.get("loc"), document.url),
        title=title_text(fields.get("news.title")),
        published=times.read(*stated),
        published_raw=raw[:100] if raw else None,
        updated=times.read(fields.get("lastmod")),
        image=absolute_link(fields.get("image.loc"), document.url),
        tags=distinct_names([*fields.get("news.keywords", "").split(",")]),
        language=fields.get("news.language"),
    )


def _elements(text: str, name: str) -> Iterator[dict[str, str]]:
    """Yield the texts inside each element ``name``: by local name, those of the extensions as "news.…", "image.…"."""
    reader = etree.iterparse(
        io.BytesIO(text.encode("utf-8", "replace")),
        events=("end",),
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        encoding="utf-8",
    )
    try:
        for _, node in reader:
            if isinstance(node.tag, str) and node.tag.rpartition("}")[2] == name:
                yield dict(_texts(node))
                node.clear()
                while node.getprevious() is not None:
                    del node.getparent()[0]
    except etree.XMLSyntaxError:
        return  # what stood before the damage is kept


def _texts(node: etree._Element) -> Iterator[tuple[str, str]]:
    for child in node.iterdescendants():
        text = (child.text or "").strip()
        if text and isinstance(child.tag, str):
            space, _, tag = child.tag.rpartition("}")
            prefix = "news." if "sitemap-news" in space else "image." if "sitemap-image" in space else ""
            yield prefix + tag, text
