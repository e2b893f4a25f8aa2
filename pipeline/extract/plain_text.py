"""Turn a pasted or exported text into an article.

Such texts have no markup: what a line is follows from where it stands and how it looks.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

from pipeline import dates
from pipeline.errors import ItemError
from pipeline.extract import authors, boilerplate, metadata, times
from pipeline.extract.blocks import TextLine
from pipeline.extract.captions import parse_caption
from pipeline.extract.config import ExtractConfig
from pipeline.extract.credits import find_owner, last_line_texts, split_credits
from pipeline.extract.datelines import parse_dateline
from pipeline.extract.main_text import MainText
from pipeline.extract.site_lines import Extraction, list_cuts, observed_lines
from pipeline.extract.source_page import RawPage
from pipeline.extract.text_repair import repair_text
from pipeline.records import Article, Caption, Outcome, Precision, Reason

_SENTENCE_END = re.compile(r"[.!?…:;,][\"'”’»)\]]*$|[。！？]$")  # a line that ends so is running text
# What picture systems and cameras call their files.
_PICTURE_NUMBER = re.compile(
    r"^(?:\d+\.\d{5,}(?:-\d+)?|[\w-]*\d{5,}[\w-]*(?:\.(?:jpe?g|png|gif|webp))?|(?:IMG|DSC)[_-]?\d+.*)$", re.IGNORECASE
)
_TIME_WORDS = 4  # of four letters or more: "Published on Tuesday, November"
_TITLE_WORDS = range(3, 26)  # headlines; one or two words are a section's name or a kicker
_HEADING_WORDS = 10  # of a sub-heading, at most
_WRAPPED = range(50, 82)  # characters of a line that a mail program or export broke
_WRAPPED_SHARE = 0.6  # of the lines that don't end a block


class _Top(NamedTuple):
    """The number of the line at which the text begins, and what stands above it."""

    start: int
    title: str | None = None
    authorship: authors.Authorship = authors.Authorship()
    captions: tuple[Caption, ...] = ()
    time: dates.StatedTime | None = None


def from_plain_text(text: str, raw: RawPage, config: ExtractConfig, item: str) -> Extraction:
    """Return the article in a plain text; ``item`` is its id.

    Raises:
        ItemError: NO_TEXT where nothing but a heading is in it.
    """
    lines = [line for raw_line in _unwrap(text) if (line := repair_text(raw_line))]
    top = _read_top(lines, config)
    body = lines[top.start :]
    text_lines = [TextLine(line, heading=_is_heading(body, number)) for number, line in enumerate(body)]
    main_text = MainText(text_lines, [])
    cleaned = boilerplate.remove_boilerplate(main_text, boilerplate.ArticleContext(), config)
    wire = split_credits(cleaned.lines, config)
    if not wire.lines:
        raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, "nothing but a heading in it")
    whole = "\n".join(line.text for line in wire.lines)
    entry, source = raw.entry, raw.source
    last = last_line_texts(text_lines)
    owner = find_owner((line_text for _, line_text in cleaned.cut if line_text in last), config)
    published, local, precision = _published(top.time, raw)
    article = Article(
        id=item,
        url=raw.url,
        source=source.name if source else None,
        title=top.title or (entry.title if entry else None),
        authors=top.authorship.persons or authors.clean_names(entry.authors if entry else (), config).persons,
        bureau=top.authorship.bureau,
        published=published,
        published_local=local,
        published_precision=precision,
        language=metadata.detect_language(
            whole, entry.language if entry else None, source.language if source else None
        ),
        text=whole,
        subheadings=tuple(line.text for line in wire.lines if line.heading),
        agency=wire.agency or top.authorship.agency or owner,
        dateline=wire.dateline,
        captions=top.captions,
        image=entry.image if entry else None,
        tags=entry.tags if entry else (),
        cut=list_cuts(cleaned, wire.sign_offs),
    )
    return Extraction(article=article, lines=observed_lines(wire.lines, main_text, cleaned))


def _unwrap(text: str) -> list[str]:
    """Return the paragraphs: the lines; where a program broke them at a fixed width, the blocks between blank ones."""
    blocks = [[line.strip() for line in block.splitlines() if line.strip()] for block in re.split(r"\n\s*\n", text)]
    inner = [line for block in blocks for line in block[:-1]]
    broken = sum(len(line) in _WRAPPED and not _SENTENCE_END.search(line) for line in inner)
    if inner and broken > _WRAPPED_SHARE * len(inner):
        return [" ".join(block) for block in blocks if block]
    return [line for block in blocks for line in block]


def _read_top(lines: list[str], config: ExtractConfig) -> _Top:
    """Read picture numbers, captions, headline, byline and time off the first lines; any other line begins the text."""
    top = _Top(0)
    picture: str | None = None
    for number, line in enumerate(lines[:-1]):
        if _PICTURE_NUMBER.match(line) and " " not in line:
            top, picture = _with_number(top._replace(start=number + 1), picture), line
            continue
        caption = parse_caption(line, config, pictured=picture is not None)
        is_caption = (picture and not parse_dateline(line, config)) or (caption and caption.credit and not top.captions)
        if caption and is_caption:
            pictured = Caption(text=caption.text, credit=caption.credit, number=picture)
            top, picture = top._replace(start=number + 1, captions=(*top.captions, pictured)), None
            continue
        if _SENTENCE_END.search(line):
            break
        stated = dates.parse(line) if len(re.findall(r"[^\W\d_]{4,}", line)) <= _TIME_WORDS else None
        byline = _byline(line, config, has_title=top.title is not None)
        if stated and top.time is None:
            top = top._replace(start=number + 1, time=stated)
        elif byline and not top.authorship.persons:
            top = top._replace(start=number + 1, authorship=byline)
        elif top.title is None and len(line.split()) in _TITLE_WORDS:
            top = top._replace(start=number + 1, title=line)
        else:
            break
    return _with_number(top, picture)


def _with_number(top: _Top, picture: str | None) -> _Top:
    """Return ``top`` with a picture of which only the number is known."""
    return top._replace(captions=(*top.captions, Caption(text="", number=picture))) if picture else top


def _byline(line: str, config: ExtractConfig, *, has_title: bool) -> authors.Authorship | None:
    """Return the authorship of a byline: it says "By …", names a desk or an agency, or is a name under a title."""
    if len(line.split()) > authors.MAX_BYLINE_WORDS:
        return None
    byline = authors.clean_names([line], config)
    says_by = any(line.startswith((f"{word} ", f"{word}:")) for word in config.phrases.by)
    name_alone = has_title and len(byline.persons) == 1 and byline.persons[0] == line and line.istitle()
    signed = byline.bureau or (byline.agency and len(line.split()) <= len(byline.persons) * 4 + 4)
    return byline if name_alone or signed or (says_by and byline.persons) else None


def _is_heading(lines: list[str], number: int) -> bool:
    """Tell whether a line is a sub-heading: short, without a full stop, between paragraphs that have one."""
    line = lines[number]
    inside = 0 < number < len(lines) - 1
    short = (
        len(line.split()) <= _HEADING_WORDS and not _SENTENCE_END.search(line) and not re.match(r"[-•*–]|\d+[.)]", line)
    )
    return (
        inside
        and short
        and (line[0].isupper() or not line[0].isascii())
        and bool(_SENTENCE_END.search(lines[number + 1]))
    )


def _published(
    stated: dates.StatedTime | None, raw: RawPage
) -> tuple[dt.datetime | None, str | None, Precision | None]:
    if stated is None:
        published = raw.entry.published if raw.entry else None
        return published, None, Precision.INSTANT if published else None
    return times.to_published(stated, raw)
