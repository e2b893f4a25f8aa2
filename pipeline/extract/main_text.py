"""Which lines of a page are the article's text?

trafilatura finds the text; the page's own blocks tell where each line stands. What the article's template set like
the lines found, but trafilatura left out, comes back (``recover``); what isn't the article goes (``rules``).
"""

from __future__ import annotations

import collections
import copy
import logging
import re
from typing import NamedTuple

from lxml import etree
from lxml.html import Element, HtmlElement
from trafilatura import bare_extraction
from trafilatura.settings import Document, Extractor

from pipeline.extract import article_region, jsonld
from pipeline.extract.blocks import Block, letter_key, split_blocks, template_kind
from pipeline.extract.page_signals import PageSignals
from pipeline.extract.text_repair import repair_text

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what it logs of a page, ours says with its reason

# What trafilatura lets through on odd pages (elements nested beyond Python's recursion limit, unforeseen trees).
_FAILURES = (RecursionError, AttributeError, IndexError, KeyError, AssertionError, etree.LxmlError)
_LONG = 80  # characters: a paragraph of running text; shorter blocks may be anything
_KIN = 3  # lines found of one template's kind, for that kind to count as the article's
_MAX_LINK_SHARE = 0.6  # of a paragraph that is recovered; teasers are links nearly whole
_MAX_LOST = 0.2  # of the running text around the article that may be missing: boxes set in ways of their own
_MAX_OUTSIDE = 0.5  # of that text that may be found elsewhere: standfirst, boxes, parts in a column of their own
_SUB_HEADINGS = frozenset({"h2", "h3", "h4"})
_LD_LONGER = 2.0  # times the found text, for JSON-LD's articleBody to replace it: half of a text isn't missed by chance


class TextLine(NamedTuple):
    """A line of the text, with the block of the page that it was found in, where it is known."""

    text: str
    heading: bool = False
    item: bool = False
    block: Block | None = None


class MainText(NamedTuple):
    """The text of a page before the rules."""

    lines: list[TextLine]
    blocks: list[Block]


def find_main_text(page: PageSignals, url: str | None, all_blocks: list[Block] | None = None) -> MainText:
    """Return the lines of the article's text, nothing lost, foreign ones still among them.

    ``all_blocks`` are the page's blocks, where they have been taken already. The cheap answer first: trafilatura's
    quick settings, in the part of the page where the article stands. Where that loses text, or finds much of it
    elsewhere, or where the part isn't clear, the whole page with all of trafilatura's fall-backs.
    """
    all_blocks = split_blocks(page.tree, url) if all_blocks is None else all_blocks
    shown = frozenset(
        letter_key(text) for one in page.headings if not one.is_breadcrumb for text in (one.text, one.runs[-1])
    )
    place = article_region.find_region(all_blocks, shown)
    lines = _quick(place, url, all_blocks) if place else None
    if lines is None:
        texts, headings = _base(copy.deepcopy(page.tree), url)
        lines, used = _place(texts, headings, all_blocks)
        lines = _recover(lines, used, all_blocks, place) if lines else _running_text(all_blocks)
    return MainText(_from_ld(lines, page.article), all_blocks)


def _quick(place: article_region.Region, url: str | None, all_blocks: list[Block]) -> list[TextLine] | None:
    """Return the lines that the quick settings find in ``place``; None where they are doubtful."""
    root = Element("html")
    part = copy.deepcopy(place.whole)
    part.tail = None
    (root if part.tag == "body" else etree.SubElement(root, "body")).append(part)
    texts, headings = _base(root, url, fast=True)
    inside = [block for block in all_blocks if place.whole in block.path]
    lines, used = _place(texts, headings, inside)
    core = [(number, len(block.text)) for number, block in enumerate(inside) if _in_core(block, place)]
    size = sum(length for _, length in core)
    lines = _recover(lines, used, inside, place)
    have = {id(line.block) for line in lines}
    lost = sum(length for number, length in core if id(inside[number]) not in have)
    outside = sum(len(line.text) for line in lines if line.block is None or place.core not in line.block.path)
    return None if lost > _MAX_LOST * size or outside > _MAX_OUTSIDE * size else lines


def _in_core(block: Block, place: article_region.Region) -> bool:
    return place.core in block.path and article_region.is_running_text(block)


def _base(tree: HtmlElement, url: str | None, *, fast: bool = False) -> tuple[list[str], set[str]]:
    """Return the lines that trafilatura finds in ``tree``, which it may change, and the keys of the headings."""
    options = Extractor(output_format="python", comments=False, url=url, fast=fast)
    try:
        document = bare_extraction(tree, options=options)
    except _FAILURES:
        return [], set()
    if not isinstance(document, Document) or not document.text:
        return [], set()
    headings = {letter_key("".join(head.itertext())) for head in document.body.iter("head")}
    return [line for line in document.text.splitlines() if line.strip()], headings


def _place(texts: list[str], headings: set[str], all_blocks: list[Block]) -> tuple[list[TextLine], dict[int, int]]:
    """Join lines and blocks by their letters; return the lines, and by block number the number of its line."""
    places: dict[str, collections.deque[int]] = collections.defaultdict(collections.deque)
    for number, one in enumerate(all_blocks):
        places[one.key].append(number)
    lines: list[TextLine] = []
    used: dict[int, int] = {}
    for text in texts:
        item = text.startswith("- ")
        plain = repair_text(re.sub(r"^\s*(?:- |\| )|[ |]+$", "", text))
        own = letter_key(plain)
        if not plain:
            continue
        block: Block | None = None
        if numbers := places.get(own):
            number = numbers.popleft() if len(numbers) > 1 else numbers[0]
            block = all_blocks[number]
            used.setdefault(number, len(lines))
        heading = own in headings or (block is not None and re.fullmatch("h[2-6]", block.tag) is not None)
        lines.append(TextLine(plain, heading, item, block))
    return lines, used


def _recover(
    lines: list[TextLine], used: dict[int, int], all_blocks: list[Block], place: article_region.Region | None
) -> list[TextLine]:
    """Put paragraphs back that the template set like those found, and headings right above them."""
    kinds = collections.Counter(template_kind(all_blocks[n]) for n in used if len(all_blocks[n].text) >= _LONG)
    have = {letter_key(line.text) for line in lines}
    whole = "".join(letter_key(line.text) for line in lines)
    missing: dict[int, list[TextLine]] = collections.defaultdict(list)
    after = -1
    heading: Block | None = None  # the last one, while only it stands between here and what was found before
    for number, block in enumerate(all_blocks):
        back = number not in used and _is_missing(block, kinds) and not (block.key in have or block.key in whole)
        if (back or number in used) and heading is not None and heading.key not in have:
            have.add(heading.key)
            missing[after].append(TextLine(repair_text(heading.text), heading=True, block=heading))
        if number in used:
            after = max(after, used[number])
        elif back:
            have.add(block.key)
            missing[after].append(TextLine(repair_text(block.text), block=block))
        heading = block if number not in used and place is not None and _is_heading(block, place) else None
    if not missing:
        return lines
    made = list(missing[-1])
    for number, line in enumerate(lines):
        made.append(line)
        made += missing[number]
    return made


def _is_missing(block: Block, kinds: collections.Counter[tuple[str, ...]]) -> bool:
    long = len(block.text) >= _LONG and block.links <= _MAX_LINK_SHARE * len(block.text)
    return long and kinds[template_kind(block)] >= _KIN


def _is_heading(block: Block, place: article_region.Region) -> bool:
    return block.tag in _SUB_HEADINGS and place.core in block.path and not block.links


def _running_text(all_blocks: list[Block]) -> list[TextLine]:
    """Return the blocks that look like running text, for a page in which trafilatura finds nothing."""
    return [
        TextLine(repair_text(block.text), block=block)
        for block in all_blocks
        if len(block.text) >= _LONG and block.links <= _MAX_LINK_SHARE * len(block.text)
    ]


def _from_ld(lines: list[TextLine], article: jsonld.Node) -> list[TextLine]:
    """Return JSON-LD's articleBody instead, where it holds the found text and much more (text behind a script)."""
    paragraphs = jsonld_paragraphs(article)
    body = "".join(paragraphs)
    size = sum(len(line.text) for line in lines)
    if len(body) < max(_LD_LONGER * size, _LONG):
        return lines
    whole = letter_key(body)
    shared = sum(len(line.text) for line in lines if letter_key(line.text) in whole)
    return lines if shared * 2 < size else [TextLine(text) for text in paragraphs]


def jsonld_paragraphs(article: jsonld.Node) -> list[str]:
    """Return the paragraphs of JSON-LD's articleBody."""
    body = jsonld.text_of(article, "articleBody", "text") or ""
    paragraphs = re.split(r"\n+|<br\s*/?>|</p>", body)
    return [text for paragraph in paragraphs if (text := repair_text(re.sub(r"<[^<>]+>", "", paragraph)))]
