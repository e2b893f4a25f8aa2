"""Define what the ledger notes of a document each time that it changes: the records of the change feed.

Pure: what kind a change is of follows from how the document stood before.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping

import msgspec


class ChangeKind(enum.StrEnum):
    """What became of a document."""

    CREATED = "created"  # it is in the index for the first time, or again
    REVISED = "revised"  # its publisher's text has a new version
    MERGED = "merged"  # its copy group or its story became part of another one
    MOVED = "moved"  # it is in another copy group or story
    UPDATED = "updated"  # anything else in it differs: names, counts of copies, the title of its story
    WITHDRAWN = "withdrawn"  # it is out of the index, and may come back
    REMOVED = "removed"  # it was taken down for good


# After these the index has no document of the article.
ENDINGS = frozenset({ChangeKind.WITHDRAWN, ChangeKind.REMOVED})


class DocumentState(msgspec.Struct, frozen=True, kw_only=True):
    """How a document stands, as far as it decides of what kind its next change is."""

    id: str
    revision: int
    version: int
    copy_group: str | None
    story: str | None


class Change(DocumentState, frozen=True, kw_only=True):
    """One change of one document: the ``position``-th that the ledger noted. Positions grow, and may have gaps."""

    position: int
    kind: ChangeKind
    at: dt.datetime


def classify_change(
    before: DocumentState | None, after: DocumentState, story_aliases: Mapping[str, str]
) -> ChangeKind | None:
    """Return of what kind a change is, None where nothing has changed.

    Args:
        before: How the document stood, None where the index had none.
        after: How it stands.
        story_aliases: The former id of a story → the story that it is part of now.
    """
    if before is None:
        return ChangeKind.CREATED
    if before.version != after.version:
        return ChangeKind.REVISED
    if before.story != after.story and before.story is not None:
        return ChangeKind.MERGED if story_aliases.get(before.story) == after.story else ChangeKind.MOVED
    if before.copy_group != after.copy_group:
        return ChangeKind.MERGED if before.copy_group == after.id else ChangeKind.MOVED
    return None if before.revision == after.revision else ChangeKind.UPDATED
