"""Define what editors decide on copies, stories, entities and articles.

All decisions have numbers from one sequence, and each of them can be undone. Who decided, why, and who took it back is
kept for good.
"""

from __future__ import annotations

import datetime as dt
import enum
from typing import ClassVar

import msgspec

from pipeline.records import Record


class Subject(enum.StrEnum):
    """What a decision is about."""

    COPIES = "copies"
    STORIES = "stories"
    ENTITIES = "entities"
    ARTICLES = "articles"


class DecisionKind(enum.StrEnum):
    """What may be decided.

    A merge or a split on copies, stories and entities, a rename on stories and entities, a hide on entities, a
    withdrawal on articles.
    """

    MERGE = "merge"
    SPLIT = "split"
    RENAME = "rename"
    HIDE = "hide"
    WITHDRAW = "withdraw"


class DecisionAuthor(Record, frozen=True, kw_only=True):
    """Who decides and why, and how that binds."""

    name: str | None  # None: an editor who doesn't say
    note: str | None = None
    stands: bool = True  # whether stages and repair have to keep to it
    undoes: int | None = None  # the number of the decision that is taken back by this one


class Decision(Record, frozen=True, kw_only=True):
    """What decisions of every subject have in common."""

    kind: DecisionKind
    at: dt.datetime
    n: int = 0  # its number, given by the ledger
    by: str | None = None  # an editor's name, or the stage or "repair" that did it by itself
    note: str | None = None
    undoes: int | None = None  # the number of the decision that this one takes back
    stands: bool = True  # whether stages and repair have to keep to it
    undone_at: dt.datetime | None = None
    undone_by: str | None = None
    undone_note: str | None = None
    former_n: int | None = None  # its number in the log of its subject, before there was one log for all

    subject: ClassVar[Subject]

    @property
    def numbers(self) -> str:
        """Its number, with the one by which editors may know it."""
        return f"{self.n} (was {self.former_n})" if self.former_n else str(self.n)


class CopyDecision(Decision, frozen=True, kw_only=True):
    """A merge of copy groups into ``group``, or a split of ``group``, out of which the group ``taken`` was taken."""

    subject = Subject.COPIES
    group: str
    taken: str | None = None


class StoryDecision(Decision, frozen=True, kw_only=True):
    """A merge, split or renaming of a story, in JSON as ``newswire stories`` has always had it."""

    subject = Subject.STORIES
    by: str | None = msgspec.field(default=None, name="made_by")
    note: str | None = msgspec.field(default=None, name="reason")
    story: str
    counterpart: str | None = msgspec.field(name="other")  # the story that went into it or came out of it
    # the title that an editor had given it before a rename; before a merge, the counterpart
    replaced_title: str | None = msgspec.field(default=None, name="before")
    undone: bool = False


class EntityDecision(Decision, frozen=True, kw_only=True):
    """A rule by which the names of articles are read, in JSON as ``newswire entities`` has always had it."""

    subject = Subject.ENTITIES
    undone_at: dt.datetime | None = msgspec.field(default=None, name="undone")
    entity: str
    target: str | None = None  # of a merge: the entity that it becomes; of a split: the one that the names go to
    surfaces: tuple[str, ...] = ()  # of a split: the names that are somebody else's
    name: str | None = None  # of a rename or split: the name to show


class ArticleDecision(Decision, frozen=True, kw_only=True):
    """A withdrawal of an article: by whoever sent it (``by`` is the command that read so) or by an editor."""

    subject = Subject.ARTICLES
    article: str
    notice: str | None = None  # the article that asked for it, where it has an id of its own
    copies: tuple[str, ...] = ()  # its copies then: articles of its copy group


class DecisionMove(Record, frozen=True, kw_only=True):
    """Where a decision put an article: a copy group or a story."""

    seq: int  # the article's, see the table items
    target: str
    origin: str | None = None  # where it was before; None where that isn't known

    @property
    def moved(self) -> bool:
        """Tell whether the article was elsewhere before."""
        return self.origin not in {None, self.target}
