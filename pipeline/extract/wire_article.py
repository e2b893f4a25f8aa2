"""How does what an agency's file or an e-mail says become an article?"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import msgspec

from pipeline import dates
from pipeline.errors import ItemError
from pipeline.extract import authors, metadata, times
from pipeline.extract.agencies import credited_agency
from pipeline.extract.config import ExtractConfig, RawPage
from pipeline.extract.credits import split_credits
from pipeline.extract.main_text import TextLine
from pipeline.extract.site_lines import Extraction, observed_lines
from pipeline.extract.text_repair import repair_text
from pipeline.records import Article, Caption, Cut, Outcome, Precision, Reason
from pipeline.wires import Mail, WireItem

_PLACE = re.compile(r"^(.*?)(?:[,\s]+(?:\d|[A-Z][a-z]{2,8}\.? \d).*|\s*\(.*)?[\s,:–—-]*$")  # "BERN, March 3 (XYZ) –"


def from_wire_item(told: WireItem, raw: RawPage, known: ExtractConfig, item: str) -> Extraction:
    """Return the article of a file in a format of the news trade; raises ItemError NO_TEXT where nothing is left."""
    marked = [TextLine(text, heading=one.heading) for one in told.paragraphs if (text := repair_text(one.text))]
    signed, marked = _signed(marked, known)
    wire = split_credits(marked, known)
    if not wire.lines:
        raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, "nothing but credits in it")
    makers = signed or authors.clean_names(told.bylines, known)
    whole = "\n".join(line.text for line in wire.lines)
    published, local, precision = _published(told.published, raw)
    modified, _, _ = _published(told.modified, raw)
    article = Article(
        id=item,
        url=raw.url or told.url,
        source=raw.source.name if raw.source else None,
        title=repair_text(told.title) if told.title else None,
        standfirst=repair_text(told.standfirst) if told.standfirst else None,
        authors=makers.persons,
        bureau=makers.bureau,
        published=published,
        published_local=local,
        published_precision=precision,
        modified=modified if modified and published and modified > published else None,
        language=metadata.detect_language(whole, told.language, raw.source.language if raw.source else None),
        text=whole,
        subheadings=tuple(line.text for line in wire.lines[1:] if line.heading),
        agency=wire.agency or makers.agency or (credited_agency(told.credit, known.agencies) if told.credit else None),
        dateline=wire.dateline or (_place(told.dateline) if told.dateline else None),
        captions=tuple(Caption(text=repair_text(p.caption), credit=p.credit) for p in told.pictures if p.caption),
        section=told.section,
        tags=told.tags,
        cut=tuple(Cut(rule="credit", text=text) for text in wire.sign_offs),
        image=next((p.address for p in told.pictures if p.address and p.address.startswith("http")), None),
    )
    return Extraction(article=article, lines=observed_lines(wire.lines))


def _signed(lines: list[TextLine], known: ExtractConfig) -> tuple[authors.Authorship | None, list[TextLine]]:
    """Return whom the first line names as the author ("By Jo Doe"), and the lines without it.

    Word's own field for the author holds whoever set up the program.
    """
    if len(lines) > 1 and (makers := authors.parse_byline(lines[0].text, known)):
        return makers, lines[1:]
    return None, lines


def from_mail(mail: Mail, read: Callable[[str, RawPage], Extraction], raw: RawPage, known: ExtractConfig) -> Extraction:
    """Return the article of an e-mail: ``read`` reads its text, the headers say what that leaves open."""
    made = read(mail.text, msgspec.structs.replace(raw, media_type=mail.media_type))
    article = made.article
    published, local, precision = _published(mail.date, raw)
    sender = (
        authors.clean_names([mail.sender], known) if mail.sender and "@" not in mail.sender else authors.Authorship()
    )
    if article.published is None and article.published_local is None:
        article = msgspec.structs.replace(
            article, published=published, published_local=local, published_precision=precision
        )
    return msgspec.structs.replace(
        made,
        article=msgspec.structs.replace(
            article,
            title=repair_text(mail.subject) if mail.subject else article.title,
            authors=article.authors or sender.persons,
            agency=article.agency or sender.agency,
        ),
    )


def _published(value: str | None, raw: RawPage) -> tuple[dt.datetime | None, str | None, Precision | None]:
    """Return the instant that ``value`` states; where it has none, the local time or the day as text."""
    stated = dates.parse(value)
    if stated is None:
        return None, None, None
    return times.to_published(stated, raw.source)


def _place(dateline: str) -> str | None:
    match = _PLACE.match(repair_text(dateline))
    return (match[1].strip(" ,:–—-") or None) if match else None
