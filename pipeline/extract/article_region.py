"""Locate the part of a page in which the article stands, by its paragraphs and its headline.

The region is found from the blocks alone, before any text is extracted.
"""

from __future__ import annotations

import collections
from typing import NamedTuple

from lxml.html import HtmlElement

from pipeline.extract.blocks import HEADLINE_TAGS, RUNNING_TEXT_CHARS, Block, template_kind

_MIN_PARAGRAPHS = 3  # of one template's kind; fewer may be teasers
_FEW_PARAGRAPHS = 2  # are enough where they hold so much of the page's running text: agencies' short items
_MIN_SHARE_OF_FEW = 0.5
_MAX_LINK_SHARE = 0.5  # of a paragraph; more, and it is a teaser
_CORE_SHARE = (
    0.9  # of the text of the article's kind of paragraph that its element holds; a few stand in boxes of teasers
)
_MEDIA = frozenset({"figure", "figcaption", "video", "audio"})  # what stands in them is a caption or a player's notice
_AROUND_MEDIA = 5  # elements around a caption's text, itself among them


class Region(NamedTuple):
    """The elements around the article."""

    whole: HtmlElement  # holds headline and text
    core: HtmlElement  # holds the text


def find_region(blocks: list[Block], headlines: frozenset[str]) -> Region | None:
    """Return the elements around the article; None where the page doesn't tell them.

    The core is where most of the running text stands that the template sets in one way. The whole is the smallest
    element that also holds the visible headline: a standfirst stands between the two.

    Args:
        blocks: the page's blocks.
        headlines: the letter keys of its visible headings.
    """
    sizes: collections.Counter[tuple[str, ...]] = collections.Counter()
    paragraphs: dict[tuple[str, ...], list[Block]] = collections.defaultdict(list)
    for block in blocks:
        if may_be_article(block):
            kind = template_kind(block)
            sizes[kind] += len(block.text)
            paragraphs[kind].append(block)
    if not sizes:
        return None
    usual, size = sizes.most_common(1)[0]
    few = _MIN_PARAGRAPHS if size < _MIN_SHARE_OF_FEW * sizes.total() else _FEW_PARAGRAPHS
    if len(paragraphs[usual]) < few:
        return None
    path = _innermost_path(paragraphs[usual], _CORE_SHARE * size)
    shown = [block for block in blocks if block.tag in HEADLINE_TAGS and block.key in headlines]
    shown = [block for block in shown if block.tag == "h1"] or shown
    depth = max((_shared_depth(path, block.path) for block in shown), default=0)
    return Region(path[depth - 1], path[-1]) if depth > 0 else None


def is_running_text(block: Block) -> bool:
    """Tell whether a block is a paragraph of running text."""
    return len(block.text) >= RUNNING_TEXT_CHARS and block.links <= _MAX_LINK_SHARE * len(block.text)


def may_be_article(block: Block) -> bool:
    """Tell whether a block may be a paragraph of the article's text: running text that describes no picture."""
    return is_running_text(block) and not any(element.tag in _MEDIA for element in block.path[-_AROUND_MEDIA:])


def _innermost_path(paragraphs: list[Block], enough: float) -> tuple[HtmlElement, ...]:
    """Return the path to the innermost element that holds ``enough`` characters of the paragraphs."""
    weight: collections.Counter[HtmlElement] = collections.Counter()
    for block in paragraphs:
        for element in block.path[:-1]:
            weight[element] += len(block.text)
    best: tuple[HtmlElement, ...] = ()
    for block in paragraphs:
        depth = sum(1 for element in block.path[:-1] if weight[element] >= enough)
        if depth > len(best):
            best = block.path[:depth]
    return best


def _shared_depth(left: tuple[HtmlElement, ...], right: tuple[HtmlElement, ...]) -> int:
    """Return how many elements two paths share from the root on."""
    count = 0
    for element, counterpart in zip(left, right, strict=False):
        if element is not counterpart:
            break
        count += 1
    return count
