"""Read what archive and index are compared with: the blobs that the ledger names, and where documents belong."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterator
from typing import NamedTuple

import sqlalchemy as sa

from pipeline.records import Page, Stage, from_json
from pipeline.store.audit.reading import stream
from pipeline.store.rows import PENDING
from pipeline.store.schema.articles import items, records
from pipeline.store.schema.outbox import unwanted_blobs, withdrawn


class Shown(enum.IntEnum):
    """Whether the index has an article's document."""

    HIDDEN = 0  # it must not
    UNWANTED = 1  # it must not, and it is noted that it is to go
    ON_ITS_WAY = 2  # it may: the article has yet to pass a stage
    THROUGH = 3  # it must


class DocumentStanding(NamedTuple):
    """What the ledger says of an article's document."""

    id: str
    revision: int
    shown: Shown


def iter_document_standings(connection: sa.Connection, now: dt.datetime) -> Iterator[DocumentStanding]:
    """Yield what the index should have of each article, in order of arrival."""
    c = items.c
    is_noted = withdrawn.c.id.isnot(None).label("noted")
    columns = sa.select(c.id, c.state, c.stage, c.revision, c.embargoed, is_noted)
    rows = stream(connection, columns.select_from(items.outerjoin(withdrawn, withdrawn.c.id == c.id)).order_by(c.seq))
    for row in rows:
        is_held = row.embargoed is not None and row.embargoed > now
        if row.noted:
            shown = Shown.UNWANTED
        elif row.state != PENDING or is_held:
            shown = Shown.HIDDEN
        else:
            shown = Shown.THROUGH if row.stage is None else Shown.ON_ITS_WAY
        yield DocumentStanding(row.id, row.revision, shown)


def iter_blobs(connection: sa.Connection) -> Iterator[tuple[str, str]]:
    """Yield (article, blob) for each page that the archive keeps; those that are noted to go are left out."""
    unwanted = set(connection.scalars(sa.select(unwanted_blobs.c.blob)))
    pages = sa.select(records.c.id, records.c.data).where(records.c.stage == Stage.FETCH)
    for row in stream(connection, pages):
        blob = from_json(row.data, Page).blob
        if blob and blob not in unwanted:
            yield row.id, blob


def list_unwanted_blobs(connection: sa.Connection) -> set[str]:
    """Return the blobs that are noted to go."""
    return set(connection.scalars(sa.select(unwanted_blobs.c.blob)))
