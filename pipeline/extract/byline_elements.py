"""Collect the elements of a page that microdata, links or class names mark as bylines.

An element counts by what marks it: microdata is surer than a class name; links to author pages are kept apart.
"""

from __future__ import annotations

import functools
import itertools
import re

from lxml.html import HtmlElement

from pipeline.extract.text_repair import repair_text

_MAX_BYLINE = 200  # characters; longer blocks are texts about authors
_WHOLE = frozenset({"html", "body", "main"})
_MAX_ELEMENTS = 40  # of one kind: pages that mark more list teasers or comments
# Class names of bylines, and those of other things about authors; from the naming habits of news templates.
_BYLINE = re.compile(r"(?:^|[\s_-])(?:author|byline|autor|writer|contributor|journalist|verfasser)", re.IGNORECASE)
_BYLINE_PARTS = (
    "author",
    "byline",
    "autor",
    "writer",
    "contributor",
    "journalist",
    "verfasser",
)  # asked first: quicker
_NO_BYLINE = re.compile(
    r"bio|desc|image|img|photo|avatar|social|follow|share|date|time|related|more|comment|role|title|icon|label|brand|logo",
    re.IGNORECASE,
)
# In class names and ids of boxes: what stands there is of other articles, or of readers. From the habits of templates.
_ELSEWHERE = re.compile(
    r"related|recommend|teaser|most-?(?:read|popular|viewed)|trending|read-?(?:more|also|next)|see-?also|"
    r"more-?(?:on|from|stories|news)|comment(?!ary)|disqus|(?:^|[\s_-])repl(?:y|ies)",
    re.IGNORECASE,
)
# A part of the address of a page about an author.
_ABOUT = re.compile(
    r"/(?:authors?|autor(?:en|es|i|zy)?|auteurs?|autore|autori|journalist(?:s|e|en|i)?|redakteure?|reporters?|columnists?|"
    r"contributors?|staff|profiles?|profil|people|by|forfatter|skribent|journalister|penulis|yazar(?:lar)?|avtor|kirjoittaja)"
    r"[/=]",
    re.IGNORECASE,
)


class BylineElements:
    """The byline elements of a page, as a walk over its tree meets them."""

    def __init__(self) -> None:
        self._strong: list[HtmlElement] = []
        self._weak: list[HtmlElement] = []
        self._links: list[HtmlElement] = []

    def add(self, element: HtmlElement, tag: str) -> None:
        """Keep ``element`` if it is a byline."""
        get = element.get
        if get("rel") == "author" or "author" in (get("itemprop") or ""):
            if tag not in {"meta", "link"} and len(self._strong) < _MAX_ELEMENTS:
                self._strong.append(element)
            return
        class_names = get("class")
        if class_names and _is_byline(class_names):
            if len(self._weak) < _MAX_ELEMENTS:
                self._weak.append(element)
        elif tag == "a" and len(self._links) < _MAX_ELEMENTS and _ABOUT.search(get("href") or ""):
            self._links.append(element)

    def strong_texts(self) -> list[str]:
        """Return the texts of the bylines that microdata or links mark: the first and those in the same box."""
        names = [element.find(".//*[@itemprop='name']") for element in self._strong]
        return _first_group(
            [element if name is None else name for element, name in zip(self._strong, names, strict=True)]
        )

    def weak_texts(self) -> list[str]:
        """Return the texts of the bylines that class names mark: the first and those in the same box."""
        return _first_group(self._weak)

    def linked_texts(self) -> list[str]:
        """Return the texts of the links to pages about authors, those of teasers among them."""
        return list(dict.fromkeys(text for link in self._links if (text := _text(link)) and len(text) <= _MAX_BYLINE))


@functools.lru_cache(maxsize=4096)  # a page repeats its class names
def _is_byline(names: str) -> bool:
    lower = names.lower()
    return any(part in lower for part in _BYLINE_PARTS) and bool(_BYLINE.search(names)) and not _NO_BYLINE.search(names)


def _text(element: HtmlElement) -> str:
    return repair_text(" ".join(str(part) for part in element.itertext()))


def _is_elsewhere(element: HtmlElement) -> bool:
    """Tell whether a box around an element, but not around the page's headline, says that it is of other articles."""
    boxes = itertools.takewhile(
        lambda box: box.tag not in _WHOLE and box.find(".//h1") is None, element.iterancestors()
    )
    return any(_ELSEWHERE.search(f"{box.get('class') or ''} {box.get('id') or ''}") for box in boxes)


def _first_group(elements: list[HtmlElement]) -> list[str]:
    """Return the texts of the first element and those in the same box; later ones belong to teasers."""
    texts: list[str] = []
    box: HtmlElement | None = None
    for element in elements:
        text = _text(element)
        if not text or len(text) > _MAX_BYLINE or _is_elsewhere(element):
            continue
        around = element.getparent() if element.getparent() is not None else element
        if box is None:
            box = around.getparent() if around.getparent() is not None else around
        elif box is not around and box not in around.iterancestors():
            break
        texts.append(text)
    return list(dict.fromkeys(texts))
