"""Find the lines of a page that are the article's text.

trafilatura finds the text; the page's own blocks tell where each line stands. What the article's template set like
these lines, but trafilatura left out, comes back; what isn't the article goes later (``boilerplate``).
"""

from __future__ import annotations

import collections
import copy
import functools
import itertools
import logging
import re
from typing import NamedTuple, Protocol

from lxml import etree
from lxml.html import Element, HtmlElement
from trafilatura import bare_extraction
from trafilatura.settings import Document, Extractor

from pipeline.extract import article_region, jsonld
from pipeline.extract.blocks import RUNNING_TEXT_CHARS, Block, TextLine, letter_key, split_blocks, template_kind
from pipeline.extract.lists import recover_lists
from pipeline.extract.page_signals import PageSignals
from pipeline.extract.text_repair import repair_text

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # what it logs of a page, ours says with its reason

# What trafilatura lets through on odd pages (elements nested beyond Python's recursion limit, unforeseen trees).
_FAILURES = (RecursionError, AttributeError, IndexError, KeyError, AssertionError, etree.LxmlError)
_MIN_OF_KIND = 3  # lines of one template's kind in the text, for that kind to count as the article's
_MAX_LINK_SHARE = 0.6  # of a paragraph that is recovered; teasers are links nearly whole
_MAX_LOST = 0.2  # of the running text around the article that may be missing: boxes set in ways of their own
_MAX_OUTSIDE = 0.5  # of that text that may stand elsewhere: standfirst, boxes, parts in a column of their own
_START = 12  # letters by which a line is looked up among the blocks
_SUB_HEADINGS = frozenset({"h2", "h3", "h4"})
_JSONLD_LONGER = 2.0  # times the page's text, for articleBody to replace it: half of a text isn't missed by chance


class MainText(NamedTuple):
    """The text of a page before its boilerplate is cut, and all blocks of the page."""

    lines: list[TextLine]
    blocks: list[Block]


class BaseExtractor(Protocol):
    """What finds the lines of a text in a tree, which it leaves as it is, and the letter keys of the headings."""

    def __call__(self, tree: HtmlElement, url: str | None, *, fast: bool = False) -> tuple[list[str], set[str]]:
        """Return lines and headings; with ``fast`` without fall-backs."""


def run_trafilatura(tree: HtmlElement, url: str | None, *, fast: bool = False) -> tuple[list[str], set[str]]:
    """Return the lines that trafilatura finds in ``tree``, and the letter keys of the headings.

    It works on a copy of its own.
    """
    options = Extractor(output_format="python", comments=False, url=url, fast=fast)
    try:
        document = bare_extraction(tree, options=options)
    except _FAILURES:
        return [], set()
    if not isinstance(document, Document) or not document.text:
        return [], set()
    headings = {letter_key("".join(head.itertext())) for head in document.body.iter("head")}
    return [line for line in document.text.splitlines() if line.strip()], headings


def find_main_text(
    signals: PageSignals,
    url: str | None,
    all_blocks: list[Block] | None = None,
    *,
    base: BaseExtractor = run_trafilatura,
) -> MainText:
    """Return the lines of the article's text, nothing lost, boilerplate still among them.

    The cheap answer first: the base extractor's quick settings, in the part of the page where the article stands.
    Where that loses text, or finds much of it elsewhere, or where the part isn't clear, the whole page with all
    fall-backs.

    Args:
        signals: what the page says of itself.
        url: its address.
        all_blocks: its blocks, where they have been taken already.
        base: what finds the text.
    """
    all_blocks = split_blocks(signals.tree, url) if all_blocks is None else all_blocks
    headings = [heading for heading in signals.headings if not heading.is_breadcrumb]
    headlines = frozenset(letter_key(text) for heading in headings for text in (heading.text, heading.runs[-1]))
    region = article_region.find_region(all_blocks, headlines)
    lines = _quick(region, url, all_blocks, base) if region else None
    if lines is None:
        texts, heading_keys = base(signals.tree, url)
        lines, used = _match_blocks(texts, heading_keys, all_blocks)
        lines = _recover(lines, used, all_blocks, region) if lines else _running_text(all_blocks)
    return MainText(_prefer_jsonld(recover_lists(lines, all_blocks), signals.article), all_blocks)


def _quick(
    region: article_region.Region, url: str | None, all_blocks: list[Block], base: BaseExtractor
) -> list[TextLine] | None:
    """Return the lines that the quick settings find in ``region``; None where they are doubtful."""
    root = Element("html")
    part = copy.deepcopy(region.whole)
    part.tail = None
    if part.tag != "body" and region.whole is region.core:
        part.tag = "article"  # trafilatura keeps lists and tables only in what says that it is an article
    (root if part.tag == "body" else etree.SubElement(root, "body")).append(part)
    texts, heading_keys = base(root, url, fast=True)
    inside = [block for block in all_blocks if region.whole in block.path]
    lines, used = _match_blocks(texts, heading_keys, inside)
    core = [(number, len(block.text)) for number, block in enumerate(inside) if _is_in_core(block, region)]
    size = sum(length for _, length in core)
    lines = _recover(lines, used, inside, region)
    matched = {id(line.block) for line in lines}
    lost = sum(length for number, length in core if id(inside[number]) not in matched)
    outside = sum(len(line.text) for line in lines if line.block is None or region.core not in line.block.path)
    return None if lost > _MAX_LOST * size or outside > _MAX_OUTSIDE * size else lines


def _is_in_core(block: Block, region: article_region.Region) -> bool:
    return region.core in block.path and article_region.may_be_article(block)


def _match_blocks(
    texts: list[str], heading_keys: set[str], all_blocks: list[Block]
) -> tuple[list[TextLine], dict[int, int]]:
    """Join lines and blocks by their letters; return the lines, and by block number the number of its line."""
    numbers_by_key: dict[str, collections.deque[int]] = collections.defaultdict(collections.deque)
    numbers_by_start: dict[str, list[int]] = collections.defaultdict(list)
    for number, page_block in enumerate(all_blocks):
        numbers_by_key[page_block.key].append(number)
        numbers_by_start[page_block.key[:_START]].append(number)
    lines: list[TextLine] = []
    used: dict[int, int] = {}
    for text in texts:
        item = text.startswith("- ")
        plain = repair_text(re.sub(r"^\s*(?:- |\| )|[ |]+$", "", text))
        key = letter_key(plain)
        if not plain:
            continue
        block: Block | None = None
        if numbers := numbers_by_key.get(key):
            number = numbers.popleft() if len(numbers) > 1 else numbers[0]
            block = all_blocks[number]
            used.setdefault(number, len(lines))
        elif joined := _join_blocks(key, all_blocks, numbers_by_start):
            block = _joined_block(joined, all_blocks)
            used.update(dict.fromkeys(joined, len(lines)))
        heading = key in heading_keys or (block is not None and re.fullmatch("h[2-6]", block.tag) is not None)
        lines.append(TextLine(plain, heading, item, block))
    return lines, used


def _join_blocks(key: str, all_blocks: list[Block], numbers_by_start: dict[str, list[int]]) -> range | None:
    """Return the numbers of the blocks in a row whose letters are ``key``: base extractors write items on one line."""
    for number in numbers_by_start.get(key[:_START], ()):
        rest, end = key, number
        while rest and end < len(all_blocks) and all_blocks[end].key and rest.startswith(all_blocks[end].key):
            rest = rest[len(all_blocks[end].key) :]
            end += 1
        if not rest:
            return range(number, end)
    return None


def _joined_block(numbers: range, all_blocks: list[Block]) -> Block:
    """Return blocks as one, in the element that holds them all."""
    parts = [all_blocks[number] for number in numbers]
    levels = zip(*(part.path for part in parts), strict=False)
    path = tuple(level[0] for level in itertools.takewhile(lambda level: len(set(level)) == 1, levels))
    return Block(
        " ".join(part.text for part in parts),
        path[-1].tag if path else parts[0].tag,
        path or parts[0].path,
        sum(part.own_links for part in parts),
        sum(part.links for part in parts),
    )


def _recover(
    lines: list[TextLine], used: dict[int, int], all_blocks: list[Block], region: article_region.Region | None
) -> list[TextLine]:
    """Put paragraphs back that the template set like those in ``lines``, and headings right above them."""
    kinds = collections.Counter(
        template_kind(all_blocks[n]) for n in used if len(all_blocks[n].text) >= RUNNING_TEXT_CHARS
    )
    present = {letter_key(line.text) for line in lines}
    whole = "".join(letter_key(line.text) for line in lines)
    missing: dict[int, list[TextLine]] = collections.defaultdict(list)
    last_used = -1
    heading: Block | None = None  # the last one, while only it stands between here and the last line
    for number, block in enumerate(all_blocks):
        is_missing = number not in used and _is_of_kinds(block, kinds)
        is_missing = is_missing and not (block.key in present or block.key in whole)
        if (is_missing or number in used) and heading is not None and heading.key not in present:
            present.add(heading.key)
            missing[last_used].append(TextLine(repair_text(heading.text), heading=True, block=heading))
        if number in used:
            last_used = max(last_used, used[number])
        elif is_missing:
            present.add(block.key)
            missing[last_used].append(TextLine(repair_text(block.text), block=block))
        heading = block if number not in used and region is not None and _is_heading(block, region) else None
    if not missing:
        return lines
    complete = list(missing[-1])
    for number, line in enumerate(lines):
        complete.append(line)
        complete += missing[number]
    return complete


def _is_of_kinds(block: Block, kinds: collections.Counter[tuple[str, ...]]) -> bool:
    return _is_paragraph(block) and kinds[template_kind(block)] >= _MIN_OF_KIND


def _is_paragraph(block: Block) -> bool:
    return len(block.text) >= RUNNING_TEXT_CHARS and block.links <= _MAX_LINK_SHARE * len(block.text)


def _is_heading(block: Block, region: article_region.Region) -> bool:
    return block.tag in _SUB_HEADINGS and region.core in block.path and not block.links


def _running_text(all_blocks: list[Block]) -> list[TextLine]:
    """Return the blocks that look like running text, for a page in which trafilatura finds nothing."""
    return [TextLine(repair_text(block.text), block=block) for block in all_blocks if _is_paragraph(block)]


def _prefer_jsonld(lines: list[TextLine], article: jsonld.Node) -> list[TextLine]:
    """Return JSON-LD's articleBody instead, where it holds these lines and much more (text behind a script)."""
    paragraphs = jsonld_paragraphs(article)
    body = "".join(paragraphs)
    size = sum(len(line.text) for line in lines)
    if len(body) < max(_JSONLD_LONGER * size, RUNNING_TEXT_CHARS):
        return lines
    whole = letter_key(body)
    shared = sum(len(line.text) for line in lines if letter_key(line.text) in whole)
    return lines if shared * 2 < size else [TextLine(text) for text in paragraphs]


def jsonld_paragraphs(article: jsonld.Node) -> list[str]:
    """Return the paragraphs of JSON-LD's articleBody."""
    return list(_split_body(jsonld.text_of(article, "articleBody", "text") or ""))


@functools.lru_cache(maxsize=2)  # a page's own is asked for three times
def _split_body(body: str) -> tuple[str, ...]:
    paragraphs = re.split(r"\n+|<br\s*/?>|</p>", body)
    return tuple(text for paragraph in paragraphs if (text := repair_text(re.sub(r"<[^<>]+>", "", paragraph))))
