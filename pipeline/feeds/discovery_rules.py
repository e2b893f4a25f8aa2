"""List the addresses at which a site's feeds may be.

Pure: a home page and a robots.txt in, addresses to try out, the best first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from lxml import etree

from pipeline.feeds.markup import title_text
from pipeline.feeds.model import absolute_link

_TYPES = frozenset(
    "application/rss+xml application/atom+xml application/feed+json application/rdf+xml application/json".split()
)
# The paths under which content systems publish their feeds (as miniflux, feed_seeker and news-crawl try them).
_PATHS = (
    "/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feeds/all.rss", "/feed.json", "/index.rdf",
    "/arc/outboundfeeds/rss/", "/rss/index.xml", "/?format=feed&type=rss",
)  # fmt: skip
_SITEMAPS = ("/news-sitemap.xml", "/sitemap-news.xml", "/sitemap_news.xml", "/sitemap-index.xml", "/sitemap.xml")
_LOOKS_LIKE_FEED = re.compile(r"(?:/|\b)(?:rss|atom|feeds?)(?:[./?_-]|$)|\.(?:rss|rdf|atom)$", re.IGNORECASE)
_COMMENTS = re.compile(r"comment|/replies|kommentar|comentario|commentaire", re.IGNORECASE)
_SITEMAP_LINE = re.compile(r"^\s*sitemap\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_MAX_ADDRESSES = 20  # addresses of one kind that are tried
# Two letters that are sold to everybody; all others say where a site's audience is.
_WORLDWIDE = frozenset("ai cc co eu fm gg im io is la ly me nu sh so st su tk to tv vc ws".split())


class HomePage(NamedTuple):
    """What a home page says about its site."""

    name: str | None
    language: str | None
    linked: tuple[str, ...]  # what it declares to be its feeds
    hinted: tuple[str, ...]  # links that look like feeds


def parse_home_page(text: str, url: str) -> HomePage:
    """Return what the home page at ``url`` says of its site."""
    parser = etree.HTMLParser(no_network=True, recover=True, encoding="utf-8")
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, etree.ParserError):
        root = None
    if root is None:
        return HomePage(None, None, (), ())
    base = next((absolute_link(node.get("href"), url) for node in root.iter("base")), None) or url
    name = next((node.get("content") for node in root.iter("meta") if node.get("property") == "og:site_name"), None)
    title = next(("".join(node.itertext()) for node in root.iter("title")), None)
    language = re.match(r"[a-zA-Z]{2,3}", root.get("lang") or "")
    return HomePage(
        name=title_text(name) or _site_name(title_text(title)),
        language=language[0].lower() if language else None,
        linked=_distinct(_declared(root, base)),
        hinted=_distinct(_hinted(root, base)),
    )


def _site_name(title: str | None) -> str | None:
    """Return the part of a home page's title that names the site: the shortest one."""
    parts = [part.strip() for part in re.split(r"\s[|–—·:-]\s|\s?[|·]\s?", title or "") if part.strip()]
    return min(parts, key=len)[:100] if parts else None


def _declared(root: etree._Element, base: str) -> Iterator[str | None]:
    for node in root.iter("link"):
        relations = (node.get("rel") or "").lower().split()
        kind = (node.get("type") or "").partition(";")[0].strip().lower()
        if (
            "alternate" in relations
            and kind in _TYPES
            and not _COMMENTS.search(f"{node.get('href')} {node.get('title')}")
        ):
            yield absolute_link(node.get("href"), base)


def _hinted(root: etree._Element, base: str) -> Iterator[str | None]:
    site = _site(base)
    for node in root.iter("a"):
        link = absolute_link(node.get("href"), base)
        if link and _LOOKS_LIKE_FEED.search(link) and not _COMMENTS.search(link) and _site(link).endswith(site):
            yield link


def _site(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _distinct(links: Iterator[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(link.partition("#")[0] for link in links if link))[:_MAX_ADDRESSES]


def sitemap_addresses(robots: str, url: str) -> tuple[str, ...]:
    """Return the sitemaps that a robots.txt names, those for news first, and without any the usual places."""
    links = [absolute_link(line, url) for line in _SITEMAP_LINE.findall(robots)]
    addresses = list(dict.fromkeys(link for link in links if link))
    addresses.sort(key=lambda address: "news" not in address.lower())
    return tuple(addresses[:_MAX_ADDRESSES]) or tuple(urljoin(url, path) for path in _SITEMAPS)


def usual_feed_addresses(url: str) -> tuple[str, ...]:
    """Return the addresses under which the site of ``url`` would have its feeds, were it an ordinary one."""
    return tuple(urljoin(url, path) for path in _PATHS)


def country_of_host(url: str) -> str | None:
    """Return the country that a host's last label stands for; None for one that is sold worldwide."""
    label = (urlsplit(url).hostname or "").rpartition(".")[2].lower()
    if len(label) != len("de") or not label.isalpha() or not label.isascii() or label in _WORLDWIDE:
        return None
    return "GB" if label == "uk" else label.upper()
