"""Make page templates: pages of publishers with the article cut out, or invented ones of the same size and kinds.

A template is HTML with slots for one article: ``fill_template`` puts it in. What surrounds the article (navigation,
teasers, JSON-LD, scripts, styles) is 50 to 200 kB and stays the same on all pages of an outlet, as on real sites.
"""

from __future__ import annotations

import gzip
import html
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import lxml.etree
import lxml.html

TITLE, TITLE_JSON, BODY, DATE, URL = "@@TITLE@@", "@@TITLE_JSON@@", "@@BODY@@", "@@DATE@@", "@@URL@@"
_SHORTEST_PARAGRAPH = 30  # characters; shorter ones may stand elsewhere on the page too
_LEAST_PARAGRAPHS = 3
_DATES = ("datePublished", "dateModified", "dateCreated", "uploadDate")


def fill_template(template: str, *, title: str, body: str, url: str, date: str) -> str:
    """Return the page of an article; the lines of ``body`` become its paragraphs."""
    lines = [html.escape(line, quote=False) for line in body.split("\n") if line.strip()]
    paragraphs = "".join(f"<p>{line}</p>\n" for line in lines)
    stated = json.dumps(title, ensure_ascii=False)[1:-1].replace("</", "<\\/")
    filled = template.replace(TITLE, html.escape(title)).replace(TITLE_JSON, stated)
    return filled.replace(DATE, date).replace(URL, url).replace(BODY, paragraphs)


# Pages of publishers --------------------------------------------------------------------------------------------------


class GoldPage(NamedTuple):
    """A page, and what is known of its article."""

    data: bytes
    title: str
    text: str


def cut_templates(manifest: Path, gold: Path) -> list[str]:
    """Return the templates of all pages of ``manifest`` from which their article could be cut out.

    Lines of ``manifest`` have ``id`` and ``path`` (gzip by its name), those of ``gold`` ``id``, ``title``, ``text``.
    """
    return [template for page in _read_pages(manifest, gold) if (template := cut_template(page))]


def _read_pages(manifest: Path, gold: Path) -> Iterator[GoldPage]:
    articles = {line["id"]: line for line in map(json.loads, gold.read_text(encoding="utf-8").splitlines())}
    for entry in map(json.loads, manifest.read_text(encoding="utf-8").splitlines()):
        article = articles.get(entry["id"])
        if article and article.get("title"):
            data = (manifest.parent / entry["path"]).read_bytes()
            data = gzip.decompress(data) if entry["path"].endswith(".gz") else data
            yield GoldPage(data, _normal(article["title"]), article["text"])


def cut_template(page: GoldPage) -> str | None:
    """Return a page with slots in place of its article; None where its paragraphs or its title can't be located."""
    try:
        tree = lxml.html.document_fromstring(page.data)
    except (lxml.etree.LxmlError, ValueError):
        return None
    if not _cut_paragraphs(tree, page.text):
        return None
    _cut_head(tree, page.title)
    for element in tree.iter("time"):
        if element.get("datetime"):
            element.set("datetime", DATE)
    if not _cut_headings(tree, page.title):
        return None
    written: str = lxml.html.tostring(tree, encoding="unicode", doctype="<!DOCTYPE html>")
    slot = re.search(rf"<p\b[^>]*>{BODY}</p>", written)
    return written.replace(slot.group(0), BODY, 1) if slot else None


def _normal(text: str | None) -> str:
    return " ".join((text or "").split())


def _cut_paragraphs(tree: lxml.html.HtmlElement, text: str) -> bool:
    """Put the slot in place of the first paragraph and remove the others; tell whether at least half were there."""
    wanted = {line for line in map(_normal, text.split("\n")) if len(line) > _SHORTEST_PARAGRAPH}
    if len(wanted) < _LEAST_PARAGRAPHS:
        return False
    has_slot, cut = False, 0
    for element in list(tree.iter("p", "div", "span", "li", "h2", "h3")):
        parent = element.getparent()
        if parent is None or _normal(element.text_content()) not in wanted:
            continue
        cut += 1
        if not has_slot and element.tag == "p":
            has_slot, element.text = True, BODY
            del element[:]
        else:
            parent.remove(element)
    return has_slot and cut >= len(wanted) / 2


def _cut_head(tree: lxml.html.HtmlElement, title: str) -> None:
    for script in list(tree.iter("script")):
        if (script.get("type") or "").endswith("ld+json") and script.text:
            _cut_json(script, title)
        elif script.text and title[:40] in script.text:
            script.text = ""
    for meta in tree.iter("meta"):
        _cut_meta(meta, title)
    for link in tree.iter("link"):
        if link.get("rel") == "canonical":
            link.set("href", URL)
        elif link.get("rel") in {"alternate", "amphtml"}:
            link.set("href", "")


def _cut_meta(meta: lxml.html.HtmlElement, title: str) -> None:
    name, content = (meta.get("property") or meta.get("name") or "").lower(), _normal(meta.get("content"))
    if title in content:
        meta.set("content", content.replace(title, TITLE))
    if "published" in name or "modified" in name or name in {"date", "pubdate", "publish-date"}:
        meta.set("content", DATE)
    elif name in {"og:url", "twitter:url"}:
        meta.set("content", URL)
    elif "description" in name:
        meta.set("content", "")


def _cut_json(script: lxml.html.HtmlElement, title: str) -> None:
    try:
        data = json.loads(script.text, strict=False)
    except ValueError:
        script.getparent().remove(script)
        return
    _cut_values(data, title)
    script.text = json.dumps(data, ensure_ascii=False)


def _cut_values(data: Any, title: str) -> None:
    if isinstance(data, list):
        for value in data:
            _cut_values(value, title)
        return
    if not isinstance(data, dict):
        return
    data.pop("articleBody", None)
    for key, value in data.items():
        if key in {"headline", "name"} and isinstance(value, str) and _normal(html.unescape(value)) == title:
            data[key] = TITLE_JSON
        elif key in _DATES and isinstance(value, str):
            data[key] = DATE
        else:
            _cut_values(value, title)


def _cut_headings(tree: lxml.html.HtmlElement, title: str) -> bool:
    """Put the slot in place of the title where it stands as text; tell whether it did."""
    cut = False
    for element in tree.iter("title", "h1", "h2", "span", "a"):
        text = _normal(element.text)
        if len(element) == 0 and title in text:
            element.text, cut = text.replace(title, TITLE), True
        elif element.tag == "h1" and _normal(element.text_content()) == title:
            del element[:]
            element.text, cut = TITLE, True
    return cut


# Invented pages -------------------------------------------------------------------------------------------------------

_SECTIONS = (
    "World Politics Business Science Health Culture Sport Travel Opinion Weather Region Property Motoring".split()
)
_NOUNS = (
    "harbour bridge council budget harvest railway hospital museum festival election drought vaccine border school "
    "factory stadium reactor forest airport court parliament orchestra pension tariff satellite"
).split()


class Outlet:
    """What the pages of one invented outlet share; the same for a number."""

    def __init__(self, number: int) -> None:
        self.chance = random.Random(f"outlet {number}")
        self.name = f"The {self.chance.choice(_NOUNS).capitalize()} {self.chance.choice(('Herald', 'Post', 'Courier'))}"
        self.prefix = "".join(self.chance.choices("abcdefgh", k=4))

    def headline(self) -> str:
        """Return the headline of another article."""
        first, second, third = self.chance.sample(_NOUNS, 3)
        return f"How the {first} near the {second} changed what we know of every {third}"

    def navigation(self, links: int) -> str:
        """Return a menu of sections with further menus inside."""
        items = "".join(
            f'<li class="{self.prefix}-item"><a href="/{section.lower()}/{noun}" data-track="nav:{section}:{noun}">'
            f"{section}: {noun}</a></li>"
            for section, noun in ((self.chance.choice(_SECTIONS), self.chance.choice(_NOUNS)) for _ in range(links))
        )
        return f'<nav class="{self.prefix}-nav" aria-label="Sections"><ul>{items}</ul></nav>'

    def teasers(self, count: int) -> str:
        """Return boxes that lead to other articles, each with a picture, a headline and a line of text."""
        return "".join(
            f'<article class="{self.prefix}-teaser"><a href="/news/{self.chance.randrange(10**7)}.html"><picture>'
            f'<source srcset="/img/{n}-320.webp 320w, /img/{n}-640.webp 640w, /img/{n}-1280.webp 1280w">'
            f'<img src="/img/{n}.jpg" loading="lazy" alt=""></picture><h3>{self.headline()}</h3></a>'
            f"<p>Our correspondents explain what the {self.chance.choice(_NOUNS)} has to do with it.</p></article>"
            for n in range(count)
        )

    def state(self, entries: int) -> str:
        """Return the JSON that a framework leaves in its pages: other articles, and settings."""
        listed = [
            {"id": self.chance.randrange(10**8), "type": "teaser", "headline": self.headline(), "premium": False,
             "image": {"ratio": "16x9", "src": f"/img/{n}.jpg", "credit": None}, "tags": self.chance.sample(_NOUNS, 4)}
            for n in range(entries)
        ]  # fmt: skip
        return json.dumps({"page": {"kind": "article", "teasers": listed}, "flags": dict.fromkeys(_NOUNS, True)})

    def styles(self, rules: int) -> str:
        """Return style rules as builders of pages put them inline."""
        return "".join(
            f".{self.prefix}-{noun}-{n}{{margin:{n % 40}px auto;padding:0 {n % 7}rem;color:#{n * 7919 % 0xFFFFFF:06x}}}"
            for n, noun in zip(range(rules), _NOUNS * rules, strict=False)
        )

    def scripts(self, size: int) -> str:
        """Return a script of about ``size`` bytes."""
        line = "(function(w,k){{w[k]=w[k]||[];w[k].push({{event:'{}',slot:{}}})}})(window,'{}');\n"
        written = (line.format(self.chance.choice(_NOUNS), n, self.prefix) for n in range(size // 90))
        return f"<script>{''.join(written)}</script>"

    def linked_data(self) -> str:
        """Return the JSON-LD of a news article."""
        data = {
            "@context": "https://schema.org", "@type": "NewsArticle", "headline": TITLE_JSON, "mainEntityOfPage": URL,
            "datePublished": DATE, "dateModified": DATE, "publisher": {"@type": "Organization", "name": self.name},
            "author": {"@type": "Person", "name": "Ingrid Castellan"}, "isAccessibleForFree": True,
        }  # fmt: skip
        return f'<script type="application/ld+json">{json.dumps(data)}</script>'

    def head(self, more: str) -> str:
        """Return the head of a page."""
        return (
            f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{TITLE} | {self.name}</title>'
            f'<meta property="og:title" content="{TITLE}"><meta property="og:type" content="article">'
            f'<meta property="og:url" content="{URL}"><link rel="canonical" href="{URL}">'
            f'<meta property="og:site_name" content="{self.name}">{more}</head>'
        )


def _broadsheet(outlet: Outlet) -> str:
    """Return a page of a large paper: a long menu, JSON-LD, much inline style, teasers behind the article."""
    head = outlet.head(f"{outlet.linked_data()}<style>{outlet.styles(500)}</style>{outlet.scripts(20_000)}")
    return (
        f"{head}<body>{outlet.navigation(120)}<main><article><header><h1>{TITLE}</h1>"
        f'<time datetime="{DATE}">today</time></header><div class="{outlet.prefix}-body">{BODY}</div></article>'
        f"<aside><h2>More from {outlet.name}</h2>{outlet.teasers(60)}</aside></main>"
        f"<footer>{outlet.navigation(60)}<p>© {outlet.name}. All rights reserved.</p></footer></body></html>"
    )


def _framework(outlet: Outlet) -> str:
    """Return a page of a framework: names of classes without meaning, and the page's state as JSON at its end."""
    head = outlet.head(f'<meta property="article:published_time" content="{DATE}">{outlet.linked_data()}')
    wrapped = f'<div class="css-{outlet.prefix}1"><div class="css-{outlet.prefix}2">' * 6
    return (
        f'{head}<body><div id="__next">{outlet.navigation(70)}{wrapped}<h1 class="css-{outlet.prefix}">{TITLE}</h1>'
        f'<section name="articleBody">{BODY}</section>{"</div></div>" * 6}<div>{outlet.teasers(30)}</div></div>'
        f'<script id="__NEXT_DATA__" type="application/json">{outlet.state(280)}</script>'
        f"{outlet.scripts(30_000)}</body></html>"
    )


def _tabloid(outlet: Outlet) -> str:
    """Return a page with few elements that mean anything, and links before and behind the article."""
    head = outlet.head(f'<meta name="date" content="{DATE}"><style>{outlet.styles(250)}</style>')
    return (
        f'{head}<body><div class="{outlet.prefix}-top">{outlet.navigation(90)}</div><div id="content">'
        f'<div class="{outlet.prefix}-left">{outlet.teasers(25)}</div><div class="story"><h1>{TITLE}</h1>'
        f'<div class="meta">By Marek Lomax</div><div class="text">{BODY}</div></div>'
        f'<div class="{outlet.prefix}-right">{outlet.teasers(55)}</div></div>{outlet.scripts(45_000)}</body></html>'
    )


def _local(outlet: Outlet) -> str:
    """Return a page of a small paper: microdata, few scripts."""
    head = outlet.head(f"<style>{outlet.styles(260)}</style>")
    return (
        f'{head}<body>{outlet.navigation(40)}<article itemscope itemtype="https://schema.org/NewsArticle">'
        f'<h1 itemprop="headline">{TITLE}</h1><meta itemprop="datePublished" content="{DATE}">'
        f'<div itemprop="articleBody">{BODY}</div></article><section><h2>Read on</h2>{outlet.teasers(40)}</section>'
        f"{outlet.scripts(16_000)}</body></html>"
    )


_KINDS = (_broadsheet, _framework, _tabloid, _local)


def invent_templates(count: int) -> list[str]:
    """Return ``count`` invented templates, of each kind equally many."""
    return [_KINDS[number % len(_KINDS)](Outlet(number)) for number in range(count)]
