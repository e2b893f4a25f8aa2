"""In which part of a page does the article stand? Told by its paragraphs and its headline, before any text is read."""

from __future__ import annotations

import collections
from typing import NamedTuple

from lxml.html import HtmlElement

from pipeline.extract.blocks import Block, template_kind

_LONG = 80  # characters: a paragraph of running text; shorter blocks may be anything
_MIN_PARAGRAPHS = 3  # of one template's kind; fewer may be teasers
_MAX_LINK_SHARE = 0.5  # of a paragraph; more, and it is a teaser
_SHARE = 0.9  # of the text of the article's kind of paragraph that its element holds; a few stand in boxes of teasers
_HEADINGS = frozenset({"h1", "h2"})


class Region(NamedTuple):
    """The article's place in the page."""

    whole: HtmlElement  # holds headline and text
    core: HtmlElement  # holds the text


def find_region(blocks: list[Block], headlines: frozenset[str]) -> Region | None:
    """Return the elements around the article; None where the page doesn't tell them.

    The text is where most of the running text is that the template sets in one way; the whole is the smallest element
    that also holds the visible headline, known by its letters in ``headlines``: a standfirst stands between the two.
    """
    kinds: collections.Counter[tuple[str, ...]] = collections.Counter()
    paragraphs: dict[tuple[str, ...], list[Block]] = collections.defaultdict(list)
    for block in blocks:
        if is_running_text(block):
            own = template_kind(block)
            kinds[own] += len(block.text)
            paragraphs[own].append(block)
    if not kinds:
        return None
    usual, size = kinds.most_common(1)[0]
    if len(paragraphs[usual]) < _MIN_PARAGRAPHS:
        return None
    path = _path(paragraphs[usual], _SHARE * size)
    shown = [block for block in blocks if block.tag in _HEADINGS and block.key in headlines]
    places = [_shared(path, block.path) for block in [one for one in shown if one.tag == "h1"] or shown]
    return Region(path[max(places) - 1], path[-1]) if places and max(places) > 0 else None


def is_running_text(block: Block) -> bool:
    """Whether a block is a paragraph of running text."""
    return len(block.text) >= _LONG and block.links <= _MAX_LINK_SHARE * len(block.text)


def _path(paragraphs: list[Block], enough: float) -> tuple[HtmlElement, ...]:
    """Return the path to the innermost element that holds ``enough`` characters of the paragraphs."""
    weight: collections.Counter[HtmlElement] = collections.Counter()
    for block in paragraphs:
        for element in block.path[:-1]:
            weight[element] += len(block.text)
    best: tuple[HtmlElement, ...] = ()
    for block in paragraphs:
        place = sum(1 for element in block.path[:-1] if weight[element] >= enough)
        if place > len(best):
            best = block.path[:place]
    return best


def _shared(path: tuple[HtmlElement, ...], other: tuple[HtmlElement, ...]) -> int:
    """Return how many elements two paths share from the root on."""
    count = 0
    for one, two in zip(path, other, strict=False):
        if one is not two:
            break
        count += 1
    return count
