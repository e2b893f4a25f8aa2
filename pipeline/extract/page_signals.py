"""Gather what a page says of itself beside its text: meta elements, JSON-LD, headings, times.

Two walks over the tree gather all that an article's fields are decided from: what is stated for machines, and what is
shown. Between them the caller may take out of the tree what isn't shown.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from lxml import etree
from lxml.html import HtmlComment, HtmlElement, document_fromstring

from pipeline.errors import ItemError
from pipeline.extract import jsonld
from pipeline.extract.byline_elements import BylineElements
from pipeline.extract.text_repair import repair_text
from pipeline.records import Outcome, Reason

# huge_tree: libxml2 otherwise stops reading below 255 nested elements, which real layouts reach
_PARSER_OPTIONS: dict[str, Any] = {
    "encoding": "utf-8",
    "huge_tree": True,
    "remove_comments": True,
    "remove_pis": True,
    "collect_ids": False,
}
_UNSEEN = frozenset("script style template svg link noscript iframe object canvas map select".split())
_MAX_HEADINGS = 16  # of each size; the headline stands among the first, after those of menus and logins
_MAX_TIMES = (
    24  # those of the article stand among the first, after those of menus and tickers; the rest belong to teasers
)
_MIN_HELD = 160  # characters in the paragraphs of a template: two lines of running text
_CRUMB_DEPTH = 4  # elements between a heading and the list of a breadcrumb trail around it
_CRUMB = re.compile(r"bread-?crumb|__crumb|crumbs", re.IGNORECASE)
_ISO_DAY = re.compile(r"\s*\d{4}-\d\d-\d\d")
_DATED = frozenset({"datePublished", "dateModified"})


# lxml.html asks Python for the class of each element that is touched: forms and the like have classes of their own.
_ONE_CLASS = etree.ElementDefaultClassLookup(element=HtmlElement, comment=HtmlComment)


class TimeElement(NamedTuple):
    """A time element or a machine-readable date in the page."""

    value: str
    labels: str  # itemprop, class, pubdate and id of it and its parent: "published", "updated" …
    text: str
    element: HtmlElement


class Heading(NamedTuple):
    """A heading of the first or second size."""

    runs: tuple[str, ...]  # the text runs in it: kickers stand in runs of their own
    is_h1: bool  # whether it is an h1
    is_breadcrumb: bool  # whether it is the last part of the way to the page (home > politics > …), not the headline

    @property
    def text(self) -> str:
        """Return the whole heading on one line."""
        return repair_text(" ".join(self.runs))


class PageSignals(NamedTuple):
    """All that a page says of itself outside its text."""

    tree: HtmlElement
    meta: dict[str, list[str]]  # by lower-case name, property or itemprop
    links: dict[str, list[str]]  # <link rel=…>: addresses by rel
    jsonld: list[Any]
    article: jsonld.Node
    title: str | None
    headings: list[Heading]
    times: list[TimeElement]
    bylines: list[str]
    author_links: list[str]  # the texts of links to pages about authors
    language: str | None
    url: str | None = None

    def first_meta(self, *names: str) -> str | None:
        """Return the first meta content of the first of ``names`` that there is."""
        return next((values[0] for name in names if (values := self.meta.get(name))), None)

    @property
    def declared_language(self) -> str | None:
        """Return the language that the page names, as it names it ("en-GB")."""
        return self.language or self.first_meta("og:locale", "content-language", "inlanguage")


def parse_page(text: str) -> HtmlElement:
    """Return the tree of an HTML text.

    Raises:
        ItemError: NO_TEXT where there is no element in it.
    """
    parser = etree.HTMLParser(**_PARSER_OPTIONS)
    parser.set_element_class_lookup(_ONE_CLASS)
    try:
        return document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, f"no page in it: {error}") from error


def gather_signals(
    tree: HtmlElement, url: str | None, hide: Callable[[PageSignals], None] | None = None
) -> PageSignals:
    """Return what the page says of itself; take what nobody sees (scripts, styles) out of ``tree``.

    Args:
        tree: the page, which is changed.
        url: its address.
        hide: takes out of the tree what isn't shown as the article, given what the page states in its head and data;
            headings, times and bylines in it don't count, but for authors whom microdata name.
    """
    statements = _gather_statements(tree, url)
    stated = BylineElements()
    for element in tree.iterfind(".//*[@itemprop]"):
        stated.add(element, element.tag)
    names = stated.strong_texts()
    if hide:
        hide(statements)
    elements = _ElementCollector()
    for element in tree.iter(etree.Element):
        elements.add(element, element.tag)
    return statements._replace(
        headings=[heading for element in elements.headings if (heading := _heading(element)).runs],
        times=[_time(element) for element in elements.times + elements.dates],
        bylines=elements.bylines.strong_texts() or names or elements.bylines.weak_texts(),
        author_links=elements.bylines.linked_texts(),
    )


def _gather_statements(tree: HtmlElement, url: str | None) -> PageSignals:
    """Return what the page states in its head and its data."""
    meta: dict[str, list[str]] = {}
    links: dict[str, list[str]] = {}
    scripts: list[str] = []
    title: str | None = None
    for element in tree.iter("meta", "link", "title", "script"):
        tag = element.tag
        if tag == "meta":
            _add_meta(meta, element)
        elif tag == "link" and element.get("href"):
            links.setdefault((element.get("rel") or "").lower(), []).append(element.get("href").strip())
        elif tag == "title" and title is None and element.getparent().tag != "svg":
            title = repair_text(element.text_content())
        elif tag == "script" and "ld+json" in (element.get("type") or "").lower():
            scripts.append(element.text or "")
    for element in tree.iter("template"):
        _open_template(element)
    etree.strip_elements(tree, *_UNSEEN, with_tail=False)
    values = jsonld.parse_scripts(scripts)
    return PageSignals(
        tree=tree,
        meta=meta,
        links=links,
        jsonld=values,
        article=jsonld.find_article_node(values, url),
        title=title or None,
        headings=[],
        times=[],
        bylines=[],
        author_links=[],
        language=tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang"),
        url=url,
    )


def _open_template(element: HtmlElement) -> None:
    """Show a template that browsers show at once, and set one that holds paragraphs as hidden: it may be the text."""
    if element.get("shadowrootmode") or element.get("shadowroot"):
        element.tag = "div"
    elif sum(len("".join(p.itertext())) for p in element.iter("p")) >= _MIN_HELD:
        element.tag = "div"
        element.set("hidden", "")


class _ElementCollector:
    """The elements that may say something of the article, as the walk over the tree meets them."""

    def __init__(self) -> None:
        self.headings: list[HtmlElement] = []
        self.times: list[HtmlElement] = []
        self.dates: list[HtmlElement] = []
        self.bylines = BylineElements()
        self._count = dict.fromkeys(("h1", "h2"), 0)

    def add(self, element: HtmlElement, tag: str) -> None:
        if tag in self._count:
            self._count[tag] += 1
            if self._count[tag] <= _MAX_HEADINGS:
                self.headings.append(element)
        elif tag == "time":
            if len(self.times) < _MAX_TIMES:
                self.times.append(element)
        elif (
            tag != "meta" and len(self.dates) < _MAX_TIMES and (element.get("itemprop") in _DATED or _is_dated(element))
        ):
            self.dates.append(element)
        self.bylines.add(element, tag)


def _is_dated(element: HtmlElement) -> bool:
    """Tell whether an abbreviation spells out a time, as in the microformat hAtom: <abbr title="2026-11-20T15:07Z">."""
    return element.tag == "abbr" and bool(_ISO_DAY.match(element.get("title") or ""))


def _heading(element: HtmlElement) -> Heading:
    runs = tuple(text for text in (repair_text(str(part)) for part in element.itertext()) if text)
    crumb = element.getparent() is not None and element.getparent().tag == "li"
    for around in itertools.islice(element.iterancestors(), _CRUMB_DEPTH):
        crumb = crumb or around.tag == "nav" or bool(_CRUMB.search(around.get("class") or ""))
    return Heading(runs, element.tag == "h1", crumb)


def _add_meta(meta: dict[str, list[str]], element: HtmlElement) -> None:
    content = repair_text(element.get("content") or "")
    if not content:
        return
    for key in ("name", "property", "itemprop", "http-equiv"):
        if name := element.get(key):
            meta.setdefault(name.strip().lower(), []).append(content)


def _time(element: HtmlElement) -> TimeElement:
    text = repair_text(element.text_content())
    parent = element.getparent()
    labels = " ".join(
        value
        for holder in (element, parent)
        if holder is not None
        for value in (holder.get("itemprop"), holder.get("class"), holder.get("pubdate"), holder.get("id"))
        if value
    )
    spelt_out = element.get("title") if _is_dated(element) else None
    value = element.get("datetime") or element.get("content") or spelt_out or text
    return TimeElement(value.strip(), labels.lower(), text, element)
