"""Find the pages in WARC files; say of every other record what it is, and of what is damaged what is wrong with it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import urlsplit

from pipeline import rights
from pipeline.errors import ItemError
from pipeline.fetch.bodies import is_whole_document
from pipeline.fetch.headers import parse_content_type
from pipeline.intake.http_answer import HttpAnswer, decode_answer, parse_answer
from pipeline.intake.imported_item import ImportedItem, Omission, ReadItem
from pipeline.intake.packed_stream import FilePosition
from pipeline.intake.warc_records import RawRecord, read_records
from pipeline.records import Outcome, Reason

_WEB = frozenset({"text/html", "application/xhtml+xml", "text/plain"})
_OK = 200
_HEAD_BYTES = 4096
# What stands at a host's root for programs
_FOR_ROBOTS = frozenset(
    f"/{name}.txt" for name in ("robots", "ads", "app-ads", "humans", "llms", "llms-full", "security", "sitemap")
)
_ROBOTS = re.compile(rb"(?i)(?:user-agent|disallow|allow|sitemap|crawl-delay|host|content-signal)\s*:")
_FEED = re.compile(rb"(?:<\?[^>]*>\s*|<!--.*?-->\s*){0,20}<(?:rss|feed|rdf:RDF|urlset|sitemapindex)[\s/>]", re.DOTALL)


def read_pages(
    file: BinaryIO, where: str, max_bytes: int, agent: str, start: FilePosition | None = None
) -> Iterator[ReadItem]:
    """Yield of each record from ``start`` on its page, or what else it is, or an error where it is not whole.

    Args:
        file: a WARC file, packed or not, that can be sought in.
        where: its name in errors.
        max_bytes: of a page.
        agent: the name by which X-Robots-Tag headers may speak to newswire alone.
        start: where an earlier reading ended.

    Raises:
        ItemError: UNREADABLE (quarantined), it is no WARC file.
    """
    for record in read_records(file, max_bytes, start):
        try:
            item = _from_record(record, f"{where}: record {record.number}", max_bytes, agent)
        except ItemError as error:
            yield ReadItem(error, record.end)
        else:
            yield ReadItem(item, record.end)


def _from_record(record: RawRecord, where: str, max_bytes: int, agent: str) -> ImportedItem | Omission:
    """Return the page in a record; what it is where it is no page.

    Raises:
        ItemError: UNREADABLE or TOO_LARGE (quarantined).
    """
    if not record.has_head:
        raise ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, f"{where}: {record.fault}")
    url = record.url or ""
    scheme = url.partition(":")[0].lower() or "nameless"
    if record.kind != "response":
        return Omission(f"{record.kind or 'untyped'} record")
    if scheme not in {"http", "https"}:
        return Omission(f"{scheme} record")
    answer = parse_answer(record.block)
    if answer is None:
        raise ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, f"{where}: it holds no HTTP answer")
    media_type, charset = parse_content_type(answer.header("content-type"))
    what = _describe_other(answer.status, url, media_type or "")
    if what is None:
        data = _body(record, answer, f"{where} ({url})", max_bytes)
        what = _describe_text(data, media_type or "")
    if what is not None:
        return Omission(what)
    reserved = rights.parse_header(answer.headers.get("x-robots-tag", ()), agent)
    reserved += rights.parse_tdm(answer.headers.get("tdm-reservation", ()))
    return ImportedItem(
        where=where,
        data=data,
        url=url,
        media_type=media_type,
        charset=charset,
        fetched=_date(record),
        rights=rights.normalise_rights(reserved),
        mended=record.fault,
    )


def _body(record: RawRecord, answer: HttpAnswer, where: str, max_bytes: int) -> bytes:
    """Return the page in an answer.

    A page that is cut off is refused: nobody could tell that half of an article is not all of it.

    Raises:
        ItemError: UNREADABLE or TOO_LARGE (quarantined).
    """
    cut = record.headers.get("warc-truncated")
    if record.missing or record.is_damaged or cut:
        lack = f"{record.missing:,} bytes are missing" if record.missing else cut and f"its crawler cut it off ({cut})"
        why = "; ".join(filter(None, [lack, record.fault]))
        raise ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, f"{where}: {why}; it is left out")
    try:
        data, fault = decode_answer(answer, max_bytes + 1)
    except ValueError as error:
        raise ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, f"{where}: {error}") from error
    if len(data) > max_bytes or record.is_long:
        detail = f"{where}: more than {max_bytes:,} bytes; raise extract.max_bytes if it is an article"
        raise ItemError(Outcome.QUARANTINED, Reason.TOO_LARGE, detail)
    if fault and not is_whole_document(data):
        raise ItemError(Outcome.QUARANTINED, Reason.UNREADABLE, f"{where}: {fault}; it is left out")
    return data


def _date(record: RawRecord) -> dt.datetime | None:
    """Return when a record's server sent it, None where it doesn't say so."""
    try:
        date = dt.datetime.fromisoformat(record.headers.get("warc-date", ""))
        return date.astimezone(dt.UTC) if date.tzinfo else None
    except (ValueError, OverflowError):  # of the year 1
        return None


def _describe_other(status: int, url: str, media_type: str) -> str | None:
    """Return what an answer is that is no page by its status, address or type; None for a page."""
    if status // 100 == 3:  # noqa: PLR2004 - the statuses of redirects, RFC 9110 15.4
        return f"redirect or unchanged ({status})"
    if status != _OK:
        return f"answer with status {status}"
    try:
        path = urlsplit(url).path.lower()
    except ValueError:
        return "record without a valid address"
    if path in _FOR_ROBOTS or path.startswith("/.well-known/"):
        return path.removeprefix("/")
    return None if media_type in _WEB else media_type or "answer without a type"


def _describe_text(data: bytes, media_type: str) -> str | None:
    """Return what an answer is that its type calls a page and its bytes do not; None for a page or a text."""
    start = data[:_HEAD_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n")
    if _FEED.match(start):
        return "feed or sitemap"
    if start[:1] in {b"{", b"["} and media_type != "text/html" and re.match(rb"[{\[]\s*[\"{\[\]}]", start):
        return "JSON"
    if media_type == "text/plain":
        lines = [line.strip() for line in start.splitlines() if line.strip() and not line.startswith(b"#")]
        if lines and all(re.match(_ROBOTS, line) for line in lines[:5]):
            return "robots.txt"
        if lines and all(re.fullmatch(rb"https?://\S+", line) for line in lines[:-1] or lines):
            return "list of addresses"
    return None
