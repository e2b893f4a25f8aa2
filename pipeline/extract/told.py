"""How does what an agency's file or an e-mail says become an article?"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import msgspec

from pipeline.errors import ItemError
from pipeline.extract import authors, facts, times
from pipeline.extract.agencies import credited
from pipeline.extract.body import Line
from pipeline.extract.known import Known, Raw
from pipeline.extract.mend import mend
from pipeline.extract.seen import Extracted, seen
from pipeline.extract.wire import cut
from pipeline.records import Article, Caption, Cut, Outcome, Precision, Reason
from pipeline.wires import Mail, Told

_PLACE = re.compile(r"^(.*?)(?:[,\s]+(?:\d|[A-Z][a-z]{2,8}\.? \d).*|\s*\(.*)?[\s,:–—-]*$")  # "BERN, March 3 (XYZ) –"


def from_told(told: Told, raw: Raw, known: Known, item: str) -> Extracted:
    """Return the article of a file in a format of the news trade; raises ItemError NO_TEXT where nothing is left."""
    marked = [Line(text, heading=one.heading) for one in told.paragraphs if (text := mend(one.text))]
    signed, marked = _signed(marked, known)
    wire = cut(marked, known)
    if not wire.lines:
        raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, "nothing but credits in it")
    makers = signed or authors.clean(told.bylines, known)
    whole = "\n".join(line.text for line in wire.lines)
    published, local, precision = _published(told.published, raw)
    modified, _, _ = _published(told.modified, raw)
    article = Article(
        id=item,
        url=raw.url or told.url,
        source=raw.source.name if raw.source else None,
        title=mend(told.title) if told.title else None,
        standfirst=mend(told.standfirst) if told.standfirst else None,
        authors=makers.persons,
        bureau=makers.bureau,
        published=published,
        published_local=local,
        published_precision=precision,
        modified=modified if modified and published and modified > published else None,
        language=facts.language(whole, told.language, raw.source.language if raw.source else None),
        text=whole,
        subheadings=tuple(line.text for line in wire.lines[1:] if line.heading),
        agency=wire.agency or makers.agency or (credited(told.credit, known.agencies) if told.credit else None),
        dateline=wire.dateline or (_place(told.dateline) if told.dateline else None),
        captions=tuple(Caption(text=mend(p.caption), credit=p.credit) for p in told.pictures if p.caption),
        section=told.section,
        tags=told.tags,
        cut=tuple(Cut(rule="credit", text=text) for text in wire.cut),
        image=next((p.address for p in told.pictures if p.address and p.address.startswith("http")), None),
    )
    return Extracted(article=article, lines=seen(wire.lines))


def _signed(lines: list[Line], known: Known) -> tuple[authors.Makers | None, list[Line]]:
    """Return whom the first line names as the author ("By Jo Doe"), and the lines without it.

    Word's own field for the author holds whoever set up the program.
    """
    if len(lines) > 1 and (makers := authors.byline(lines[0].text, known)):
        return makers, lines[1:]
    return None, lines


def from_mail(mail: Mail, read: Callable[[str, Raw], Extracted], raw: Raw, known: Known) -> Extracted:
    """Return the article of an e-mail: ``read`` reads its text, the headers say what that leaves open."""
    made = read(mail.text, msgspec.structs.replace(raw, media_type=mail.media_type))
    article = made.article
    published, local, precision = _published(mail.date, raw)
    sender = authors.clean([mail.sender], known) if mail.sender and "@" not in mail.sender else authors.Makers()
    if article.published is None and article.published_local is None:
        article = msgspec.structs.replace(
            article, published=published, published_local=local, published_precision=precision
        )
    return msgspec.structs.replace(
        made,
        article=msgspec.structs.replace(
            article,
            title=mend(mail.subject) if mail.subject else article.title,
            authors=article.authors or sender.persons,
            agency=article.agency or sender.agency,
        ),
    )


def _published(value: str | None, raw: Raw) -> tuple[dt.datetime | None, str | None, Precision | None]:
    """Return the instant that ``value`` states; where it has none, the local time or the day as text."""
    stated = times.read(_extended(value)) if value else None
    if stated is None:
        return None, None, None
    return times.precise(stated, raw.source)


def _extended(value: str) -> str:
    """Return ISO 8601's basic form (20261120T080000Z) in its extended one."""
    match = re.fullmatch(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z|[+-]\d\d:?\d\d)?)?", value.strip())
    if not match:
        return value
    year, month, day, hour, minute, second, zone = match.groups()
    return f"{year}-{month}-{day}" + (f"T{hour}:{minute}:{second or '00'}{zone or ''}" if hour else "")


def _place(dateline: str) -> str | None:
    match = _PLACE.match(mend(dateline))
    return (match[1].strip(" ,:–—-") or None) if match else None
