"""Which of the lines found aren't the article: its headline again, links to others, prompts, captions?

Each rule has a name, under which ``clean`` tells what it cut. Rules look at a line's words (``config/extract.toml``)
or at the place where it stands in the page; none knows a publisher.
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
from pipeline.extract.blocks import Block, letter_key, template_kind
from pipeline.extract.captions import is_credited, parse_caption
from pipeline.extract.config import ExtractConfig, Phrases
from pipeline.extract.main_text import MainText, TextLine
from pipeline.records import Caption
from pipeline.text import split_words

_LONG = 80  # characters: where the first line of that length stands, the headline and what surrounds it are over
_HEAD = 8  # lines at most that stand above the text: headline, standfirst, byline, times, kicker
_TAIL = 4  # lines at most at the end that may speak of the author
_MAIN = 0.6  # of the text: the element that holds that much is the article's
_LARGE = 0.3  # of the text: what holds that much isn't a box at its side
_LINKED = 0.85  # of a line's characters: a line that is a link but for a mark or two
_LABEL = 5  # words at most before the colon of "Read more: …"
_KICKER = 4  # words at most
_MAX_BIO = 600  # characters of what a text says of its author at its end
_MAX_PHRASE = 500  # characters of a line that set phrases are looked for in: 60 long words
_MAX_CAPTIONS = 30
_MAX_BOX = 800  # characters: a teaser or prompt with a few lines; what is larger may be a part of the article
_OWN_SHARE = 0.6  # of the text found that JSON-LD's articleBody has, for it to be more than a teaser
_PROMPTS = frozenset({"read more", "newsletter", "paywall", "comments", "copyright", "contact", "consent"})

# Words in class names and ids of boxes inside an article that aren't it. From the naming habits of news templates, as
# trafilatura, readability and publishers' style guides list them.
_BOX = re.compile(
    r"newsletter|related|recommend|read-?(?:more|also|next)|see-?also|most-?(?:read|popular)|promo(?:tion|box)?(?![a-z])|"
    r"subscri|sign-?up|(?:^|[\s_-])ads?(?:$|[\s_-])|advert|sponsor|outbrain|taboola|social|share|"
    r"follow|comment(?!ary)|disqus|author-?(?:bio|box|info|card|desc)|about-?(?:the-)?author|bio(?:graphy)?(?:$|[\s_-])|"
    r"copyright|disclaimer|donat|survey|poll(?:$|[\s_-])|audio-?player|video-?(?:player|teaser|meta|info)|"
    r"breadcrumb|kicker|byline|timestamp|dateline-?(?:time|date)|meta-?(?:data|info)|(?:article|post|entry)-?(?:tags|footer)|"
    r"twitter|tweet|instagram-media|fb-post|embed-?(?:social|tweet)|(?:^|[\s_-])toc(?:$|[\s_-])|more-?(?:on|from|stories|topic)",
    re.IGNORECASE,
)
_CAPTION = re.compile(
    r"caption|(?:image|photo|picture|foto|bild)-?_?-?(?:credit|text|desc|unter|legend|info|copyright)|credit",
    re.IGNORECASE,
)


class ArticleContext(NamedTuple):
    """What is known of the article beside its text."""

    titles: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    section: str | None = None
    jsonld_text: str = ""  # the letters of JSON-LD's articleBody


class CleanedText(NamedTuple):
    """The article's lines, its captions, and by which rule each other line was cut."""

    lines: list[TextLine]
    captions: tuple[Caption, ...] = ()
    cut: tuple[tuple[str, str], ...] = ()


def remove_boilerplate(found: MainText, context: ArticleContext, known: ExtractConfig) -> CleanedText:
    """Return the lines that are the article, and the rest by rule."""
    lines = found.lines
    frame = _Frame(lines)
    start = next((n for n, line in enumerate(lines) if len(line.text) >= _LONG and not _is_title(line, context)), 0)
    reasons: list[str | None] = []
    for number, line in enumerate(lines):
        head = number <= min(start, _HEAD)
        tail = number >= len(lines) - _TAIL and number > start
        reasons.append(
            _by_title(line, context, head=head)
            or _by_words(line.text, known.phrases)
            or _by_links(line.block)
            or _by_place(line, frame)
            or _by_credit(line, frame, head=head)
            or _by_people(line.text, context, known, head=head, tail=tail)
            or _by_look(line, context, above=number < start)
        )
    _boxes(lines, reasons, frame)
    _after_own_text(lines, reasons, context.jsonld_text, frame)
    _labels(lines, reasons)
    kept = [line for line, reason in zip(lines, reasons, strict=True) if reason is None]
    cut = tuple((reason, line.text) for line, reason in zip(lines, reasons, strict=True) if reason)
    credited = frozenset(text for rule, text in cut if rule == "caption" and is_credited(text))
    return CleanedText(kept, tuple(_captions(found, frame, known, credited)), cut)


class _Frame:
    """Where in the page the article's text stands."""

    def __init__(self, lines: list[TextLine]) -> None:
        weight: collections.Counter[HtmlElement] = collections.Counter()
        for line in lines:
            if line.block:
                for element in line.block.path:
                    weight[element] += len(line.text)
        total = max(weight.values(), default=0)
        kinds: collections.Counter[tuple[str, ...]] = collections.Counter()
        for line in lines:
            if line.block:
                kinds[template_kind(line.block)] += len(line.text)
        self._kinds = {one for one, size in kinds.items() if size >= _LARGE * total}
        self._large = {element for element, size in weight.items() if size >= _LARGE * total}
        around = [element for element, size in weight.items() if size >= _MAIN * total]
        named = [element for element in around if element.tag in {"article", "main"}]
        self.main = next(iter(named + around[-1:]), None)

    def usual(self, block: Block | None) -> bool:
        """Whether the template set the block as it sets the article's paragraphs."""
        return block is not None and template_kind(block) in self._kinds

    def plain(self, line: TextLine) -> bool:
        """Whether the line is a whole paragraph, set as the article's are."""
        return len(line.text) >= _LONG and self.usual(line.block)

    def inner(self, block: Block) -> Iterator[HtmlElement]:
        """Yield the elements around a block that are small parts of the page; none for a block outside the article."""
        return (element for element in block.path if element not in self._large)


def _is_title(line: TextLine, context: ArticleContext) -> bool:
    return _same(line.text, context.titles)


def _same(text: str, titles: tuple[str, ...]) -> bool:
    """Whether ``text`` is one of the titles, or one but for a kicker or a few words."""
    own = letter_key(text)
    mine = set(split_words(text))
    for title in titles:
        other = letter_key(title)
        if own == other:
            return True
        theirs = set(split_words(title))
        shared = len(mine & theirs)
        enough = shared >= 3 and shared >= 0.75 * max(len(mine), len(theirs))  # noqa: PLR2004 - fewer may be chance
        inside = len(theirs) > 3 and (own.endswith(other) or other.endswith(own)) and 2 * len(own) > len(other)  # noqa: PLR2004
        if enough or (inside and len(own) < 2 * len(other)):
            return True
    return False


def _by_title(line: TextLine, context: ArticleContext, *, head: bool) -> str | None:
    if head and (_same(line.text, context.titles) or (line.block and line.block.tag == "h1")):
        return "headline"
    own = letter_key(line.text)
    return "headline" if line.heading and any(own == letter_key(title) for title in context.titles) else None


class _Pattern(NamedTuple):
    rule: str
    max_words: int
    starts: re.Pattern[str]
    holds: re.Pattern[str] | None


@functools.lru_cache(maxsize=4)
def _patterns(phrases: Phrases) -> list[_Pattern]:
    made = []
    for one in phrases.foreign:
        starts = "|".join([f"(?:{p})" for p in one.starts] + [rf"(?:{p})\W*$" for p in one.whole]) or r"(?!)"
        holds = re.compile("|".join(one.holds), re.IGNORECASE) if one.holds else None
        made.append(_Pattern(one.rule, one.max_words, re.compile(starts, re.IGNORECASE), holds))
    return made


def _by_words(text: str, phrases: Phrases) -> str | None:
    plain = text.lstrip("-–—•·*>→»| \t")
    if len(plain) > _MAX_PHRASE:
        return None
    count = len(plain.split())
    for one in _patterns(phrases):
        if count <= one.max_words and (one.starts.match(plain) or (one.holds and one.holds.search(plain))):
            return one.rule
    return None


def _by_links(block: Block | None) -> str | None:
    """Cut lines that are links to other pages of the site, with a label before them or not."""
    if block is None:
        return None
    size = len(block.text)
    label, colon, _ = block.text.partition(":")
    labelled = colon and len(label.split()) <= _LABEL and block.own_links >= _LINKED * (size - len(label)) > 0
    return "link" if labelled or block.own_links >= _LINKED * size else None


def _by_place(line: TextLine, frame: _Frame) -> str | None:
    """Cut what stands in boxes that their template names so, and under pictures.

    Spared is what is set like the article's paragraphs: pages wrap each of those in "subscriber-only", say.
    """
    block = line.block
    if block is None:
        return None
    usual = frame.usual(block)
    for element in frame.inner(block):
        if usual and (element is not block.path[-1] or len(line.text) >= _LONG):
            continue
        name = f"{element.get('class') or ''} {element.get('id') or ''}"
        framed = element.tag == "figure" and block.tag not in {"p", "blockquote", "li"}
        if element.tag == "figcaption" or framed or _CAPTION.search(name):
            return "caption"
        if _BOX.search(name) or (element.tag in {"aside", "footer", "nav"} and len(line.text) < _LONG):
            return "box"
    return None


def _by_credit(line: TextLine, frame: _Frame, *, head: bool) -> str | None:
    """Cut what says itself whose picture it describes, above the text or set otherwise than its paragraphs."""
    beside = line.block is not None and (head or not frame.usual(line.block))
    return "caption" if beside and is_credited(line.text) else None


def _by_people(text: str, context: ArticleContext, known: ExtractConfig, *, head: bool, tail: bool) -> str | None:
    if not (head or tail) or not context.authors:
        return None
    if tail and len(text) <= _MAX_BIO and any(text.startswith(f"{name} ") for name in context.authors if " " in name):
        return "author bio"
    if len(text) >= _LONG:
        return None
    persons = clean_names([text], known).persons
    if persons and {letter_key(name) for name in persons} <= {letter_key(name) for name in context.authors}:
        return "byline"
    return None


def _by_look(line: TextLine, context: ArticleContext, *, above: bool) -> str | None:
    """Cut section names and other short labels above the text."""
    text = line.text
    if not above or len(text.split()) > _KICKER or re.search(r"[.!?…:;»”\"]$", text):
        return None
    if context.section and letter_key(text) == letter_key(context.section):
        return "kicker"
    return "kicker" if text.isupper() and line.block and line.block.tag != "p" else None


def _labels(lines: list[TextLine], reasons: list[str | None]) -> None:
    """Cut the label of what was cut: a short line with a colon, or a heading in the same box, before cut links."""
    for number in range(len(lines) - 2, -1, -1):
        line, after = lines[number], lines[number + 1]
        if reasons[number] or reasons[number + 1] not in {"link", "read more", "label"} or len(line.text) >= _LONG:
            continue
        together = line.block and after.block and line.block.path[-2:-1] == after.block.path[-2:-1] and line.heading
        last = number + 2 == len(lines) or lines[number + 2].heading
        if line.text.endswith(":") or (line.heading and last) or (together and after.item):
            reasons[number] = "label"


def _boxes(lines: list[TextLine], reasons: list[str | None], frame: _Frame) -> None:
    """Cut the rest of a small box of which a line is a prompt: "Read more", its teaser's headline, its first lines."""
    prompted: dict[HtmlElement, list[int]] = {}
    for line, reason in zip(lines, reasons, strict=True):
        box = next(iter(frame.inner(line.block)), None) if line.block and reason in _PROMPTS else None
        if box is not None and line.block and box is not line.block.path[-1]:
            prompted[box] = []
    for number, line in enumerate(lines):
        for element in line.block.path if line.block else ():
            if element in prompted:
                prompted[element].append(number)
    for inside in prompted.values():
        size = sum(len(lines[number].text) for number in inside)
        if size <= _MAX_BOX and not any(frame.plain(lines[number]) for number in inside):
            for number in inside:
                reasons[number] = reasons[number] or "box"


def _after_own_text(lines: list[TextLine], reasons: list[str | None], own: str, frame: _Frame) -> None:
    """Cut what follows the publisher's own text in JSON-LD, where that holds most of the lines.

    Lines that look like the article's paragraphs stay: articleBody may be cut short for search engines.
    """
    has = [letter_key(line.text) in own for line in lines]
    size = sum(len(line.text) for line in lines)
    if not own or sum(len(line.text) for line, had in zip(lines, has, strict=True) if had) < _OWN_SHARE * size:
        return
    last = max((number for number, had in enumerate(has) if had), default=len(lines))
    for number in range(last + 1, len(lines)):
        if not frame.plain(lines[number]):
            reasons[number] = reasons[number] or "not in the publisher's own text"


def _captions(found: MainText, frame: _Frame, known: ExtractConfig, credited: frozenset[str]) -> Iterator[Caption]:
    """Yield the captions of the article's pictures, each once; not those of teasers, prompts and quotations.

    Beside figures, what says itself whose picture it describes is one; ``credited`` are such lines of the text.
    """
    texts: dict[HtmlElement, list[str]] = {}
    for block in found.blocks:
        under = next((element for element in block.path if element.tag == "figcaption"), None)
        if under is None and (block.text in credited or (is_credited(block.text) and not frame.usual(block))):
            under = block.path[-1]
        if under is None or frame.main not in block.path or _by_links(block):
            continue
        figure = under.getparent()
        if figure is not None and figure.find(".//blockquote") is None:
            texts.setdefault(under, []).append(block.text)
    seen: set[str] = set()
    for whole in itertools.islice(map(" ".join, texts.values()), _MAX_CAPTIONS):
        made = (
            None
            if _by_words(whole, known.phrases) not in {None, "picture credit"}
            else parse_caption(whole, known, pictured=True)
        )
        if made and letter_key(whole) not in seen:
            seen.add(letter_key(whole))
            yield made
