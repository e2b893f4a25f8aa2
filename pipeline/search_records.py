"""Define the records of saved searches: what is looked for, who is told of what matches, and what has matched."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Annotated, Literal, NamedTuple

import msgspec

from pipeline.records import Record


class MatchScope(enum.StrEnum):
    """Of what a saved search tells once."""

    ARTICLE = "article"  # of each article that matches
    ORIGINAL = "original"  # of primary articles, once for each copy group
    STORY = "story"  # of the first article of each story


class DigestRhythm(enum.StrEnum):
    """When matches are mailed."""

    NOW = "now"  # as soon as they are noted
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


WordsAsked = Literal["all", "any"]  # how many of the words of a line must be there, as ``match`` of index.Query


class SearchRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a reader asks to be told of; ``saved_searches.add_search`` checks it."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    q: Annotated[str, msgspec.Meta(max_length=2000)] = ""  # a line of the query language
    filters: dict[str, tuple[str, ...]] = {}  # as those of index.Query
    exclude: dict[str, tuple[str, ...]] = {}
    match: WordsAsked = "all"
    each: MatchScope = MatchScope.ARTICLE
    webhook: Annotated[str, msgspec.Meta(max_length=2000)] | None = None
    mail: tuple[str, ...] = ()
    digest: DigestRhythm = DigestRhythm.NOW
    paused: bool = False


class SavedSearch(Record, frozen=True, kw_only=True):
    """A search that is asked of every document that changes, and who is told of its matches."""

    id: str  # stands in the addresses of its feeds
    name: str
    text: str = ""  # a line of the query language
    filters: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)  # as those of index.Query
    exclude: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    match: WordsAsked = "all"
    scope: MatchScope = MatchScope.ARTICLE
    webhook: str | None = None  # the address that each match is posted to
    mail: tuple[str, ...] = ()  # addresses of people
    digest: DigestRhythm = DigestRhythm.NOW  # of mails
    created: dt.datetime
    begins: int  # the position of the latest change when it was saved, or changed or resumed last
    changed: dt.datetime | None = None  # when it was changed or resumed last
    paused: bool = False  # it is asked of nothing, and nothing of the time of its pause is told later

    @property
    def since(self) -> dt.datetime:
        """Return since when what comes is new to it."""
        return self.changed or self.created

    @property
    def webhook_name(self) -> str:
        """Return the name of the notifier that posts its matches."""
        return f"search:{self.id}:webhook"

    @property
    def mail_name(self) -> str:
        """Return the name of the notifier that mails its matches."""
        return f"search:{self.id}:mail"

    @property
    def notifier_names(self) -> tuple[str, ...]:
        """Return the names of the notifiers that it has."""
        webhook = (self.webhook_name,) if self.webhook else ()
        return (*webhook, self.mail_name) if self.mail else webhook


class SavedSearchState(Record, frozen=True, kw_only=True):
    """A saved search, and how far it has come."""

    search: SavedSearch
    mailed: int = 0  # the number of the last match that is in a mail, or need not be
    due: dt.datetime | None = None  # when the next digest is
    fault: str | None = None  # why it can't be answered now


class SearchMatch(Record, frozen=True, kw_only=True):
    """An article that a saved search told of, or that matched when it was saved; numbers grow."""

    n: int
    article: str
    at: dt.datetime


class ArticleArrival(NamedTuple):
    """An article, and when it came: first seen, or released by its embargo."""

    article: str
    came: dt.datetime
