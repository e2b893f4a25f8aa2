"""What the API answers, as frozen records.

A field that a newer server adds is not lost: ``raw`` holds each answer whole. A field that was not asked for is None or
empty.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One article, as the index has it; docs/fields.md of newswire explains each field."""

    id: str | None
    title: str | None
    standfirst: str | None
    text: str | None
    url: str | None
    source: str | None
    language: str | None
    authors: tuple[str, ...]
    published: dt.datetime | None
    first_seen: dt.datetime | None
    copy_of: str | None
    copy_group: str | None
    copies: int | None
    is_primary: bool | None
    story: str | None
    story_title: str | None
    people: tuple[str, ...]
    organisations: tuple[str, ...]
    places: tuple[str, ...]
    revision: int | None
    raw: Json = field(repr=False)

    @classmethod
    def of(cls, raw: Json) -> Article:
        """Return the article that an answer holds."""
        times: dict[str, Any] = {name: _time(raw.get(name)) for name in ("published", "first_seen")}
        lists: dict[str, Any] = {
            name: tuple(raw.get(name) or ()) for name in ("authors", "people", "organisations", "places")
        }
        plain: dict[str, Any] = {name: raw.get(name) for name in cls.__slots__ if name not in {*times, *lists, "raw"}}
        return cls(**plain, **times, **lists, raw=raw)


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that matches; ``highlights`` are HTML in which ``<mark>`` alone is markup, by field."""

    article: Article
    score: float | None
    highlights: Mapping[str, str]

    @classmethod
    def of(cls, raw: Json) -> Hit:
        """Return the hit that an answer holds."""
        return cls(Article.of(raw["document"]), raw.get("score"), raw.get("highlights") or {})


@dataclass(frozen=True, slots=True)
class ValueCount:
    """How many articles have a value; ``label`` is what the language calls it that was asked for by ``lang``."""

    value: str
    count: int
    label: str | None = None

    @classmethod
    def of(cls, raw: Json) -> ValueCount:
        """Return the count that an answer holds."""
        return cls(raw["value"], raw["count"], raw.get("label"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """One page of a search; ``next`` is the cursor of the page behind it, where the search has one."""

    total: int
    articles: int
    hits: tuple[Hit, ...]
    facets: Mapping[str, tuple[ValueCount, ...]]
    next: str | None
    raw: Json = field(repr=False)

    @classmethod
    def of(cls, raw: Json) -> SearchPage:
        """Return the page that an answer holds."""
        return cls(
            total=raw["total"],
            articles=raw["articles"],
            hits=tuple(map(Hit.of, raw["hits"])),
            facets={name: tuple(map(ValueCount.of, counts)) for name, counts in (raw.get("facets") or {}).items()},
            next=raw.get("next"),
            raw=raw,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A story: its span, its outlets, and its newest articles."""

    id: str
    title: str | None
    size: int
    first: dt.datetime | None
    last: dt.datetime | None
    outlets: tuple[ValueCount, ...]
    articles: tuple[Article, ...]
    raw: Json = field(repr=False)

    @classmethod
    def of(cls, raw: Json) -> Story:
        """Return the story that an answer holds."""
        return cls(
            id=raw["id"],
            title=raw["title"],
            size=raw["size"],
            first=_time(raw.get("first")),
            last=_time(raw.get("last")),
            outlets=tuple(map(ValueCount.of, raw["outlets"])),
            articles=tuple(map(Article.of, raw["articles"])),
            raw=raw,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of one article. ``article`` is None where the index has it no more, or a later change brings it."""

    cursor: str
    kind: str  # created, revised, merged, moved, updated; withdrawn, removed
    id: str
    at: dt.datetime | None
    article: Article | None
    raw: Json = field(repr=False)

    @property
    def is_ending(self) -> bool:
        """Tell whether a mirror is to delete the article."""
        return self.kind in {"withdrawn", "removed"}

    @classmethod
    def of(cls, raw: Json) -> Change:
        """Return the change that an answer holds."""
        document = raw.get("document")
        return cls(
            cursor=raw["cursor"],
            kind=raw["kind"],
            id=raw["id"],
            at=_time(raw.get("at")),
            article=None if document is None else Article.of(document),
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Some changes in order, and the cursor with which to read on; ``more`` says that there are more already."""

    changes: tuple[Change, ...]
    cursor: str
    more: bool

    @classmethod
    def of(cls, raw: Json) -> ChangePage:
        """Return the changes that an answer holds."""
        return cls(tuple(map(Change.of, raw["changes"])), raw["cursor"], raw["more"])


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch:
    """A saved search; ``webhook_key`` is said once, by the answer that saves it."""

    id: str
    name: str
    q: str
    each: str
    atom: str
    json_feed: str
    webhook_key: str | None
    raw: Json = field(repr=False)

    @classmethod
    def of(cls, raw: Json) -> SavedSearch:
        """Return the saved search that an answer holds."""
        return cls(**{name: raw.get(name) for name in cls.__slots__ if name != "raw"}, raw=raw)  # type: ignore[arg-type]


def _time(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)
