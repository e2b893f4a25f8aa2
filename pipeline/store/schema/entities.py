"""Tables of what enrich remembers: entities, how articles write them, and who names them."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.base import BIG, Utc, metadata

entities = sa.Table(
    "entities",
    metadata,
    sa.Column("n", BIG, primary_key=True, autoincrement=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),  # as it is shown, unless an editor decided otherwise
    sa.Column("fixed", sa.Boolean, nullable=False),  # whether the alias file or the gazetteer gives the name
    sa.Column("country", sa.Text),
    sa.Column("lat", sa.Float),
    sa.Column("lon", sa.Float),
    sa.Column("articles", sa.Integer, nullable=False),  # that name it
    sa.Column("first_seen", Utc, nullable=False),
    sa.Column("last_seen", Utc, nullable=False),
)
sa.Index("ix_entities_articles", entities.c.articles)

entity_articles = sa.Table(
    "entity_articles",
    metadata,
    sa.Column("entity", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),  # the article's, see items
    sqlite_with_rowid=False,
)
sa.Index("ix_entity_articles_seq", entity_articles.c.seq)

entity_forms = sa.Table(
    "entity_forms",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),  # what a RememberedForm is looked up by
    sa.Column("entity", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("surface", sa.Text, primary_key=True),
    sa.Column("sound", sa.Text),
    sa.Column("how", sa.Text, nullable=False),
    sa.Column("articles", sa.Integer, nullable=False),
    sa.Column("first_seen", Utc, nullable=False),
    sa.Column("last_seen", Utc, nullable=False),
)
sa.Index("ix_entity_forms_sound", entity_forms.c.sound, sqlite_where=entity_forms.c.sound.isnot(None),
         postgresql_where=entity_forms.c.sound.isnot(None))  # fmt: skip
sa.Index("ix_entity_forms_entity", entity_forms.c.entity)
sa.Index("ix_entity_forms_last_seen", entity_forms.c.last_seen)
