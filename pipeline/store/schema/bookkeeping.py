"""Tables of what the program notes of itself: values by name, and the locks of stages."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.base import Utc, metadata

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

locks = sa.Table(
    "locks",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("until", Utc, nullable=False),
)
