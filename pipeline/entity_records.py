"""Records of how articles wrote entities, which the ledger keeps to link later articles.

They follow from the articles alone; what editors decide on entities is stored apart.
"""

from __future__ import annotations

import datetime as dt

from pipeline.records import Record


class RememberedForm(Record, frozen=True, kw_only=True):
    """A surface form: how an article writes an entity, stored for later articles."""

    entity: str
    key: str  # for lookups
    surface: str
    how: str  # its relation to the entity's name: "full", "acronym", "short", "listed" in the alias file,
    # or "base" for what its base form or its order in English may be
    sound: str | None = None  # how a person's full name sounds, as a key


class RememberedEntity(Record, frozen=True, kw_only=True):
    """An entity that earlier articles wrote in a surface form."""

    entity: str
    name: str  # as it is shown now
    country: str | None = None
    articles: int  # how many wrote it so
    last_seen: dt.datetime
