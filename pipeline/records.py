"""The records that flow from stage to stage: a frozen struct for each, joined by the article's id.

Times are aware UTC datetimes; ``None`` means unknown. Records are ``msgspec`` structs: ``to_json`` and ``from_json``
convert all of them.
"""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any, ClassVar, TypeVar

import msgspec


class Stage(enum.StrEnum):
    """The seven verbs, in the order in which an article passes them."""

    POLL = "poll"
    FETCH = "fetch"
    EXTRACT = "extract"
    DEDUPE = "dedupe"
    ENRICH = "enrich"
    CLUSTER = "cluster"
    INDEX = "index"

    def next(self) -> Stage | None:
        """Return the stage after this one, None after the last."""
        order = list(Stage)
        position = order.index(self) + 1
        return order[position] if position < len(order) else None


# The source of articles that were imported from files, or handed in, without a source: no outlet.
IMPORTED, HANDED_IN = "import", "ingest"

# Until when an article is embargoed whose sender will say later when it may be published.
NO_END = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)

# Raised when a stage decides differently; each record is stored with the version of its stage.
STAGE_VERSIONS = dict.fromkeys(Stage, "1")


class Outcome(enum.StrEnum):
    """The result of one attempt of one stage at one article: exactly one of these."""

    DONE = "done"
    DROPPED = "dropped"
    RETRY = "retry"
    QUARANTINED = "quarantined"


class Reason(enum.StrEnum):
    """Why an article did not simply pass. One enumeration for all stages, so that counts add up."""

    # dropped: nothing failed, but there is nothing to index
    NOT_MODIFIED = "not modified"
    DUPLICATE = "duplicate"
    BAD_ADDRESS = "bad address"
    REFUSED_ADDRESS = "refused address"
    ROBOTS = "refused by robots.txt"
    GONE = "gone"
    NOT_FOUND = "not found"
    FORBIDDEN = "forbidden"
    NOT_HTML = "not a page"
    EMPTY = "empty"
    NO_TEXT = "no text"
    WALL = "a wall in place of the article"
    ELSEWHERE = "redirected to another page"
    NOT_FEED = "not a feed"
    TAKEN_DOWN = "taken down"
    WITHDRAWN = "withdrawn by its sender"
    NOTICE = "a notice to editors"
    NO_INDEX = "not to be indexed"
    # retry: it may work later
    TIMEOUT = "timeout"
    CONNECTION = "connection failed"
    SERVER_ERROR = "server error"
    TOO_MANY_REQUESTS = "too many requests"
    TLS = "bad certificate"
    INDEX_REFUSED = "refused by the index"
    ARCHIVE = "archive not usable"
    BUSY = "being worked on"
    # quarantined: a person should look
    TOO_LARGE = "too large"
    TOO_SLOW = "too slow to parse"
    CRASHED = "crashed its worker"
    BINARY = "binary"
    UNREADABLE = "unreadable"
    TOO_MANY_REDIRECTS = "too many redirects"
    BAD_RECORD = "bad record"
    ATTEMPTS = "too many attempts"
    DRIFT = "unlike the source's earlier pages"


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The base of all records."""


class StageRecord(Record, frozen=True, kw_only=True):
    """What one stage makes of one version of an article; ``made_from`` is the stage whose record it is made from."""

    stage: ClassVar[Stage]
    made_from: ClassVar[Stage | None] = None


class EntryFields(Record, frozen=True, kw_only=True):
    """What a feed says of an article, beside its address."""

    guid: str | None = None
    title: str | None = None
    authors: tuple[str, ...] = ()
    published: dt.datetime | None = None
    published_raw: str | None = None
    updated: dt.datetime | None = None
    summary: str | None = None  # text
    content: str | None = None  # HTML as it came, not to be trusted
    image: str | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None


class Entry(EntryFields, StageRecord, frozen=True, kw_only=True):
    """An article as a feed lists it. Made by poll (or by import)."""

    stage: ClassVar[Stage] = Stage.POLL

    id: str
    url: str
    source: str
    first_seen: dt.datetime
    feed: str | None = None


class Page(StageRecord, frozen=True, kw_only=True):
    """What a server sent for an entry. The bytes lie in the archive under ``blob``, where its publisher lets them."""

    stage: ClassVar[Stage] = Stage.FETCH
    made_from: ClassVar[Stage | None] = Stage.POLL

    id: str
    url: str | None
    final_url: str | None
    blob: str | None
    size: int
    fetched: dt.datetime
    status: int = 200
    media_type: str | None = None
    charset: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    rights: tuple[str, ...] = ()  # from headers and robots.txt, in the words of pipeline.rights
    blocked: bool = False  # the server refused it: the feed's text stands in for the page
    saved: bool = False  # it came as a file: ``fetched`` is when that was imported, not when the server sent it


class Caption(Record, frozen=True, kw_only=True):
    """A picture's caption, who is credited for it, and the picture's number in the system that it was exported from."""

    text: str
    credit: str | None = None
    number: str | None = None


class Precision(enum.StrEnum):
    """How exactly a time of publication is known."""

    INSTANT = "instant"
    LOCAL = "local"  # date and time of day, but of an unknown zone
    DAY = "day"


class Cut(Record, frozen=True, kw_only=True):
    """A line of boilerplate, and the rule that recognised it."""

    rule: str
    text: str


class Article(StageRecord, frozen=True, kw_only=True):
    """The cleaned article. Made by extract from a page (or from a file)."""

    stage: ClassVar[Stage] = Stage.EXTRACT
    made_from: ClassVar[Stage | None] = Stage.FETCH

    id: str
    url: str | None = None
    canonical_url: str | None = None
    source: str | None = None
    title: str | None = None
    standfirst: str | None = None
    authors: tuple[str, ...] = ()
    bureau: str | None = None
    published: dt.datetime | None = None
    published_local: str | None = None  # ISO 8601 without a zone, where none can be known
    published_precision: Precision | None = None
    modified: dt.datetime | None = None
    language: str | None = None
    text: str = ""
    subheadings: tuple[str, ...] = ()
    agency: str | None = None
    dateline: str | None = None
    captions: tuple[Caption, ...] = ()
    section: str | None = None
    tags: tuple[str, ...] = ()
    image: str | None = None
    paywalled: bool | None = None
    live: bool | None = None  # a live blog: a page that grows by dated entries
    rights: tuple[str, ...] = ()
    cut: tuple[Cut, ...] = ()
    from_feed: bool = False  # the page couldn't be fetched: this is the feed's text
    embargoed: dt.datetime | None = None  # until when it may not be published; NO_END where that is not said

    @property
    def base_language(self) -> str:
        """Return the language without its region, empty where it is unknown."""
        return (self.language or "").casefold().replace("_", "-").partition("-")[0]


class CopyKind(enum.StrEnum):
    """How a copy differs from the article that it was taken from."""

    EXACT = "exact"
    REPRINT = "reprint"
    TRUNCATED = "truncated"
    EXTENDED = "extended"
    EXCERPT = "excerpt"
    REVISION = "revision"


class Copy(StageRecord, frozen=True, kw_only=True):
    """Whether an article is a near-duplicate of an earlier one, and of which. Made by dedupe for every article."""

    stage: ClassVar[Stage] = Stage.DEDUPE
    made_from: ClassVar[Stage | None] = Stage.EXTRACT

    id: str
    group: str  # id of the group's first article; its own id for an article that copies nothing
    copy_of: str | None = None
    score: float | None = None  # 0 to 1
    kind: CopyKind | None = None
    behind: int | None = None  # minutes after the article that it was taken from
    taken: float | None = None  # share of its text that stands in that article, 0 to 1
    paragraphs: tuple[int, ...] = ()  # paragraphs that stand in that article, numbered from 1


class EntityType(enum.StrEnum):
    """The kinds of entities."""

    PERSON = "PERSON"
    ORG = "ORG"
    PLACE = "PLACE"
    GROUP = "GROUP"  # nationalities, religions, political groups
    EVENT = "EVENT"


class Mention(Record, frozen=True, kw_only=True):
    """A mention of an entity: characters ``start`` to ``end`` (exclusive) of a field of the article."""

    field: str  # "title" or "text"
    start: int
    end: int
    type: EntityType
    name: str
    entity: str


class Location(Record, frozen=True, kw_only=True):
    """A point on the globe, in degrees."""

    lat: float
    lon: float


class Entity(Record, frozen=True, kw_only=True):
    """A person, organisation, place, group or event that the article names, under its canonical name."""

    id: str
    name: str
    type: EntityType
    aliases: tuple[str, ...] = ()
    count: int = 0
    country: str | None = None  # ISO 3166-1 alpha-2
    location: Location | None = None
    salience: float = 0.0  # how much the article is about it, 0 to 1
    key: bool = False  # whether the article is about it


class Names(StageRecord, frozen=True, kw_only=True):
    """The mentions and entities of one article. Made by enrich."""

    stage: ClassVar[Stage] = Stage.ENRICH
    made_from: ClassVar[Stage | None] = Stage.EXTRACT

    id: str
    mentions: tuple[Mention, ...] = ()
    entities: tuple[Entity, ...] = ()
    language: str | None = None  # ISO 639-1, in which the names were read; None for English and where it is unknown
    vector: bytes | None = None  # of title and beginning, packed (pipeline.dense_vectors); None: nobody needs it


class Placed(enum.StrEnum):
    """Why an article is in its story."""

    OPENED = "opened"  # it resembled no story, and opened its own
    JOINED = "joined"  # it resembles the story
    RETOLD = "retold"  # it tells in its language what the story tells in others
    COPY = "copy"  # its copy group is in the story
    KEPT = "kept"  # an earlier version of it was in the story


class Placement(StageRecord, frozen=True, kw_only=True):
    """The story that cluster put an article into; the ledger knows where it is after merges and splits."""

    stage: ClassVar[Stage] = Stage.CLUSTER
    made_from: ClassVar[Stage | None] = Stage.DEDUPE

    id: str
    story: str
    score: float | None = None  # similarity with the story, 0 to 1
    how: Placed | None = None


class StoryTitle(Record, frozen=True, kw_only=True):
    """What a story is called in one of its languages."""

    language: str  # ISO 639-1
    title: str


# The record that each stage makes; index makes none, it builds the document.
RECORD_TYPES: dict[Stage, type[StageRecord]] = {
    kind.stage: kind for kind in (Entry, Page, Article, Copy, Names, Placement)
}


class Document(Record, frozen=True, kw_only=True):
    """One article as it lies in the index. ``pipeline.index.fields`` and docs/fields.md explain each field."""

    id: str
    revision: int
    url: str | None
    canonical_url: str | None
    source: str | None
    source_country: str | None
    title: str | None
    standfirst: str | None
    text: str
    language: str | None
    authors: tuple[str, ...]
    bureau: str | None
    agency: str | None
    dateline: str | None
    section: str | None
    tags: tuple[str, ...]
    image: str | None
    captions: tuple[Caption, ...]
    subheadings: tuple[str, ...]
    published: dt.datetime | None
    published_precision: Precision | None
    modified: dt.datetime | None
    first_seen: dt.datetime
    revised: dt.datetime | None
    gone: dt.datetime | None
    indexed: dt.datetime
    version: int
    copy_of: str | None
    copy_kind: CopyKind | None
    copy_group: str
    copies: int
    is_primary: bool
    copy_score: float | None
    copy_behind: int | None
    copy_primary: str
    copy_earliest: str
    copy_agency: str | None
    copied_share: float
    copied_paragraphs: tuple[int, ...]
    own_share: float
    story: str
    story_size: int
    story_title: str | None = None
    story_names: tuple[str, ...] = ()
    story_first: dt.datetime | None = None
    story_last: dt.datetime | None = None
    story_aliases: tuple[str, ...] = ()
    story_languages: tuple[str, ...] = ()
    story_titles: tuple[StoryTitle, ...] = ()
    people: tuple[str, ...]
    organisations: tuple[str, ...]
    places: tuple[str, ...]
    groups: tuple[str, ...]
    events: tuple[str, ...]
    about: tuple[str, ...]
    entities: tuple[Entity, ...]
    countries: tuple[str, ...]
    locations: tuple[Location, ...]
    word_count: int
    words: str | None = None
    paywalled: bool | None
    from_feed: bool
    archive: str | None
    rights: tuple[str, ...]
    stages: dict[str, str]
    live: bool | None = None
    embargoed: dt.datetime | None = None
    vector: bytes | None = None  # not in what the index gives back: it is there to be compared


R = TypeVar("R", bound=msgspec.Struct)

_encoder = msgspec.json.Encoder()


def to_json(record: object) -> bytes:
    """Return a record (or a container of records and plain values) as JSON bytes."""
    return _encoder.encode(record)


def to_plain(record: object) -> Any:
    """Return a record as plain dicts, lists and strings, as they stand in its JSON."""
    return msgspec.to_builtins(record)


def from_json(data: bytes | str, record_type: type[R]) -> R:
    """Return the record in JSON.

    Raises:
        msgspec.DecodeError: ``data`` is no JSON or, as its subclass ValidationError, no such record.
    """
    return msgspec.json.decode(data, type=record_type)
