"""Locate an article's head: its headline, what stands right above it, and what stands between it and the text.

Byline and time stand there; the same words elsewhere in the page belong to teasers, comments and the site.
"""

from __future__ import annotations

import collections
from collections.abc import Sequence
from typing import NamedTuple

from lxml.html import HtmlElement

from pipeline.extract.blocks import HEADLINE_TAGS, RUNNING_TEXT_CHARS, Block, letter_key, template_kind
from pipeline.extract.page_signals import PageSignals
from pipeline.text import split_words

_MAX_HEAD = 14  # blocks between headline and text: standfirst, byline, role, times, caption, buttons for sharing
_MIN_HEAD = 3  # blocks after the headline that may be long: a standfirst, a caption
_MAX_ABOVE = 4  # blocks above the headline: kicker, section, time
_LEVELS_ABOVE = 3  # elements around the headline that may hold those
_MAX_HEADLINE = 300  # characters
_MIN_SHARED = 0.6  # of the title's words that a headline has: its end may be cut, its kicker may be left out
_WHOLE_PAGE = frozenset({"html", "body", "main"})


class ArticleHead(NamedTuple):
    """The blocks of an article's head, in the order of the page."""

    above: list[Block]
    headline: Block | None
    below: list[Block]  # up to the text
    opening: list[Block]  # the first blocks of the text: a time may stand below the first paragraph
    rest: list[Block]  # what follows


def locate_head(signals: PageSignals, blocks: Sequence[Block], title: str | None) -> ArticleHead:
    """Return the head of the article that is called ``title``; an empty one where the page doesn't show a headline."""
    start = _find_headline(signals, blocks, title)
    if start is None:
        return ArticleHead([], None, [], [], list(blocks))
    headline = blocks[start]
    around = {element for element in headline.path[-_LEVELS_ABOVE - 1 : -1] if element.tag not in _WHOLE_PAGE}
    above = [block for block in blocks[max(0, start - _MAX_ABOVE) : start] if _shares_box(block, headline, around)]
    following = blocks[start + 1 :]
    size = _count_head(following)
    return ArticleHead(
        above,
        headline,
        list(following[:size]),
        list(following[size : size + _MIN_HEAD]),
        list(following[size + _MIN_HEAD :]),
    )


def headline_keys(signals: PageSignals) -> set[str]:
    """Return the letter keys of the visible headings that may be the headline: the h1, else all."""
    shown = [heading for heading in signals.headings if not heading.is_breadcrumb]
    first = {letter_key(heading.text) for heading in shown if heading.is_h1}
    return first or {letter_key(heading.text) for heading in shown}


def head_blocks(blocks: Sequence[Block], headlines: set[str]) -> list[Block]:
    """Return the blocks between the headline, which has one of these letter keys, and the first paragraph."""
    starts = [n for n, block in enumerate(blocks) if block.tag in HEADLINE_TAGS and block.key in headlines]
    if not starts:
        return []
    head: list[Block] = []
    for block in blocks[starts[0] + 1 : starts[0] + 1 + _MAX_HEAD]:
        if len(block.text) >= RUNNING_TEXT_CHARS and head and block.tag == "p" and len(head) >= _MIN_HEAD:
            break
        head.append(block)
    return head


def _find_headline(signals: PageSignals, blocks: Sequence[Block], title: str | None) -> int | None:
    """Return the number of the first heading that shares most words with the title; else of the first block that does.

    Where the title is said nowhere, it is that of the visible h1.
    """
    title_words = set(split_words(title or ""))
    short = [n for n, block in enumerate(blocks) if len(block.text) <= _MAX_HEADLINE]
    headings = [n for n in short if blocks[n].tag in HEADLINE_TAGS]
    similar = next((n for n in (*headings, *short) if _is_like(blocks[n], title_words)), None)
    if similar is not None:
        return similar
    shown = headline_keys(signals)  # or its runs, where they are blocks of their own
    shown |= {letter_key(run) for heading in signals.headings if heading.is_h1 for run in heading.runs}
    return next((n for n, block in enumerate(blocks) if block.tag in HEADLINE_TAGS and block.key in shown), None)


def _is_like(block: Block, title_words: set[str]) -> bool:
    shared = len(title_words & set(split_words(block.text)))
    return shared > 0 and shared >= _MIN_SHARED * len(title_words)


def _shares_box(block: Block, headline: Block, around: set[HtmlElement]) -> bool:
    """Tell whether a block stands in a box with the headline, not in a menu or the page's own head."""
    own = [element for element in block.path if element not in headline.path]
    return not around.isdisjoint(block.path) and not any(element.tag in {"nav", "header"} for element in own)


def _count_head(following: Sequence[Block]) -> int:
    """Return how many blocks below a headline stand above the text: up to the first that is set as most of it is."""
    sizes: collections.Counter[tuple[str, ...]] = collections.Counter()
    for block in following:
        if len(block.text) >= RUNNING_TEXT_CHARS and not block.links:
            sizes[template_kind(block)] += len(block.text)
    usual = sizes.most_common(1)[0][0] if sizes else None
    for number, block in enumerate(following[:_MAX_HEAD]):
        if len(block.text) >= RUNNING_TEXT_CHARS and template_kind(block) == usual:
            return number
    return min(len(following), _MAX_HEAD)
