"""Read the entities of the ledger, how articles write them, and which articles name them.

``entity_memory`` counts and names them; this module only reads them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

import msgspec
import sqlalchemy as sa

from pipeline.records import Entity, EntityType, Location
from pipeline.store.schema.articles import items
from pipeline.store.schema.entities import entities, entity_articles, entity_forms
from pipeline.store.statements import among, columns_of, rows_as


class EntityRow(msgspec.Struct, frozen=True, kw_only=True):
    """An entity as the ledger knows it."""

    id: str
    name: str
    type: EntityType
    country: str | None
    location: Location | None
    articles: int
    first_seen: dt.datetime
    last_seen: dt.datetime

    def to_entity(self) -> Entity:
        """Return it as it stands in a document, without what is an article's own."""
        return Entity(id=self.id, name=self.name, type=self.type, country=self.country, location=self.location)


class SurfaceFormRow(msgspec.Struct, frozen=True, kw_only=True):
    """How articles write an entity."""

    surface: str
    how: str
    articles: int
    first_seen: dt.datetime
    last_seen: dt.datetime


class EntityCatalog:
    """The entities of a ledger."""

    def get(self, connection: sa.Connection, idents: Collection[str]) -> dict[str, EntityRow]:
        """Return id → entity of those that are known."""
        rows = connection.execute(sa.select(entities).where(among(connection, entities.c.id, sorted(idents))))
        return {row.id: _entity_row(row) for row in rows}

    def search_entities(
        self,
        connection: sa.Connection,
        text: str = "",
        kind: EntityType | None = None,
        *,
        exact: bool = False,
        limit: int = 50,
    ) -> list[EntityRow]:
        """Return the entities whose name or any form holds ``text`` (``exact``: is it), those most named first."""
        c = entities.c
        wanted = sa.select(entities).where(c.articles > 0).order_by(c.articles.desc(), c.id).limit(limit)
        if kind:
            wanted = wanted.where(c.type == kind)
        if text:
            like = text if exact else f"%{text}%"
            by_form = sa.select(entity_forms.c.entity).where(entity_forms.c.surface.ilike(like))
            wanted = wanted.where(sa.or_(c.name.ilike(like), c.n.in_(by_form)))
        return [_entity_row(row) for row in connection.execute(wanted)]

    def list_forms(self, connection: sa.Connection, ident: str) -> list[SurfaceFormRow]:
        """Return how articles write an entity, the most frequent first."""
        f = entity_forms.c
        columns = columns_of(entity_forms, SurfaceFormRow)
        wanted = sa.select(*columns).join(entities, entities.c.n == f.entity).where(entities.c.id == ident)
        return rows_as(SurfaceFormRow, connection.execute(wanted.order_by(f.articles.desc(), f.surface)))

    def list_articles(self, connection: sa.Connection, idents: Collection[str], limit: int = 20) -> list[str]:
        """Return the ids of the latest articles that name any of the entities."""
        latest = sa.select(items.c.id).where(items.c.seq.in_(self.select_articles_naming(connection, idents)))
        return list(connection.scalars(latest.order_by(items.c.seq.desc()).limit(limit)))

    def select_articles_naming(self, connection: sa.Connection, idents: Collection[str]) -> sa.Select[tuple[int]]:
        """Return the query for the articles (their seq) that name any of the entities."""
        joined = sa.select(entity_articles.c.seq).join(entities, entities.c.n == entity_articles.c.entity)
        return joined.where(among(connection, entities.c.id, sorted(idents)))


def _entity_row(row: Any) -> EntityRow:
    return EntityRow(
        id=row.id,
        name=row.name,
        type=EntityType(row.type),
        country=row.country,
        location=None if row.lat is None else Location(lat=row.lat, lon=row.lon),
        articles=row.articles,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
    )
