"""How does an article stand in a JSON line? What the commands that are filters read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, TypeVar

import dateutil.parser
import msgspec

from pipeline.errors import ItemError
from pipeline.records import Article, Copy, Names, Outcome, Placement, Precision, Reason
from pipeline.urls import article_id, content_id

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


def article_from_line(line: Mapping[str, Any]) -> Article:
    """Return the article of a line with at least ``text``; what is missing, null or unknown is left out.

    Without an id it gets that of its address, else of its text. Raises ItemError for a line that holds no text or a
    value of a wrong kind.
    """
    text = line.get("text")
    if not isinstance(text, str) or not text.strip():
        raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, 'the line has no "text"')
    known = {key: value for key, value in line.items() if key in _FIELDS and value is not None}
    published, local, precision = _time(line.get("published"))
    modified, _, _ = _time(line.get("modified"))
    try:
        return msgspec.convert(
            {
                **known,
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
    said = line.get("copy") if isinstance(line.get("copy"), dict) else {}
    original = line.get("copy_of")
    plain = {**(said or {}), "id": article_id, "copy_of": original}
    plain["group"] = plain.get("group") or original or article_id
    return _record(plain, Copy)


def names_from_line(line: Mapping[str, Any], article_id: str) -> Names | None:
    """Return the names that a line holds, None where it was not enriched."""
    if "mentions" not in line:
        return None
    plain = {"id": article_id, "mentions": line["mentions"] or [], "entities": line.get("entities") or []}
    return _record(plain, Names)


def placement_of(line: Mapping[str, Any], article_id: str) -> Placement | None:
    """Return the story that a line names, None where it was not clustered."""
    story = line.get("story")
    return _record({"id": article_id, "story": story}, Placement) if story else None


def _record(plain: Mapping[str, Any], kind: type[K]) -> K:
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
    """Return an aware time, or the local time as text where the value names no zone, and how exact it is."""
    if not isinstance(value, str) or not value:
        return None, None, None
    try:
        time = dateutil.parser.isoparse(value)
        instant = time.astimezone(dt.UTC) if time.tzinfo and time.date() not in _NO_DATES else None
    except (ValueError, OverflowError) as error:  # the last hours of the calendar are in no other zone
        raise ItemError(Outcome.QUARANTINED, Reason.BAD_RECORD, f"{value!r} is not an ISO 8601 time") from error
    if time.date() in _NO_DATES:
        return None, None, None
    if instant:
        return instant, None, Precision.INSTANT
    return None, value, Precision.DAY if "T" not in value and " " not in value else Precision.LOCAL
