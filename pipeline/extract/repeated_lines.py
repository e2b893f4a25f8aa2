"""Take long lists out of a page whose lines all say one thing of many names: vendors, partners, shops, terms.

No language is needed for that: the lines end alike, letter by letter, though they begin with different names.
"""

from __future__ import annotations

import collections

from lxml.html import HtmlElement

from pipeline.extract.blocks import Block

_MIN_LINES = 12  # that end alike; a list of results or forecasts has fewer
_MIN_LINE = 60  # characters of such a line
_TAIL = 40  # letters by which their ends are compared


def remove_repeated_lines(blocks: list[Block]) -> list[Block]:
    """Return ``blocks`` without lists of lines that end alike, which are taken out of the page as well."""
    by_ending: dict[str, list[Block]] = collections.defaultdict(list)
    for block in blocks:
        if len(block.text) >= _MIN_LINE:
            by_ending[block.text[-_TAIL:]].append(block)
    repeated = [block for alike in by_ending.values() if _is_list(alike) for block in alike]
    if not repeated:
        return blocks
    gone = {block.path[-1] for block in repeated}
    for element in gone:
        if element.getparent() is not None:
            element.drop_tree()
    return [block for block in blocks if gone.isdisjoint(block.path)]


def _is_list(alike: list[Block]) -> bool:
    """Tell whether blocks that end alike are the items of one list, each with a beginning of its own."""
    if len(alike) < _MIN_LINES:
        return False
    holders = {_holder(block) for block in alike}
    return len(holders) == 1 and len({block.text for block in alike}) == len(alike)


def _holder(block: Block) -> HtmlElement | None:
    return block.path[-2] if len(block.path) > 1 else None
