"""Collect the elements of a page that microdata, links or class names mark as bylines.

An element counts by what marks it: microdata is surer than a class name; links to author pages are kept apart.
"""

from __future__ import annotations

import functools
import re

from lxml.html import HtmlElement

from pipeline.extract.text_repair import repair_text

_MAX_BYLINE = 200  # characters; longer blocks are texts about authors
_MAX_ELEMENTS = 40  # of one kind: pages that mark more list teasers or comments
# Class names of bylines, and those of other things about authors; from the naming habits of news templates.
_BYLINE = re.compile(r"(?:^|[\s_-])(?:author|byline|autor|writer|contributor|journalist|verfasser)", re.IGNORECASE)
_NO_BYLINE = re.compile(
    r"bio|desc|image|img|photo|avatar|social|follow|share|date|time|related|more|comment|role|title|icon|label|brand|logo",
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

    def texts(self) -> list[str]:
        """Return the texts of the article's bylines: the surest kind's first and those in the same box."""
        names = [element.find(".//*[@itemprop='name']") for element in self._strong]
        strong = [element if name is None else name for element, name in zip(self._strong, names, strict=True)]
        return _first_group(strong) or _first_group(self._weak)

    def linked_texts(self) -> list[str]:
        """Return the texts of the links to pages about authors, those of teasers among them."""
        return list(dict.fromkeys(text for link in self._links if (text := _text(link)) and len(text) <= _MAX_BYLINE))


@functools.lru_cache(maxsize=4096)  # a page repeats its class names
def _is_byline(names: str) -> bool:
    return bool(_BYLINE.search(names)) and not _NO_BYLINE.search(names)


def _text(element: HtmlElement) -> str:
    return repair_text(" ".join(str(part) for part in element.itertext()))


def _first_group(elements: list[HtmlElement]) -> list[str]:
    """Return the texts of the first element and those in the same box; later ones belong to teasers."""
    texts: list[str] = []
    box: HtmlElement | None = None
    for element in elements:
        text = _text(element)
        if not text or len(text) > _MAX_BYLINE:
            continue
        around = element.getparent() if element.getparent() is not None else element
        if box is None:
            box = around.getparent() if around.getparent() is not None else around
        elif box is not around and box not in around.iterancestors():
            break
        texts.append(text)
    return list(dict.fromkeys(texts))
