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
from pipeline.extract.blocks import TextLine
from pipeline.extract.config import ExtractConfig
from pipeline.extract.credits import split_credits
from pipeline.extract.embargo_lines import TOP, read_embargo_lines
from pipeline.extract.site_lines import Extraction, observed_lines
from pipeline.extract.source_page import RawPage
from pipeline.extract.text_repair import repair_text
from pipeline.records import NO_END, Article, Caption, Cut, Outcome, Precision, Reason
from pipeline.wires import Mail, WireItem, find_item_notice

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
    top = [wire_item.title, wire_item.note, *(line.text for line in lines[:TOP])]
    held_until, holding = read_embargo_lines(filter(None, top), config.embargo_phrases, raw)
    lines = [line for line in lines if line.text not in holding] or lines
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
        embargoed=max(filter(None, (held_until, _embargo(wire_item.embargoed, published, raw))), default=None),
    )
    notice = find_item_notice(wire_item, config.notices)
    return Extraction(article=article, lines=observed_lines(wire.lines), notice=notice)


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
    lines = article.text.split("\n")
    first = [line.strip() for line in mail.text.split("\n") if line.strip()][:TOP]
    top = [mail.subject, article.title, *first, *lines[:TOP], *(cut.text for cut in article.cut)]
    held_until, holding = read_embargo_lines(filter(None, top), config.embargo_phrases, raw)
    article = msgspec.structs.replace(
        article,
        text="\n".join(line for line in lines if line not in holding) or article.text,
        embargoed=held_until,
        title=repair_text(mail.subject) if mail.subject else article.title,
        authors=article.authors or sender.persons,
        agency=article.agency or sender.agency,
    )
    return msgspec.structs.replace(extraction, article=article)


def _published(value: str | None, raw: RawPage) -> tuple[dt.datetime | None, str | None, Precision | None]:
    """Return the instant that ``value`` states; where it has none, the local time or the day as text."""
    return times.to_published(dates.parse(value, habits=times.habits_of(raw)), raw)


def _embargo(value: str | None, published: dt.datetime | None, raw: RawPage) -> dt.datetime | None:
    """Return until when an item may not be published: NO_END where that is not said, or can't be read.

    A time without a zone is the source's, else UTC. A time of release that is that of publication, and over, is none.
    """
    if value is None:
        return None
    stated = dates.parse(value)
    until = times.to_latest_instant(stated, raw.source) if stated and stated.time.year < NO_END.year else NO_END
    is_over = raw.fetched is not None and until <= raw.fetched
    return None if is_over and until == published else until


def _location(dateline: str) -> str | None:
    match = _LOCATION.match(repair_text(dateline))
    return (match[1].strip(" ,:–—-") or None) if match else None
