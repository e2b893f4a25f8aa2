"""Split a page into blocks: its runs of text, each with the elements around it.

The blocks hold all visible text of the page once and in order, but for menus, forms and scripts.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from lxml import etree
from lxml.html import HtmlElement

from pipeline.extract.metadata import publisher_domain
from pipeline.text import normalise

# Elements inside a line of text; all others begin a new block.
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd label mark q s samp small span strike "
    "strong sub sup time tt u var wbr".split()
)
_SKIPPED = frozenset("head script style template svg noscript button select textarea option nav".split())
_HOST = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:)?//([^/?#\s]*)", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_MAX_BLOCKS = 20_000  # the longest live blogs hold some thousand

RUNNING_TEXT_CHARS = 80  # a paragraph of running text has so many or more; shorter blocks may be anything
_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
HEADLINE_TAGS = frozenset({"h1", "h2"})


class Block(NamedTuple):
    """One run of text in the page."""

    text: str
    tag: str  # of the block element that holds it
    path: tuple[HtmlElement, ...]  # its block ancestors, outermost first, itself last
    own_links: int  # characters of it that are links to pages of the same site
    links: int  # characters of it that are links

    @property
    def key(self) -> str:
        """Return its letters and digits alone, on which extractors that treat spaces differently agree."""
        return letter_key(self.text)


class TextLine(NamedTuple):
    """A line of the text, with the block of the page in which it stands, where that is known."""

    text: str
    heading: bool = False
    item: bool = False
    block: Block | None = None


@functools.lru_cache(maxsize=8192)  # blocks, lines and titles of a page are compared again and again
def letter_key(text: str) -> str:
    """Return the letters and digits of ``text``, normalised."""
    return re.sub(r"[\W_]+", "", normalise(text))


def signature(element: HtmlElement) -> str:
    """Return tag and class names of an element: what elements that a template makes for one purpose share."""
    return f"{element.tag}.{_without_numbers(element.get('class') or '')}"


@functools.lru_cache(maxsize=4096)
def _without_numbers(names: str) -> str:
    return _DIGITS.sub("#", names)


def template_kind(block: Block) -> tuple[str, ...]:
    """Return what the template made of a block: its tag and the signature of the element around it.

    The element's own classes are left out: first paragraphs, with their large initials, have classes of their own.
    Where the element around it has no class, the next one counts too.
    """
    around = [signature(element) for element in block.path[-3:-1]]
    around.reverse()
    return (block.tag, *(around[:1] if around and not around[0].endswith(".") else around))


def split_blocks(tree: HtmlElement, url: str | None) -> list[Block]:
    """Return the blocks of ``tree`` in the order of the page, at most 20,000; ``url`` is the page's own."""
    walk = _Walk(url)
    body = tree.find("body")
    walk.run(tree if body is None else body)
    return walk.blocks


class _Walk:
    """One pass over the tree without recursion: real pages nest thousands of elements."""

    def __init__(self, url: str | None) -> None:
        self.blocks: list[Block] = []
        self._site = publisher_domain(url) if url else None
        self._path: list[HtmlElement] = []
        self._runs: list[str] = []
        self._own_links = self._links = 0
        self._link: HtmlElement | None = None
        self._is_own_site = False

    def run(self, root: HtmlElement) -> None:
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            tag = element.tag
            skipped = tag in _SKIPPED or not isinstance(tag, str)
            if event == "start":
                if skipped:
                    walk.skip_subtree()
                    continue
                self._enter(element, tag)
                text = element.text
            else:
                if not skipped:
                    self._leave(element, tag)
                text = element.tail if element is not root else None
            if text and (self._runs or not text.isspace()):
                self._add(text)
            if len(self.blocks) >= _MAX_BLOCKS:
                break
        self._flush()

    def _enter(self, element: HtmlElement, tag: str) -> None:
        if tag not in _INLINE:
            if self._runs:
                self._flush()
            self._path.append(element)
        elif tag == "a" and self._link is None:
            href = element.get("href") or ""
            if href.startswith("#") and self._path and self._path[-1].tag in _HEADINGS:
                return  # a heading that links to itself is no headline of another page
            self._link = element
            self._is_own_site = self._site is None or _site_of(href) in {None, self._site}

    def _leave(self, element: HtmlElement, tag: str) -> None:
        if tag not in _INLINE:
            if self._runs:
                self._flush()
            self._path.pop()
        elif element is self._link:
            self._link = None

    def _add(self, text: str) -> None:
        self._runs.append(text)
        if self._link is not None:
            size = len(text.strip())
            self._links += size
            self._own_links += size * self._is_own_site

    def _flush(self) -> None:
        text = " ".join("".join(self._runs).split())
        if text and self._path:
            element = self._path[-1]
            self.blocks.append(Block(text, element.tag, tuple(self._path), self._own_links, self._links))
        self._runs.clear()
        self._own_links = self._links = 0


def _site_of(href: str) -> str | None:
    """Return the site that an address names; None for one within the site of its page."""
    host = _HOST.match(href)
    return _site_of_host(host[1]) if host else None


@functools.lru_cache(maxsize=1024)
def _site_of_host(host: str) -> str | None:
    try:
        return publisher_domain(f"https://{host}")
    except ValueError:
        return ""
