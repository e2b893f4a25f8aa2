"""Which runs of text does a page consist of, and where does each stand?"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urljoin

from lxml.html import HtmlElement

from pipeline.extract.facts import site
from pipeline.text import normalise

# Elements inside a line of text; all others begin a new block.
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd label mark q s samp small span strike "
    "strong sub sup time tt u var wbr".split()
)
_SKIPPED = frozenset("head script style template svg noscript button select textarea option nav".split())
_MAX_BLOCKS = 20_000  # the longest live blogs hold some thousand


class Block(NamedTuple):
    """One run of text in the page."""

    text: str
    tag: str  # of the block element that holds it
    path: tuple[HtmlElement, ...]  # its block ancestors, outermost first, itself last
    own_links: int  # characters of it that are links to pages of the same site
    links: int  # characters of it that are links

    @property
    def key(self) -> str:
        """Letters and digits alone: what extractors that treat spaces differently agree on."""
        return key(self.text)


def key(text: str) -> str:
    """Return the letters and digits of ``text``, normalised."""
    return re.sub(r"[\W_]+", "", normalise(text))


def signature(element: HtmlElement) -> str:
    """Return tag and class names of an element: what elements that a template makes for one purpose share."""
    classes = re.sub(r"\d+", "#", element.get("class") or "")
    return f"{element.tag}.{classes}"


def blocks(tree: HtmlElement, url: str | None) -> list[Block]:
    """Return the blocks of ``tree`` in the order of the page; at most 20,000."""
    walk = _Walk(url)
    body = tree.find("body")
    walk.run(tree if body is None else body)
    return walk.made


class _Walk:
    """One pass over the tree without recursion: real pages nest thousands of elements."""

    def __init__(self, url: str | None) -> None:
        self.made: list[Block] = []
        self._url = url
        self._site = site(url) if url else None
        self._path: list[HtmlElement] = []
        self._runs: list[str] = []
        self._own = self._links = 0
        self._link: HtmlElement | None = None
        self._is_own = False

    def run(self, root: HtmlElement) -> None:
        stack: list[tuple[HtmlElement, bool]] = [(root, False)]
        while stack and len(self.made) < _MAX_BLOCKS:
            element, done = stack.pop()
            if done:
                self._leave(element)
                if element is not root:
                    self._add(element.tail)
                continue
            if not isinstance(element.tag, str) or element.tag in _SKIPPED:
                self._add(element.tail)
                continue
            self._enter(element)
            self._add(element.text)
            stack.append((element, True))
            stack.extend((child, False) for child in reversed(element))
        self._flush()

    def _enter(self, element: HtmlElement) -> None:
        if element.tag not in _INLINE:
            self._flush()
            self._path.append(element)
        elif element.tag == "a" and self._link is None:
            self._link = element
            self._is_own = self._same_site(element.get("href") or "")

    def _leave(self, element: HtmlElement) -> None:
        if element.tag not in _INLINE:
            self._flush()
            self._path.pop()
        elif element is self._link:
            self._link = None

    def _add(self, text: str | None) -> None:
        if not text:
            return
        self._runs.append(text)
        if self._link is not None:
            size = len(text.strip())
            self._links += size
            self._own += size * self._is_own

    def _flush(self) -> None:
        text = " ".join("".join(self._runs).split())
        if text and self._path:
            element = self._path[-1]
            self.made.append(Block(text, str(element.tag), tuple(self._path), self._own, self._links))
        self._runs.clear()
        self._own = self._links = 0

    def _same_site(self, href: str) -> bool:
        if self._site is None or (href.startswith(("/", "#", "?")) and not href.startswith("//")):
            return True
        try:
            return site(urljoin(self._url or "", href)) == self._site
        except ValueError:
            return False
