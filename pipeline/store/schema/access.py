"""Table of the keys by which programs and people use the API."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.base import BIG, Utc, metadata

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("n", BIG, primary_key=True, autoincrement=True),
    sa.Column("name", sa.Text, nullable=False),  # whose it is
    sa.Column("hash", sa.Text, nullable=False),  # SHA-256 of the key, which is kept nowhere
    sa.Column("scopes", sa.Text, nullable=False),  # what it may do: words, a space between them
    sa.Column("created", Utc, nullable=False),
    sa.Column("expires", Utc),  # from when on it is good for nothing
    sa.Column("revoked", Utc),
)
sa.Index("ix_api_keys_hash", api_keys.c.hash, unique=True)
