"""Cut the lines of a text that aren't the article: repeated headlines, links, prompts, captions.

Each rule has a name, under which ``CleanedText.cut`` lists what it cut. Rules look at a line's words
(``config/extract.toml``) or at where it stands in the page; none knows a publisher.
"""

from __future__ import annotations

import collections
import functools
import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

from lxml.html import HtmlElement

from pipeline.extract.authors import clean_names
from pipeline.extract.blocks import RUNNING_TEXT_CHARS, Block, TextLine, letter_key, template_kind
from pipeline.extract.boxes import element_labels, find_boxes, is_beside_picture, is_box_name, is_caption_name
from pipeline.extract.captions import is_credited, parse_caption
from pipeline.extract.config import ExtractConfig, Phrases
from pipeline.extract.main_text import MainText
from pipeline.extract.phrases import compile_phrases, write_caseless
from pipeline.records import Caption
from pipeline.text import split_words

_HEAD_LINES = 8  # lines at most that stand above the text: headline, standfirst, byline, times, kicker
_TAIL_LINES = 4  # lines at most at the end that may speak of the author
_MAIN_SHARE = 0.6  # of the text: the element that holds that much is the article's
_LARGE_SHARE = 0.3  # of the text: what holds that much isn't a box at its side
_LINKED_SHARE = 0.85  # of a line's characters: a line that is a link but for a mark or two
_MAX_LABEL = 5  # words at most before the colon of "Read more: …"
_MAX_KICKER = 4  # words at most
_MAX_BIO = 600  # characters of what a text says of its author at its end
_MAX_PHRASE = 500  # characters of a line that set phrases are looked for in: 60 long words
_MAX_END = 50  # characters at the end of a line in which set phrases that end one stand
_MAX_CAPTIONS = 30
_MAX_BOX = 800  # characters: a teaser or prompt with a few lines; what is larger may be a part of the article
_MAX_BOXED = 0.2  # of the text, in boxes of one kind; where they hold more, the article is made of them
_OWN_SHARE = 0.6  # of the page's text that JSON-LD's articleBody has, for it to be more than a teaser
_PROMPTS = frozenset(
    {
        "read more",
        "newsletter",
        "paywall",
        "offer",
        "comments",
        "copyright",
        "contact",
        "consent",
        "ai summary",
        "player",
    }
)


class ArticleContext(NamedTuple):
    """What the page says of its article beside the text."""

    titles: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    section: str | None = None
    time_blocks: tuple[Block, ...] = ()  # the blocks of its head that state a time and nothing else
    jsonld_text: str = ""  # the letters of JSON-LD's articleBody


class CleanedText(NamedTuple):
    """The article's lines, its captions, and by which rule each other line was cut."""

    lines: list[TextLine]
    captions: tuple[Caption, ...] = ()
    cut: tuple[tuple[str, str], ...] = ()


def remove_boilerplate(text: MainText, context: ArticleContext, config: ExtractConfig) -> CleanedText:
    """Return the lines that are the article, its captions, and by rule the lines that aren't the article."""
    lines = text.lines
    frame = _Frame(lines)
    long = (n for n, line in enumerate(lines) if len(line.text) >= RUNNING_TEXT_CHARS and not _is_title(line, context))
    start = next(long, 0)  # where the first long line stands, the headline and what surrounds it are over
    boxes = _boxes(text, frame, context)
    reasons: list[str | None] = []
    for number, line in enumerate(lines):
        head = number <= min(start, _HEAD_LINES)
        tail = number >= len(lines) - _TAIL_LINES and number > start
        reasons.append(
            _by_title(line, context, head=head)
            or _by_time(line, context, head=head)
            or _by_words(line.text, config.phrases)
            or _by_links(line.block)
            or _by_position(line, frame)
            or _by_contents(line.block, boxes)
            or _by_credit(line, frame, head=head)
            or _by_people(line.text, context, config, head=head, tail=tail)
            or _by_look(line, context, above=number < start)
        )
    _cut_boxes(lines, reasons, frame)
    _cut_after_jsonld_text(lines, reasons, context.jsonld_text, frame)
    _cut_generated_items(lines, reasons)
    _cut_labels(lines, reasons)
    article_lines = [line for line, reason in zip(lines, reasons, strict=True) if reason is None]
    cut = tuple((reason, line.text) for line, reason in zip(lines, reasons, strict=True) if reason)
    credited = frozenset(line_text for rule, line_text in cut if rule == "caption" and is_credited(line_text))
    return CleanedText(article_lines, tuple(_captions(text, frame, config, credited)), cut)


class _Frame:
    """Where in the page the article's text stands, and how its template sets it."""

    def __init__(self, lines: list[TextLine]) -> None:
        weight: collections.Counter[HtmlElement] = collections.Counter()
        for line in lines:
            if line.block:
                for element in line.block.path:
                    weight[element] += len(line.text)
        total = max(weight.values(), default=0)
        sizes: collections.Counter[tuple[str, ...]] = collections.Counter()
        for line in lines:
            if line.block:
                sizes[template_kind(line.block)] += len(line.text)
        self._kinds = {kind for kind, size in sizes.items() if size >= _LARGE_SHARE * total}
        self._large = {element for element, size in weight.items() if size >= _LARGE_SHARE * total}
        around = [element for element, size in weight.items() if size >= _MAIN_SHARE * total]
        main_elements = [element for element in around if element.tag in {"article", "main"}]
        self.main = next(iter(main_elements + around[-1:]), None)

    def is_usual(self, block: Block | None) -> bool:
        """Tell whether the template set the block as it sets the article's paragraphs."""
        return block is not None and template_kind(block) in self._kinds

    def is_paragraph(self, line: TextLine) -> bool:
        """Tell whether the line is a whole paragraph, set as the article's are."""
        return len(line.text) >= RUNNING_TEXT_CHARS and self.is_usual(line.block)

    def spared_elements(self, text: MainText, context: ArticleContext) -> set[HtmlElement]:
        """Return the elements that are no boxes.

        They hold the headline, lines set as the article's paragraphs are, or the first long line: bars with a login
        stand beside a lead.
        """
        spared = set(self._large)
        spared.update(*(block.path for block in text.blocks if block.tag == "h1"))
        is_first = True
        for number, line in enumerate(text.lines):
            if line.block is None:
                continue
            whole = len(line.text) >= RUNNING_TEXT_CHARS
            is_title = number <= _HEAD_LINES and _is_title(line, context)
            if self.is_usual(line.block) or is_title or (is_first and whole):
                spared.update(line.block.path if whole else line.block.path[:-1])
            is_first = is_first and (is_title or not whole)
        return spared

    def small_elements(self, block: Block) -> Iterator[HtmlElement]:
        """Yield the elements around a block that are small parts of the page; none for a block outside the article."""
        return (element for element in block.path if element not in self._large)


def _is_title(line: TextLine, context: ArticleContext) -> bool:
    return _same(line.text, context.titles)


def _same(text: str, titles: tuple[str, ...]) -> bool:
    """Tell whether ``text`` is one of the titles, or one but for a kicker or a few words."""
    key = letter_key(text)
    text_words = set(split_words(text))
    for title in titles:
        title_letters = letter_key(title)
        if key == title_letters:
            return True
        title_words = _title_words(title)
        shared = len(text_words & title_words)
        enough = shared >= 3 and shared >= 0.75 * max(len(text_words), len(title_words))  # noqa: PLR2004 - fewer may be chance
        inside = len(title_words) > 3 and (key.endswith(title_letters) or title_letters.endswith(key))  # noqa: PLR2004
        if enough or (inside and len(title_letters) < 2 * len(key) and len(key) < 2 * len(title_letters)):
            return True
    return False


@functools.lru_cache(maxsize=256)  # those of a page are compared with each of its first lines
def _title_words(title: str) -> frozenset[str]:
    return frozenset(split_words(title))


def _by_title(line: TextLine, context: ArticleContext, *, head: bool) -> str | None:
    if head and (_same(line.text, context.titles) or (line.block and line.block.tag == "h1")):
        return "headline"
    key = letter_key(line.text)
    return "headline" if line.heading and any(key == letter_key(title) for title in context.titles) else None


def _by_time(line: TextLine, context: ArticleContext, *, head: bool) -> str | None:
    if line.block in context.time_blocks:
        return "times"
    keys = (block.key for block in context.time_blocks) if head and line.block is None else ()
    return "times" if letter_key(line.text) in keys else None


class _Pattern(NamedTuple):
    rule: str
    max_words: int
    starts: re.Pattern[str]
    holds: re.Pattern[str] | None
    ends: re.Pattern[str] | None


@functools.lru_cache(maxsize=4)
def _patterns(phrases: Phrases) -> list[_Pattern]:
    return [
        _Pattern(
            foreign.rule,
            foreign.max_words,
            compile_phrases([*foreign.starts, *(rf"(?:{form})\W*$" for form in foreign.whole)]),
            compile_phrases(foreign.holds) if foreign.holds else None,
            compile_phrases(foreign.ends, r"{}\W*$") if foreign.ends else None,
        )
        for foreign in phrases.foreign
    ]


def _by_words(text: str, phrases: Phrases) -> str | None:
    plain = write_caseless(text.lstrip("-–—•·*>→»| \t"))
    if len(plain) > _MAX_PHRASE:
        return None
    count = len(plain.split())
    for pattern in _patterns(phrases):
        if count <= pattern.max_words and (
            pattern.starts.match(plain)
            or (pattern.holds and pattern.holds.search(plain))
            or (pattern.ends and pattern.ends.search(plain, max(len(plain) - _MAX_END, 0)))
        ):
            return pattern.rule
    return None


def _by_links(block: Block | None) -> str | None:
    """Cut lines that are links to other pages of the site, with a label before them or not."""
    if block is None:
        return None
    size = len(block.text)
    label, colon, _ = block.text.partition(":")
    labelled = colon and len(label.split()) <= _MAX_LABEL and block.own_links >= _LINKED_SHARE * (size - len(label)) > 0
    return "link" if labelled or block.own_links >= _LINKED_SHARE * size else None


def _by_position(line: TextLine, frame: _Frame) -> str | None:
    """Cut what stands in boxes that their template names so, and under pictures.

    Spared is what is set like the article's paragraphs: pages wrap each of those in "subscriber-only", say.
    """
    block = line.block
    if block is None:
        return None
    usual = frame.is_usual(block)
    for element in frame.small_elements(block):
        if usual and (element is not block.path[-1] or len(line.text) >= RUNNING_TEXT_CHARS):
            continue
        labels = element_labels(element)
        framed = element.tag == "figure" and block.tag not in {"p", "blockquote", "li"}
        if element.tag == "figcaption" or framed or is_caption_name(labels):
            return "caption"
        if is_box_name(labels) or (element.tag in {"aside", "footer", "nav"} and len(line.text) < RUNNING_TEXT_CHARS):
            return "box"
    return None


def _boxes(text: MainText, frame: _Frame, context: ArticleContext) -> dict[HtmlElement, str]:
    """Return the boxes in the article with their rules; none of a kind that holds a good part of the text.

    Round-ups and newsletters are made of linked headlines with a few sentences each.
    """
    if frame.main is None:
        return {}
    spared = frame.spared_elements(text, context)
    around = {element for line in text.lines if line.block for element in line.block.path} - spared
    blocks = [block for block in text.blocks if not around.isdisjoint(block.path)]
    boxes = find_boxes(frame.main, blocks, spared) if blocks else {}
    sizes: collections.Counter[str] = collections.Counter()
    for line in text.lines:
        if rule := _by_contents(line.block, boxes):
            sizes[rule] += len(line.text)
    large = _MAX_BOXED * sum(len(line.text) for line in text.lines)
    return {element: rule for element, rule in boxes.items() if sizes[rule] <= large}


def _by_contents(block: Block | None, boxes: dict[HtmlElement, str]) -> str | None:
    """Cut what stands in a box that holds a field, a link to the shop or headlines of other pages."""
    return next((boxes[element] for element in block.path if element in boxes), None) if block and boxes else None


def _by_credit(line: TextLine, frame: _Frame, *, head: bool) -> str | None:
    """Cut what says itself whose picture it describes, above the text or set otherwise than its paragraphs."""
    block = line.block
    if block is None or not is_credited(line.text):
        return None
    return "caption" if head or not frame.is_usual(block) or is_beside_picture(block) else None


def _by_people(text: str, context: ArticleContext, config: ExtractConfig, *, head: bool, tail: bool) -> str | None:
    if not (head or tail) or not context.authors:
        return None
    if tail and len(text) <= _MAX_BIO and any(text.startswith(f"{name} ") for name in context.authors if " " in name):
        return "author bio"
    if len(text) >= RUNNING_TEXT_CHARS:
        return None
    persons = clean_names([text], config).persons
    if persons and {letter_key(name) for name in persons} <= {letter_key(name) for name in context.authors}:
        return "byline"
    return None


def _by_look(line: TextLine, context: ArticleContext, *, above: bool) -> str | None:
    """Cut section names and other short labels above the text."""
    text = line.text
    if not above or len(text.split()) > _MAX_KICKER or re.search(r"[.!?…:;»”\"]$", text):
        return None
    if context.section and letter_key(text) == letter_key(context.section):
        return "kicker"
    return "kicker" if text.isupper() and line.block and line.block.tag != "p" else None


def _cut_labels(lines: list[TextLine], reasons: list[str | None]) -> None:
    """Cut the label of what was cut: a short line with a colon, or a heading in the same box, before cut links."""
    for number in range(len(lines) - 2, -1, -1):
        line, below = lines[number], lines[number + 1]
        if (
            reasons[number]
            or reasons[number + 1] not in {"link", "read more", "label"}
            or len(line.text) >= RUNNING_TEXT_CHARS
        ):
            continue
        together = line.block and below.block and line.block.path[-2:-1] == below.block.path[-2:-1] and line.heading
        last = number + 2 == len(lines) or lines[number + 2].heading
        if line.text.endswith(":") or (line.heading and last) or (together and below.item):
            reasons[number] = "label"


def _cut_generated_items(lines: list[TextLine], reasons: list[str | None]) -> None:
    """Cut the list right under a line that says that a machine wrote it."""
    for number in range(1, len(lines)):
        if reasons[number - 1] == "ai summary" and reasons[number] is None and lines[number].item:
            reasons[number] = "ai summary"


def _cut_boxes(lines: list[TextLine], reasons: list[str | None], frame: _Frame) -> None:
    """Cut the rest of a small box of which a line is a prompt: "Read more", its teaser's headline, its first lines."""
    prompted: dict[HtmlElement, list[int]] = {}
    for line, reason in zip(lines, reasons, strict=True):
        box = next(iter(frame.small_elements(line.block)), None) if line.block and reason in _PROMPTS else None
        if box is not None and line.block and box is not line.block.path[-1]:
            prompted[box] = []
    for number, line in enumerate(lines):
        for element in line.block.path if line.block else ():
            if element in prompted:
                prompted[element].append(number)
    for inside in prompted.values():
        size = sum(len(lines[number].text) for number in inside)
        if size <= _MAX_BOX and not any(frame.is_paragraph(lines[number]) for number in inside):
            for number in inside:
                reasons[number] = reasons[number] or "box"


def _cut_after_jsonld_text(lines: list[TextLine], reasons: list[str | None], jsonld_text: str, frame: _Frame) -> None:
    """Cut what follows the publisher's own text in JSON-LD, where that holds most of the lines.

    Lines that look like the article's paragraphs stay: articleBody may be cut short for search engines.
    """
    has = [letter_key(line.text) in jsonld_text for line in lines]
    size = sum(len(line.text) for line in lines)
    shared = sum(len(line.text) for line, had in zip(lines, has, strict=True) if had)
    if not jsonld_text or shared < _OWN_SHARE * size:
        return
    last = max((number for number, had in enumerate(has) if had), default=len(lines))
    for number in range(last + 1, len(lines)):
        if not frame.is_paragraph(lines[number]):
            reasons[number] = reasons[number] or "not in the publisher's own text"


def _captions(text: MainText, frame: _Frame, config: ExtractConfig, credited: frozenset[str]) -> Iterator[Caption]:
    """Yield the captions of the article's pictures, none twice; not those of teasers, prompts and quotations.

    Beside figures, what says itself whose picture it describes is one; ``credited`` are such lines of the text.
    """
    texts: dict[HtmlElement, list[str]] = {}
    for block in text.blocks:
        under = next((element for element in block.path if element.tag == "figcaption"), None)
        if under is None and (block.text in credited or (is_credited(block.text) and not frame.is_usual(block))):
            under = block.path[-1]
        if under is None or frame.main not in block.path or _by_links(block):
            continue
        figure = under.getparent()
        if figure is not None and figure.find(".//blockquote") is None:
            texts.setdefault(under, []).append(block.text)
    yielded: set[str] = set()
    for whole in itertools.islice(map(" ".join, texts.values()), _MAX_CAPTIONS):
        if _by_words(whole, config.phrases) not in {None, "picture credit"}:
            continue
        caption = parse_caption(whole, config, pictured=True)
        if caption and letter_key(whole) not in yielded:
            yielded.add(letter_key(whole))
            yield caption
