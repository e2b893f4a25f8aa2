"""Tables of the transactional outboxes: what one transaction decides and a later one does."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.base import BIG, metadata

withdrawn = sa.Table(
    "withdrawn",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # of an article that the index may still have, and must not keep
)

unwanted_blobs = sa.Table(
    "unwanted_blobs",
    metadata,
    sa.Column("blob", sa.Text, primary_key=True),  # the archive may still have it, and must not keep it
)

losses = sa.Table(
    "losses",
    metadata,
    sa.Column("stage", sa.Text, primary_key=True),  # dedupe or cluster, which settles it
    sa.Column("name", sa.Text, primary_key=True),  # of a copy group or story that a withdrawn article was in
)

regrouped = sa.Table(
    "regrouped",
    metadata,
    sa.Column("n", BIG, primary_key=True, autoincrement=True),
    sa.Column("id", sa.Text, nullable=False),  # of an article that an editor put into another copy group
    sa.Column("anew", sa.Boolean, nullable=False),  # whether it need not stay in its story: the group was split
)
