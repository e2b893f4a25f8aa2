"""How does a pasted or exported text become an article?

Such texts have no markup: what a line is must be told from where it stands and how it looks.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

from pipeline import dates
from pipeline.errors import ItemError
from pipeline.extract import authors, boilerplate, datelines, metadata, times
from pipeline.extract.captions import parse_caption
from pipeline.extract.config import ExtractConfig, RawPage
from pipeline.extract.credits import find_owner, last_line_texts, split_credits
from pipeline.extract.main_text import MainText, TextLine
from pipeline.extract.site_lines import Extraction, list_cuts, observed_lines
from pipeline.extract.text_repair import repair_text
from pipeline.records import Article, Caption, Outcome, Precision, Reason

_END = re.compile(r"[.!?…:;,][\"'”’»)\]]*$|[。！？]$")  # a line that ends so is running text
# What picture systems and cameras call their files.
_NUMBER = re.compile(
    r"^(?:\d+\.\d{5,}(?:-\d+)?|[\w-]*\d{5,}[\w-]*(?:\.(?:jpe?g|png|gif|webp))?|(?:IMG|DSC)[_-]?\d+.*)$", re.IGNORECASE
)
_BYLINE_WORDS = 12  # at most: names of three authors and a bureau
_TIME_WORDS = 4  # of four letters or more: "Published on Tuesday, November"
_TITLE_WORDS = range(3, 26)  # headlines; one or two words are a section's name or a kicker
_HEADING_WORDS = 10  # of a sub-heading, at most
_WRAPPED = range(50, 82)  # characters of a line that a mail program or export broke
_WRAPPED_SHARE = 0.6  # of the lines that don't end a block


class _Top(NamedTuple):
    """What stands above the text, and where the text begins."""

    start: int
    title: str | None = None
    makers: authors.Authorship = authors.Authorship()
    captions: tuple[Caption, ...] = ()
    time: dates.StatedTime | None = None


def from_plain_text(text: str, raw: RawPage, known: ExtractConfig, item: str) -> Extraction:
    """Return the article in a plain text. Raises ItemError NO_TEXT where nothing is left."""
    lines = [line for given in _unwrap(text) if (line := repair_text(given))]
    top = _top(lines, known)
    rest = lines[top.start :]
    marked = [TextLine(line, heading=_is_heading(rest, number)) for number, line in enumerate(rest)]
    found = MainText(marked, [])
    cleaned = boilerplate.remove_boilerplate(found, boilerplate.ArticleContext(), known)
    wire = split_credits(cleaned.lines, known)
    if not wire.lines:
        raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, "nothing but a heading in it")
    whole = "\n".join(line.text for line in wire.lines)
    entry, source = raw.entry, raw.source
    published, local, precision = _when(top.time, raw)
    article = Article(
        id=item,
        url=raw.url,
        source=source.name if source else None,
        title=top.title or (entry.title if entry else None),
        authors=top.makers.persons or authors.clean_names(entry.authors if entry else (), known).persons,
        bureau=top.makers.bureau,
        published=published,
        published_local=local,
        published_precision=precision,
        language=metadata.detect_language(
            whole, entry.language if entry else None, source.language if source else None
        ),
        text=whole,
        subheadings=tuple(line.text for line in wire.lines if line.heading),
        agency=wire.agency
        or top.makers.agency
        or find_owner((t for _, t in cleaned.cut if t in last_line_texts(marked)), known),
        dateline=wire.dateline,
        captions=top.captions,
        image=entry.image if entry else None,
        tags=entry.tags if entry else (),
        cut=list_cuts(cleaned, wire.sign_offs),
    )
    return Extraction(article=article, lines=observed_lines(wire.lines, found, cleaned))


def _unwrap(text: str) -> list[str]:
    """Return the paragraphs: the lines; where a program broke them at a fixed width, the blocks between blank ones."""
    blocks = [[line.strip() for line in block.splitlines() if line.strip()] for block in re.split(r"\n\s*\n", text)]
    inner = [line for block in blocks for line in block[:-1]]
    broken = sum(len(line) in _WRAPPED and not _END.search(line) for line in inner)
    if inner and broken > _WRAPPED_SHARE * len(inner):
        return [" ".join(block) for block in blocks if block]
    return [line for block in blocks for line in block]


def _top(lines: list[str], known: ExtractConfig) -> _Top:
    """Read picture numbers, captions, headline, byline and time off the top; what is none of these begins the text."""
    top = _Top(0)
    picture: str | None = None
    for number, line in enumerate(lines[:-1]):
        if _NUMBER.match(line) and " " not in line:
            top, picture = _with_number(top._replace(start=number + 1), picture), line
            continue
        seen = parse_caption(line, known, pictured=picture is not None)
        if seen and ((picture and not datelines.parse_dateline(line, known)) or (seen.credit and not top.captions)):
            pictured = Caption(text=seen.text, credit=seen.credit, number=picture)
            top, picture = top._replace(start=number + 1, captions=(*top.captions, pictured)), None
            continue
        if _END.search(line):
            break
        stated = dates.parse(line) if len(re.findall(r"[^\W\d_]{4,}", line)) <= _TIME_WORDS else None
        makers = _byline(line, known, named=top.title is not None)
        if stated and top.time is None:
            top = top._replace(start=number + 1, time=stated)
        elif makers and not top.makers.persons:
            top = top._replace(start=number + 1, makers=makers)
        elif top.title is None and len(line.split()) in _TITLE_WORDS:
            top = top._replace(start=number + 1, title=line)
        else:
            break
    return _with_number(top, picture)


def _with_number(top: _Top, picture: str | None) -> _Top:
    """Return ``top`` with a picture of which only the number is known."""
    return top._replace(captions=(*top.captions, Caption(text="", number=picture))) if picture else top


def _byline(line: str, known: ExtractConfig, *, named: bool) -> authors.Authorship | None:
    """Return whom a byline names: it says so ("By …"), names a desk or an agency, or is a name under a title."""
    if len(line.split()) > _BYLINE_WORDS:
        return None
    makers = authors.clean_names([line], known)
    says = any(line.startswith((f"{word} ", f"{word}:")) for word in known.phrases.by)
    name_alone = named and len(makers.persons) == 1 and makers.persons[0] == line and line.istitle()
    signed = makers.bureau or (makers.agency and len(line.split()) <= len(makers.persons) * 4 + 4)
    return makers if name_alone or signed or (says and makers.persons) else None


def _is_heading(lines: list[str], number: int) -> bool:
    """Whether a line is a sub-heading: short, without a full stop, between paragraphs that have one."""
    line = lines[number]
    inside = 0 < number < len(lines) - 1
    short = len(line.split()) <= _HEADING_WORDS and not _END.search(line) and not re.match(r"[-•*–]|\d+[.)]", line)
    return inside and short and (line[0].isupper() or not line[0].isascii()) and bool(_END.search(lines[number + 1]))


def _when(stated: dates.StatedTime | None, raw: RawPage) -> tuple[dt.datetime | None, str | None, Precision | None]:
    if stated is None:
        known = raw.entry.published if raw.entry else None
        return known, None, Precision.INSTANT if known else None
    return times.to_published(stated, raw.source)
