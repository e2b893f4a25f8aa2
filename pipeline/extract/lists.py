"""Put back lists and tables of an article that the base extractor lost.

A list is the article's where the template sets it among the article's paragraphs and where it is no list of links.
"""

from __future__ import annotations

import collections
import itertools
import re
from typing import NamedTuple

from lxml.html import HtmlElement

from pipeline.extract.blocks import RUNNING_TEXT_CHARS, Block, TextLine, letter_key, signature, template_kind
from pipeline.extract.boxes import element_labels, is_box_name, is_caption_name
from pipeline.extract.text_repair import repair_text

_LISTS = frozenset({"ul", "ol", "dl", "table"})
_ITEMS = frozenset({"li", "dt", "dd", "td", "th", "tr"})
_HEADINGS = frozenset({"h2", "h3", "h4", "h5"})
_ELSEWHERE = frozenset({"nav", "aside", "footer", "header", "form", "figure", "dialog", "label", "fieldset"})
_CONTROLS = ("form", "input", "button", "textarea", "select", "img", "picture", "video", "audio")
_MAX_WRAPPERS = 2  # elements between a list and the element in which the article's paragraphs stand
_MAX_LINKED = 0.35  # of a list's characters; more, and it lists links
_MAX_LINKED_LAST = 0.2  # the same, of a list below the last paragraph: links to other pages stand there
_MIN_ITEM = 15  # characters on average of items that no list element holds
_MIN_SENTENCES = 0.6  # of the items of a list below the last paragraph, unless a heading or a colon leads to it
_SENTENCE_END = re.compile(r"[.!?…。！？।۔][\"'”’»)\]]*$")


class _Page(NamedTuple):
    """Where the lines of the article stand in the page."""

    blocks: list[Block]
    used: dict[int, int]  # by the number of a block, the number of its line
    hosts: dict[HtmlElement, tuple[int, int]]  # elements around paragraphs: first and last paragraph's block


def recover_lists(lines: list[TextLine], blocks: list[Block]) -> list[TextLine]:
    """Return ``lines`` with the lists and tables of the article that aren't among them.

    Args:
        lines: the lines of the article, with the blocks in which they stand.
        blocks: all blocks of the page.
    """
    numbers = {id(block): number for number, block in enumerate(blocks)}
    used = {numbers[id(line.block)]: n for n, line in enumerate(lines) if line.block and id(line.block) in numbers}
    _add_rows(used, lines, blocks)
    page = _Page(blocks, used, _hosts(used, blocks))
    if not page.hosts:
        return lines
    missing: dict[int, list[TextLine]] = collections.defaultdict(list)
    first, last = min(used), max(used)
    number = first
    while number < len(blocks):
        end = number + 1
        if number not in used and (listed := _list_around(blocks[number], page)) is not None:
            while end < len(blocks) and listed in blocks[end].path:
                end += 1
            group = [n for n in range(number, end) if n not in used]
            if _belongs(listed, group, page):
                after = max(n for n in used if n < number)
                heading = _heading_above(number, page)
                missing[after] += [heading] if heading else []
                for n, together in itertools.groupby(group, key=lambda n: max(m for m in used if m < n)):
                    missing[n] += _lines(list(together), blocks)
        elif number > last:
            break
        number = end
    if not missing:
        return lines
    missing_by_line: dict[int, list[TextLine]] = collections.defaultdict(list)
    for block_number, added in missing.items():
        missing_by_line[used[block_number]] += added
    return [entry for n, line in enumerate(lines) for entry in (line, *missing_by_line[n])]


def _add_rows(used: dict[int, int], lines: list[TextLine], blocks: list[Block]) -> None:
    """Add to ``used`` the cells of rows that the base extractor wrote on one line each."""
    numbers = {letter_key(line.text): n for n, line in enumerate(lines) if line.block is None}
    rows: dict[HtmlElement, list[int]] = collections.defaultdict(list)
    for number, block in enumerate(blocks) if numbers else ():
        row = next((element for element in block.path if element.tag == "tr"), None)
        if row is not None and number not in used:
            rows[row].append(number)
    for cells in rows.values():
        line = numbers.get("".join(blocks[number].key for number in cells))
        if line is not None:
            used.update(dict.fromkeys(cells, line))


def _hosts(used: dict[int, int], blocks: list[Block]) -> dict[HtmlElement, tuple[int, int]]:
    """Return the elements right around two paragraphs or more that are set as most of the article's are."""
    sizes: collections.Counter[tuple[str, ...]] = collections.Counter()
    for number in used:
        if len(blocks[number].text) >= RUNNING_TEXT_CHARS:
            sizes[template_kind(blocks[number])] += len(blocks[number].text)
    if not sizes:
        return {}
    usual = sizes.most_common(1)[0][0]
    hosts: dict[HtmlElement, list[int]] = collections.defaultdict(list)
    for number in sorted(used):
        block = blocks[number]
        if len(block.text) >= RUNNING_TEXT_CHARS and template_kind(block) == usual and len(block.path) > 1:
            hosts[block.path[-2]].append(number)
    return {host: (inside[0], inside[-1]) for host, inside in hosts.items() if len(inside) > 1}


def _list_around(block: Block, page: _Page) -> HtmlElement | None:
    """Return the list in which a block stands, right under an element of the article's paragraphs."""
    path = block.path
    depth = max((n for n, element in enumerate(path) if element in page.hosts), default=None)
    if depth is None or depth + 1 >= len(path):
        return None
    inner = path[depth + 1 :]
    if any(element.tag in _ELSEWHERE for element in inner):
        return None
    position = next((n for n, element in enumerate(inner) if element.tag in _LISTS), None)
    if position is not None:
        return inner[0] if position <= _MAX_WRAPPERS else None
    alike = collections.Counter(signature(child) for child in inner[0] if isinstance(child.tag, str))
    repeated = len(inner) > 1 and inner[1].tag == "div" and alike[signature(inner[1])] > 1
    return inner[0] if repeated and len(alike) == 1 else None


def _belongs(listed: HtmlElement, group: list[int], page: _Page) -> bool:
    blocks = [page.blocks[number] for number in group]
    size = sum(len(block.text) for block in blocks)
    linked = sum(block.links for block in blocks)
    host = listed.getparent()
    while host not in page.hosts:
        host = host.getparent()
    first, last = page.hosts[host]
    if (
        group[0] < first
        or linked > _MAX_LINKED * size
        or any(listed.find(f".//{tag}") is not None for tag in _CONTROLS)
    ):
        return False
    inside = {element for block in blocks for element in block.path[block.path.index(listed) :]}
    if any(is_box_name(labels) or is_caption_name(labels) for labels in map(element_labels, inside)):
        return False
    in_list = all(any(element.tag in _ITEMS for element in block.path) for block in blocks)
    if not in_list:
        usual = [block for block in blocks if block.tag in _HEADINGS or block.tag == "div" or block.tag in _ITEMS]
        return len(usual) == len(blocks) > 1 and not linked and size >= _MIN_ITEM * len(blocks) and group[-1] < last
    if group[-1] < last or any(listed in page.blocks[number].path for number in page.used):
        return True
    above = page.blocks[group[0] - 1]
    led = group[0] - 1 in page.used and above.text.rstrip().endswith((":", "："))
    led = led or (above.tag in _HEADINGS and not above.links and host in above.path)
    sentences = sum(bool(_SENTENCE_END.search(block.text)) for block in blocks)
    return linked <= _MAX_LINKED_LAST * size and (led or sentences >= _MIN_SENTENCES * len(blocks))


def _heading_above(number: int, page: _Page) -> TextLine | None:
    if number - 1 in page.used or number == 0:
        return None
    above = page.blocks[number - 1]
    together = above.tag in _HEADINGS and not above.links and any(element in page.hosts for element in above.path)
    return TextLine(repair_text(above.text), heading=True, block=above) if together else None


def _lines(group: list[int], blocks: list[Block]) -> list[TextLine]:
    """Return the lines of some blocks; the cells of a row of a table stand on one line."""
    lines: list[TextLine] = []
    row = None
    for number in group:
        block = blocks[number]
        cell_row = block.path[-2] if block.tag in {"td", "th"} and len(block.path) > 1 else None
        text = repair_text(block.text)
        if cell_row is not None and cell_row is row:
            lines[-1] = TextLine(f"{lines[-1].text} | {text}", item=True)
        elif text:
            lines.append(TextLine(text, item=True, block=block))
        row = cell_row
    return lines
