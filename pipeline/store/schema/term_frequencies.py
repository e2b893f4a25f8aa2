"""The table of how common terms are, as dedupe and cluster count them."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.base import metadata

frequencies = sa.Table(
    "frequencies",
    metadata,
    sa.Column("stage", sa.Text, primary_key=True),
    sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),  # 0: the whole; more: what came since
    sa.Column("data", sa.LargeBinary, nullable=False),  # in how many texts which term stands: a CountMinSketch
)
