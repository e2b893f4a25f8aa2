"""What does a page say of itself? One walk over its tree gathers all that the fields are decided from."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from pipeline.errors import ItemError
from pipeline.extract import ld
from pipeline.extract.mend import mend
from pipeline.records import Outcome, Reason

# huge_tree: libxml2 otherwise stops reading below 255 nested elements, which real layouts reach
_PARSER_OPTIONS: dict[str, Any] = {
    "encoding": "utf-8",
    "huge_tree": True,
    "remove_comments": True,
    "remove_pis": True,
    "collect_ids": False,
}
_UNSEEN = ("script", "style", "template", "svg", "link", "noscript", "iframe", "object", "canvas", "map", "select")
_MAX_H1 = 5  # pages that set more headings as h1 don't mark their headline by it
_MAX_TIMES = 12  # those of the article stand among the first; the rest belong to teasers
_MAX_BYLINE = 200  # characters; longer blocks are texts about authors
_BYLINE = re.compile(r"(?:^|[\s_-])(?:author|byline|autor|writer|contributor|journalist|verfasser)", re.IGNORECASE)
_NO_BYLINE = re.compile(
    r"bio|desc|image|img|photo|avatar|social|follow|share|date|time|related|more|comment|role|title|icon|label",
    re.IGNORECASE,
)


class Time(NamedTuple):
    """A time element or a machine-readable date in the page."""

    value: str
    what: str  # itemprop, class and pubdate of it and its parent: "published", "updated" …
    text: str


class Evidence(NamedTuple):
    """All that a page says of itself outside its text."""

    tree: HtmlElement
    meta: dict[str, list[str]]  # by lower-case name, property or itemprop
    links: dict[str, list[str]]  # <link rel=…>: addresses by rel
    ld: list[Any]
    article: ld.Node
    title: str | None
    h1: list[str]
    h1_parts: list[tuple[str, ...]]  # the text runs of each h1: kickers stand in runs of their own
    times: list[Time]
    bylines: list[str]
    language: str | None

    def first(self, *names: str) -> str | None:
        """Return the first meta content of the first of ``names`` that there is."""
        return next((values[0] for name in names if (values := self.meta.get(name))), None)


def parse(text: str) -> HtmlElement:
    """Return the tree of an HTML text. Raises ItemError NO_TEXT where there is no element in it."""
    try:
        return document_fromstring(text.encode("utf-8", "replace"), parser=HTMLParser(**_PARSER_OPTIONS))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, f"no page in it: {error}") from error


def gather(tree: HtmlElement, url: str | None) -> Evidence:
    """Return what the page says of itself, and take what nobody sees (scripts, styles) out of ``tree``."""
    meta: dict[str, list[str]] = {}
    links: dict[str, list[str]] = {}
    scripts: list[str] = []
    headings: list[tuple[str, ...]] = []
    times: list[Time] = []
    title: str | None = None
    for element in tree.iter("meta", "link", "title", "script", "h1", "time"):
        tag = element.tag
        if tag == "meta":
            _add_meta(meta, element)
        elif tag == "link" and element.get("href"):
            links.setdefault((element.get("rel") or "").lower(), []).append(element.get("href").strip())
        elif tag == "title" and title is None and element.getparent().tag != "svg":
            title = mend(element.text_content())
        elif tag == "script" and "ld+json" in (element.get("type") or "").lower():
            scripts.append(element.text or "")
        elif tag == "h1" and len(headings) < _MAX_H1:
            headings.append(tuple(t for t in (mend(str(part)) for part in element.itertext()) if t))
        elif tag == "time" and len(times) < _MAX_TIMES:
            times.append(_time(element))
    bylines, more_times = _marked(tree)
    for element in list(tree.iter(*_UNSEEN)):
        if element.getparent() is not None:
            element.drop_tree()
    values = ld.read(scripts)
    return Evidence(
        tree=tree,
        meta=meta,
        links=links,
        ld=values,
        article=ld.article(values, url),
        title=title or None,
        h1=[mend(" ".join(parts)) for parts in headings if parts],
        h1_parts=[parts for parts in headings if parts],
        times=times + more_times,
        bylines=bylines,
        language=tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang"),
    )


def _add_meta(meta: dict[str, list[str]], element: HtmlElement) -> None:
    content = mend(element.get("content") or "")
    if not content:
        return
    for key in ("name", "property", "itemprop", "http-equiv"):
        if name := element.get(key):
            meta.setdefault(name.strip().lower(), []).append(content)


def _time(element: HtmlElement) -> Time:
    text = mend(element.text_content())
    parent = element.getparent()
    what = " ".join(
        value
        for one in (element, parent)
        if one is not None
        for value in (one.get("itemprop"), one.get("class"), one.get("pubdate"), one.get("id"))
        if value
    )
    return Time((element.get("datetime") or element.get("content") or text).strip(), what.lower(), text)


_AUTHORED = etree.XPath(
    "//body//*[@rel='author' or contains(@itemprop,'author') or "
    "contains(translate(@class,'AB','ab'),'author') or contains(translate(@class,'B','b'),'byline') or "
    "contains(@class,'autor') or contains(@class,'Autor')]"
)
_DATED = etree.XPath("//body//*[(@itemprop='datePublished' or @itemprop='dateModified') and not(self::time)]")


def _marked(tree: HtmlElement) -> tuple[list[str], list[Time]]:
    """Return the bylines and the dates that microdata or classes mark in the body."""
    strong: list[HtmlElement] = []
    weak: list[HtmlElement] = []
    for element in _AUTHORED(tree):
        name = element.get("class") or ""
        marked = element.get("rel") == "author" or "author" in (element.get("itemprop") or "")
        if marked:
            inner = element.find(".//*[@itemprop='name']")
            strong.append(element if inner is None else inner)
        elif _BYLINE.search(name) and not _NO_BYLINE.search(name):
            weak.append(element)
    times = [_time(element) for element in _DATED(tree)[:_MAX_TIMES]]
    return _first_group(strong) or _first_group(weak), times


def _first_group(elements: list[HtmlElement]) -> list[str]:
    """Return the texts of the first element and those in the same box; later ones belong to teasers."""
    made: list[str] = []
    box: HtmlElement | None = None
    for element in elements:
        text = mend(" ".join(str(part) for part in element.itertext()))
        if not text or len(text) > _MAX_BYLINE:
            continue
        around = element.getparent() if element.getparent() is not None else element
        if box is None:
            box = around.getparent() if around.getparent() is not None else around
        elif box is not around and box not in around.iterancestors():
            break
        made.append(text)
    return list(dict.fromkeys(made))
