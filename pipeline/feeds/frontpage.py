"""Find the links of a front page that lead to articles, for sites without feed or news sitemap.

An article's link is told by the address (a date, a number, a long slug) and the words of the link (a headline has
several), outside of menus and footers. What is fetched in vain is dropped by extract.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from lxml import etree

from pipeline.errors import ItemError
from pipeline.feeds.markup import html_text
from pipeline.feeds.model import FeedItem, FeedResponse, ParsedFeed, absolute_link
from pipeline.records import Outcome, Reason

_MOST_LINKS = 200  # large front pages name fewer articles
_DATE = re.compile(r"/(?:19|20)\d\d[/-]?(?:[01]\d|[a-z]{3})(?:[/-]?[0-3]\d)?(?=[/-])")
_NUMBER = re.compile(r"\d{5,}")
_SLUG = re.compile(r"[^/]*[-_][^/]*[-_][^/]*[-_][^/]*")  # four words at least
_NOT_ARTICLE = re.compile(
    r"/(?:tags?|topics?|category|categories|authors?|about|contact|privacy|terms|login|sign-?(?:in|up)|subscri\w+|search|"
    r"newsletters?|jobs|shop|video|videos|galler(?:y|ies)|podcasts?|feeds?|rss|wp-\w+)(?:/|$)|"
    r"\.(?:jpe?g|png|gif|webp|svg|pdf|mp[34]|xml|css|js|zip)$",
    re.IGNORECASE,
)
_ASIDE = frozenset({"nav", "footer", "aside", "form"})
_FEWEST_WORDS = 4
_FEWEST_LETTERS = 12  # in languages that set no spaces between words a headline has fewer words
_MIN_POINTS = 3  # points: see _points


def parse_page(text: str, document: FeedResponse) -> ParsedFeed:
    """Return the articles that a page links to.

    Raises:
        ItemError: NOT_FEED (dropped) where there seem to be none.
    """
    parser = etree.HTMLParser(no_network=True, recover=True, remove_comments=True, remove_pis=True, encoding="utf-8")
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, etree.ParserError) as error:
        raise ItemError(Outcome.DROPPED, Reason.NOT_FEED, f"no page that can be read: {error}"[:200]) from error
    titles: dict[str, str] = {}
    for link, words in _links(root, document.url) if root is not None else ():
        if len(words) > len(titles.get(link, "")):
            titles[link] = words
    items = [
        FeedItem(link=link, title=words or None)
        for link, words in titles.items()
        if _points(link, words, document.url) >= _MIN_POINTS
    ]
    if not items:
        raise ItemError(Outcome.DROPPED, Reason.NOT_FEED, "a page without links that look like articles")
    most = min(_MOST_LINKS, document.max_items)
    return ParsedFeed(format="page", items=tuple(items[:most]), left_out=max(0, len(items) - most))


def _links(root: etree._Element, base: str) -> Iterator[tuple[str, str]]:
    """Yield the links of the same site outside of menus, with their words."""
    site = _site(base)
    for node in root.iter("a"):
        link = absolute_link(node.get("href"), base)
        if not link or _site(link) != site or any(parent.tag in _ASIDE for parent in node.iterancestors()):
            continue
        words = html_text(etree.tostring(node, encoding="unicode", with_tail=False)) or ""
        yield link.partition("#")[0], " ".join(words.split())[:500]


def _site(url: str) -> str:
    host = urlsplit(url).hostname or ""
    return host.removeprefix("www.")


def _points(link: str, words: str, base: str) -> int:
    """Return how much speaks for an article: two points for an address like one, one for words like a headline."""
    parts = urlsplit(link)
    path = parts.path.rstrip("/")
    if not path or path == urlsplit(base).path.rstrip("/") or _NOT_ARTICLE.search(path):
        return 0
    slug = path.rpartition("/")[2]
    address = bool(_DATE.search(path + "/")) + bool(_NUMBER.search(slug)) + bool(_SLUG.fullmatch(slug))
    letters = sum(character.isalpha() for character in words)
    headline = letters >= _FEWEST_LETTERS and (len(words.split()) >= _FEWEST_WORDS or not words.isascii())
    return 2 * min(address, 1) + headline + (address > 1)
