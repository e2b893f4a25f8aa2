"""The rows of the ledger as structs: an article's standing, and what is put in and comes out.

A struct's fields have the names of columns; see ``statements.rows_as``.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from pipeline.records import Article, Entry, Outcome, Reason, Stage, StageRecord

PENDING, DROPPED, QUARANTINED = "pending", "dropped", "quarantined"
WITHDRAWN, REMOVED = "withdrawn", "removed"


class ArticleRow(msgspec.Struct, frozen=True, kw_only=True):
    """Where an article stands, as a claim gives it to a worker."""

    seq: int
    id: str
    source: str
    url: str | None
    first_seen: dt.datetime
    version: int
    stage: str | None
    state: str
    attempts: int
    revision: int
    indexed: int
    copy_group: str | None
    story: str | None
    lease_owner: str | None
    embargoed: dt.datetime | None = None  # until when no stage behind extract gets it
    due: dt.datetime | None = None  # from when on a worker could take it

    @property
    def leased(self) -> bool:
        """Tell whether a worker has it (or had it when it was killed)."""
        return self.lease_owner is not None


class NewArticle(msgspec.Struct, frozen=True, kw_only=True):
    """An article that is new to the ledger, the records that it brings along, and the stage that it waits for."""

    id: str
    source: str
    first_seen: dt.datetime
    url: str | None = None
    records: tuple[StageRecord, ...] = ()
    stage: Stage = Stage.FETCH

    @property
    def embargoed(self) -> dt.datetime | None:
        """Return until when it may not be published, as far as it brings its text along."""
        return next((record.embargoed for record in self.records if isinstance(record, Article)), None)

    @classmethod
    def from_entry(cls, entry: Entry) -> NewArticle:
        """Return the article that an entry of a feed names."""
        return cls(
            id=entry.id,
            source=entry.source,
            first_seen=entry.first_seen,
            url=entry.url,
            records=(entry,),
        )


class StageResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one attempt of a stage made of an article."""

    article: ArticleRow
    outcome: Outcome
    reason: Reason | None = None
    detail: str | None = None
    record: StageRecord | None = None
    retry_at: dt.datetime | None = None
    tried: bool = True  # whether it counts as an attempt; not what only had to wait for its host
    again_from: Stage | None = None  # the stage at which it is tried again, where that is an earlier one
    copy_group: str | None = None
    story: str | None = None
    published: dt.datetime | None = None  # as dedupe believes it
    credit: str | None = None  # the news agency that the text credits


class GroupMember(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a copy group."""

    id: str
    seq: int
    source: str
    first_seen: dt.datetime
    copy_group: str
    published: dt.datetime | None
    credit: str | None


class EmbargoCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many articles are held back by an embargo, how many of them without an end, and when the next one ends."""

    count: int
    without_end: int
    next: dt.datetime | None


class CopyPin(msgspec.Struct, frozen=True, kw_only=True):
    """An editor's decision that an article is in a copy group."""

    id: str
    copy_group: str
    at: dt.datetime
    made_by: str | None
    reason: str | None
    n: int  # the decision's number, by which it is undone


class OutcomeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an article's history."""

    id: str
    stage: str
    at: dt.datetime
    outcome: str
    reason: str | None
    detail: str | None
