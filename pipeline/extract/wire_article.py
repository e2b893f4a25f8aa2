"""Turn what an agency's file or an e-mail says into an article."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import msgspec

from pipeline import dates
from pipeline.errors import ItemError
from pipeline.extract import authors, metadata, times
from pipeline.extract.agencies import credited_agency
from pipeline.extract.config import ExtractConfig
from pipeline.extract.credits import split_credits
from pipeline.extract.main_text import TextLine
from pipeline.extract.site_lines import Extraction, observed_lines
from pipeline.extract.source_page import RawPage
from pipeline.extract.text_repair import repair_text
from pipeline.records import Article, Caption, Cut, Outcome, Precision, Reason
from pipeline.wires import Mail, WireItem

_LOCATION = re.compile(r"^(.*?)(?:[,\s]+(?:\d|[A-Z][a-z]{2,8}\.? \d).*|\s*\(.*)?[\s,:–—-]*$")  # "BERN, March 3 (XYZ) –"


def from_wire_item(wire_item: WireItem, raw: RawPage, config: ExtractConfig, item: str) -> Extraction:
    """Return the article of a file in a format of the news trade; ``item`` is its id.

    Raises:
        ItemError: NO_TEXT where nothing but credits is in it.
    """
    lines = [
        TextLine(text, heading=paragraph.heading)
        for paragraph in wire_item.paragraphs
        if (text := repair_text(paragraph.text))
    ]
    byline, lines = _split_byline(lines, config)
    wire = split_credits(lines, config)
    if not wire.lines:
        raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, "nothing but credits in it")
    authorship = byline or authors.clean_names(wire_item.bylines, config)
    whole = "\n".join(line.text for line in wire.lines)
    published, local, precision = _published(wire_item.published, raw)
    modified, _, _ = _published(wire_item.modified, raw)
    credited = credited_agency(wire_item.credit, config.agencies) if wire_item.credit else None
    pictures = wire_item.pictures
    article = Article(
        id=item,
        url=raw.url or wire_item.url,
        source=raw.source.name if raw.source else None,
        title=repair_text(wire_item.title) if wire_item.title else None,
        standfirst=repair_text(wire_item.standfirst) if wire_item.standfirst else None,
        authors=authorship.persons,
        bureau=authorship.bureau,
        published=published,
        published_local=local,
        published_precision=precision,
        modified=modified if modified and published and modified > published else None,
        language=metadata.detect_language(whole, wire_item.language, raw.source.language if raw.source else None),
        text=whole,
        subheadings=tuple(line.text for line in wire.lines[1:] if line.heading),
        agency=wire.agency or authorship.agency or credited,
        dateline=wire.dateline or (_location(wire_item.dateline) if wire_item.dateline else None),
        captions=tuple(Caption(text=repair_text(p.caption), credit=p.credit) for p in pictures if p.caption),
        section=wire_item.section,
        tags=wire_item.tags,
        cut=tuple(Cut(rule="credit", text=text) for text in wire.sign_offs),
        image=next((p.address for p in pictures if p.address and p.address.startswith("http")), None),
    )
    return Extraction(article=article, lines=observed_lines(wire.lines))


def _split_byline(lines: list[TextLine], config: ExtractConfig) -> tuple[authors.Authorship | None, list[TextLine]]:
    """Return the authorship that the first line states ("By Jo Doe"), and the lines without it.

    Word's own field for the author holds whoever set up the program.
    """
    if len(lines) > 1 and (byline := authors.parse_byline(lines[0].text, config)):
        return byline, lines[1:]
    return None, lines


def from_mail(
    mail: Mail, extract_text: Callable[[str, RawPage], Extraction], raw: RawPage, config: ExtractConfig
) -> Extraction:
    """Return the article of an e-mail; the headers fill the fields that its text leaves open.

    Args:
        mail: the e-mail.
        extract_text: extracts the article from its text, which is plain or HTML.
        raw: the file that the e-mail came in.
        config: the lists of phrases and agencies.
    """
    extraction = extract_text(mail.text, msgspec.structs.replace(raw, media_type=mail.media_type))
    article = extraction.article
    published, local, precision = _published(mail.date, raw)
    sender_names = [mail.sender] if mail.sender and "@" not in mail.sender else []
    sender = authors.clean_names(sender_names, config)
    if article.published is None and article.published_local is None:
        article = msgspec.structs.replace(
            article, published=published, published_local=local, published_precision=precision
        )
    article = msgspec.structs.replace(
        article,
        title=repair_text(mail.subject) if mail.subject else article.title,
        authors=article.authors or sender.persons,
        agency=article.agency or sender.agency,
    )
    return msgspec.structs.replace(extraction, article=article)


def _published(value: str | None, raw: RawPage) -> tuple[dt.datetime | None, str | None, Precision | None]:
    """Return the instant that ``value`` states; where it has none, the local time or the day as text."""
    stated = dates.parse(value)
    if stated is None:
        return None, None, None
    return times.to_published(stated, raw.source)


def _location(dateline: str) -> str | None:
    match = _LOCATION.match(repair_text(dateline))
    return (match[1].strip(" ,:–—-") or None) if match else None
