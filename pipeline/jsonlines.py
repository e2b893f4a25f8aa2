"""Read and write the JSON lines of the commands that are filters.

What one command writes, the next one reads: a line keeps every field that it came with.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from pipeline.dates import parse_iso
from pipeline.errors import ItemError
from pipeline.records import Article, Copy, Names, Outcome, Precision, Reason, to_plain
from pipeline.urls import article_id, content_id

if TYPE_CHECKING:
    from pipeline.feeds.model import FeedItem

# How systems write that they know no date: the zero of clocks (the evening before, west of Greenwich) or of calendars
_NO_DATES = frozenset({dt.date(1, 1, 1), dt.date(1969, 12, 31), dt.date(1970, 1, 1)})

K = TypeVar("K", bound=msgspec.Struct)

_FIELDS = frozenset(Article.__struct_fields__) - {
    "id",
    "published",
    "published_local",
    "published_precision",
    "modified",
}


def article_to_line(article: Article) -> dict[str, Any]:
    """Return the line of an article: the record's fields, all of them, with ``published`` as exactly as it is known.

    ``published`` is ISO 8601 with its zone; without one where no zone can be known, the day alone where only that is;
    ``published_precision`` says which.
    """
    line: dict[str, Any] = to_plain(article)
    local = line.pop("published_local")
    line["published"] = local if article.published is None else article.published.astimezone(dt.UTC).isoformat()
    return line


def article_from_line(line: Mapping[str, Any]) -> Article:
    """Return the article of a line with at least ``text``; what is missing, null or unknown is left out.

    Without an id it gets that of its address, else of its text.

    Raises:
        ItemError: NO_TEXT (dropped); BAD_RECORD (quarantined) for a value of a wrong kind.
    """
    text = line.get("text")
    if not isinstance(text, str) or not text.strip():
        raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, 'the line has no "text"')
    fields = {key: value for key, value in line.items() if key in _FIELDS and value is not None}
    published, local, precision = _time(line.get("published"))
    modified, _, _ = _time(line.get("modified"))
    try:
        return msgspec.convert(
            {
                **fields,
                "id": str(line["id"]) if line.get("id") is not None else _id(line, text),
                "published": published,
                "published_local": local,
                "published_precision": precision,
                "modified": modified,
            },
            Article,
        )
    except (msgspec.ValidationError, ValueError) as error:
        raise ItemError(Outcome.QUARANTINED, Reason.BAD_RECORD, str(error)) from error


def copy_from_line(line: Mapping[str, Any], article_id: str) -> Copy:
    """Return what a line says of its article being a copy: ``copy_of`` and ``copy`` as dedupe writes them."""
    copy = line["copy"] if isinstance(line.get("copy"), dict) else {}
    original = line.get("copy_of")
    plain = {**copy, "id": article_id, "copy_of": original}
    plain["group"] = plain.get("group") or original or article_id
    return _record(plain, Copy)


def names_to_line(names: Names) -> dict[str, list[dict[str, Any]]]:
    """Return ``mentions`` and ``entities`` as plain values; an entity's country and location only where it has one."""
    plain = to_plain(names)
    return {
        "mentions": list(plain["mentions"]),
        "entities": [{k: v for k, v in entity.items() if v is not None} for entity in plain["entities"]],
    }


def names_from_line(line: Mapping[str, Any], article_id: str) -> Names | None:
    """Return the names that a line holds, None where it was not enriched."""
    if "mentions" not in line:
        return None
    plain = {"id": article_id, "mentions": line["mentions"] or [], "entities": line.get("entities") or []}
    return _record(plain, Names)


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


def _time(value: object) -> tuple[dt.datetime | None, str | None, Precision | None]:
    """Return an aware time, or the local time as text where the value names no zone, and how exact it is.

    Raises:
        ItemError: BAD_RECORD (quarantined) where it is no ISO 8601 time.
    """
    if not isinstance(value, str) or not value:
        return None, None, None
    try:
        time = parse_iso(value)
        instant = time.astimezone(dt.UTC) if time.tzinfo and time.date() not in _NO_DATES else None
    except (ValueError, OverflowError) as error:  # the last hours of the calendar are in no other zone
        raise ItemError(Outcome.QUARANTINED, Reason.BAD_RECORD, f"{value!r} is not an ISO 8601 time") from error
    if time.date() in _NO_DATES:
        return None, None, None
    if instant:
        return instant, None, Precision.INSTANT
    return None, value, Precision.DAY if "T" not in value and " " not in value else Precision.LOCAL
