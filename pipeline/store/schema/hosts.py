"""Tables of what fetch remembers of hosts: robots.txt files, and who wants to be left alone."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.base import Utc, metadata

robots = sa.Table(
    "robots",
    metadata,
    sa.Column("host", sa.Text, primary_key=True),
    sa.Column("fetched", Utc, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)

holds = sa.Table(
    "holds",
    metadata,
    sa.Column("host", sa.Text, primary_key=True),
    sa.Column("until", Utc, nullable=False),  # until then the host wants to be left alone
)
