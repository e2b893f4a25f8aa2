"""Take further articles out of a page that shows one after another (endless scroll), so that its own remains.

A further article has text under a headline that isn't the page's own, and an address, byline or time.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from lxml.html import HtmlElement

from pipeline.extract.blocks import RUNNING_TEXT_CHARS, letter_key, signature

_ADDRESS_KEYS = (
    "data-url",
    "data-article-url",
    "data-permalink",
    "data-href",
    "data-canonical",
    "data-page-url",
    "itemid",
)
_MIN_PARAGRAPHS = 2  # of running text, in an article that is taken for one
_MIN_TITLE = 8  # letters of a title that may stand within a longer one
_CONTAINERS = ("article", "section", "div", "main")
_SIGNED = ("byline", "author", "dateline", "publish")


def remove_other_articles(tree: HtmlElement, titles: tuple[str, ...], url: str | None) -> None:
    """Take the articles out of ``tree`` that follow the page's own.

    Args:
        tree: the page, which is changed.
        titles: how the page itself names its article.
        url: the page's address.
    """
    headings = [(heading, letter_key("".join(heading.itertext()))) for heading in tree.iter("h1", "h2")]
    if len(headings) < 2:  # noqa: PLR2004 - one headline, one article
        return
    keys = {key for title in titles if (key := letter_key(title))}
    own = next((number for number, (_, key) in enumerate(headings) if _is_named(key, keys)), None)
    if own is None:
        return
    around_own = {headings[own][0], *headings[own][0].iterancestors()}
    own_article = next((element for element in headings[own][0].iterancestors() if element.tag == "article"), None)
    before = None
    for heading, key in headings[own + 1 :]:
        if not key or _is_named(key, keys):
            continue
        container = _container(heading, around_own)
        if container is None or container is before or _count_paragraphs(container) < _MIN_PARAGRAPHS:
            continue
        before = container
        inside = own_article is not None and own_article in container.iterancestors()
        sibling = next((element for element in around_own if element.getparent() is container.getparent()), None)
        is_set_alike = sibling is not None and signature(sibling) == signature(container) and container.get("class")
        address = _has_other_address(container, heading, url, linked=bool(is_set_alike))
        alike = own_article is not None and not inside and signature(container) == signature(own_article)
        signed = not inside and heading.tag == "h1" and _is_signed(container)
        other = (address and (heading.tag == "h1" or not inside)) or signed or (alike and container.tag == "article")
        if other and _has_text_before(container, around_own):
            container.drop_tree()


def _is_named(key: str, keys: set[str]) -> bool:
    """Tell whether a heading is the page's own headline: a title of the page, or one but for the site's name."""
    return key in keys or (len(key) >= _MIN_TITLE and any(key in title for title in keys))


def _container(heading: HtmlElement, around_own: set[HtmlElement]) -> HtmlElement | None:
    """Return the largest element around a heading that doesn't hold the page's own headline."""
    container = None
    for element in heading.iterancestors():
        if element in around_own:
            break
        container = element if element.tag in _CONTAINERS else container
        if element.tag == "article" or any(element.get(name) for name in _ADDRESS_KEYS):
            break
    return container


def _paragraphs(element: HtmlElement) -> Iterator[HtmlElement]:
    return (p for p in element.iter("p") if sum(len(text) for text in p.itertext()) >= RUNNING_TEXT_CHARS)


def _count_paragraphs(element: HtmlElement) -> int:
    return sum(1 for _ in _paragraphs(element))


def _has_text_before(container: HtmlElement, around_own: set[HtmlElement]) -> bool:
    """Tell whether the page's own article, of two paragraphs or more, stands before ``container``."""
    scope = next((element for element in container.iterancestors() if element in around_own), None)
    if scope is None:
        return False
    count = 0
    for child in scope.iter("p", container.tag):
        if child is container:
            break
        count += child.tag == "p" and sum(len(text) for text in child.itertext()) >= RUNNING_TEXT_CHARS
    return count >= _MIN_PARAGRAPHS


def _has_other_address(container: HtmlElement, heading: HtmlElement, url: str | None, *, linked: bool) -> bool:
    """Tell whether an article has an address of its own; with ``linked`` also that to which a smaller heading links."""
    stated = [container.get(name) for name in _ADDRESS_KEYS]
    if linked or container.tag == "article" or heading.tag == "h1":  # round-ups set links above their sections, too
        link = heading.find(".//a")
        parent = heading.getparent()
        link = parent if link is None and parent is not None and parent.tag == "a" else link
        stated.append(link.get("href") if link is not None else None)
    return any(_is_other_page(address, url) for address in stated if address)


def _is_other_page(address: str, url: str | None) -> bool:
    try:
        parts, own = urlsplit(urljoin(url or "", address.strip())), urlsplit(url or "")
    except ValueError:
        return False
    return bool(parts.path.strip("/")) and parts.path.rstrip("/") != own.path.rstrip("/")


def _is_signed(container: HtmlElement) -> bool:
    """Tell whether an article has a byline or a time of its own."""
    for element in container.iter("time", "address", "p", "div", "span", "a"):
        if element.tag in {"time", "address"} or element.get("rel") == "author":
            return True
        names = (element.get("class") or "").lower()
        if names and any(word in names for word in _SIGNED):
            return True
    return False
