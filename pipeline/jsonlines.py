"""Read and write the JSON lines of the commands that are filters.

What one command writes, the next one reads: a line keeps every field that it came with.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from pipeline.clean_records import clean_record
from pipeline.dates import is_believable, parse_iso
from pipeline.dense_vectors import DIMENSIONS
from pipeline.errors import ItemError
from pipeline.records import NO_END, Article, Copy, Names, Outcome, Precision, Reason, to_plain
from pipeline.urls import article_id, content_id

if TYPE_CHECKING:
    from pipeline.feeds.model import FeedItem

K = TypeVar("K", bound=msgspec.Struct)

_FIELDS = frozenset(Article.__struct_fields__) - {
    "id",
    "published",
    "published_local",
    "published_precision",
    "modified",
    "embargoed",
}


def article_to_line(article: Article) -> dict[str, Any]:
    """Return the line of an article: the record's fields, all of them, with ``published`` as exactly as it is known.

    ``published`` is ISO 8601 with its zone; without one where no zone can be known, the day alone where only that is;
    ``published_precision`` says which.
    """
    line: dict[str, Any] = to_plain(clean_record(article))
    local = line.pop("published_local")
    line["published"] = local if article.published is None else article.published.astimezone(dt.UTC).isoformat()
    return line


def article_from_line(line: Mapping[str, Any], now: dt.datetime | None = None, zone: dt.tzinfo = dt.UTC) -> Article:
    """Return the article of a line with at least ``text``; what is missing, null or unknown is left out.

    Without an id it gets that of its address, else of its text; ``lang`` counts as its ``language``. An embargo without
    a zone ends by the clock of ``zone``. A time that can't be true (after tomorrow, before there were newspapers, the
    zero of a clock) is left out; ``now`` is the time now, where it is known.

    Raises:
        ItemError: NO_TEXT (dropped); BAD_RECORD (quarantined) for a value of a wrong kind.
    """
    text = line.get("text")
    if not isinstance(text, str) or not text.strip():
        raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, 'the line has no "text"')
    fields = {key: value for key, value in line.items() if key in _FIELDS and value is not None}
    if line.get("lang") is not None:
        fields.setdefault("language", line["lang"])
    published, local, precision = _time(line.get("published"), now)
    modified, _, _ = _time(line.get("modified"), now)
    embargoed = _embargo(line.get("embargoed"), zone)
    try:
        article = msgspec.convert(
            {
                **fields,
                "id": str(line["id"]) if line.get("id") is not None else _id(line, text),
                "published": published,
                "published_local": local,
                "published_precision": precision,
                "modified": modified,
                "embargoed": embargoed,
            },
            Article,
        )
    except (msgspec.ValidationError, ValueError) as error:
        raise ItemError(Outcome.QUARANTINED, Reason.BAD_RECORD, str(error)) from error
    article = clean_record(article)
    if not article.text.strip():
        raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, "its text consists of control characters")
    return article


def copy_from_line(line: Mapping[str, Any], article_id: str) -> Copy:
    """Return what a line says of its article being a copy: ``copy_of`` and ``copy`` as dedupe writes them."""
    copy = line["copy"] if isinstance(line.get("copy"), dict) else {}
    original = line.get("copy_of")
    plain = {**copy, "id": article_id, "copy_of": original}
    plain["group"] = plain.get("group") or original or article_id
    return _record(plain, Copy)


def names_to_line(names: Names) -> dict[str, Any]:
    """Return ``mentions`` and ``entities`` as plain values, and the ``vector`` (base64) where there is one.

    An entity has a country and a location only where it has one.
    """
    plain = to_plain(names)
    line = {
        "mentions": list(plain["mentions"]),
        "entities": [{k: v for k, v in entity.items() if v is not None} for entity in plain["entities"]],
    }
    return line if names.vector is None else {**line, "vector": plain["vector"]}


def names_from_line(line: Mapping[str, Any], article_id: str) -> Names | None:
    """Return the names and the vector that a line holds, None where it was not enriched.

    Raises:
        ItemError: BAD_RECORD (quarantined) where a value is of a wrong kind.
    """
    vector = line.get("vector")
    if "mentions" not in line and vector is None:
        return None
    plain = {
        "id": article_id,
        "mentions": line.get("mentions") or [],
        "entities": line.get("entities") or [],
        "vector": vector,
    }
    names = _record(plain, Names)
    if names.vector is not None and len(names.vector) != DIMENSIONS:
        detail = f"vector: {len(names.vector)} bytes where there should be {DIMENSIONS}"
        raise ItemError(Outcome.QUARANTINED, Reason.BAD_RECORD, detail)
    return names


def feed_item_to_line(item: FeedItem) -> dict[str, Any]:
    """Return the line of a feed's item: its id and link first, then every other field."""
    # the package of feeds takes 0.4 s to import, which the other lines have no use for
    from pipeline.feeds.model import feed_item_id  # noqa: PLC0415

    return {"id": feed_item_id(item), "link": item.link, **to_plain(item)}


def error_to_line(item: str | None, error: ItemError) -> dict[str, Any]:
    """Return the line of an item (its id or name) that yields nothing."""
    return {"id": item, "error": {"reason": str(error.reason), "detail": error.detail}}


def _record(plain: Mapping[str, Any], kind: type[K]) -> K:
    """Return ``plain`` as a record.

    Raises:
        ItemError: BAD_RECORD (quarantined) where a value is of a wrong kind.
    """
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise ItemError(Outcome.QUARANTINED, Reason.BAD_RECORD, str(error)) from error


def _id(line: Mapping[str, Any], text: str) -> str:
    try:
        return article_id(line["url"])
    except (KeyError, ValueError, TypeError, AttributeError):  # it names no article
        return content_id(text.encode("utf-8", "replace"))


def _time(value: object, now: dt.datetime | None) -> tuple[dt.datetime | None, str | None, Precision | None]:
    """Return an aware time, or the local time as text where the value names no zone, and how exact it is; else Nones.

    Raises:
        ItemError: BAD_RECORD (quarantined) where it is no ISO 8601 time.
    """
    time = _parsed(value)
    if time is None or not is_believable(time, now, printed=True):
        return None, None, None
    if time.tzinfo:
        return time.astimezone(dt.UTC), None, Precision.INSTANT
    text = str(value)
    return None, text, Precision.DAY if "T" not in text and " " not in text else Precision.LOCAL


def _embargo(value: object, zone: dt.tzinfo) -> dt.datetime | None:
    """Return until when an article is held back: of an hour that the clock strikes twice, the second one.

    Raises:
        ItemError: BAD_RECORD (quarantined) where it is no ISO 8601 time: nothing is published by mistake.
    """
    until = _parsed(value)
    if until is None:
        if value is not None and value != "":
            raise ItemError(Outcome.QUARANTINED, Reason.BAD_RECORD, f"embargoed: {value!r} is not an ISO 8601 time")
        return None
    if until.year >= NO_END.year:
        return NO_END
    return max(until.replace(tzinfo=until.tzinfo or zone, fold=fold).astimezone(dt.UTC) for fold in (0, 1))


def _parsed(value: object) -> dt.datetime | None:
    """Return the time that a value states, None where it is no text.

    Raises:
        ItemError: BAD_RECORD (quarantined) where it is no ISO 8601 time.
    """
    if not isinstance(value, str) or not value:
        return None
    try:
        return parse_iso(value)
    except ValueError as error:
        raise ItemError(Outcome.QUARANTINED, Reason.BAD_RECORD, f"{value!r} is not an ISO 8601 time") from error
