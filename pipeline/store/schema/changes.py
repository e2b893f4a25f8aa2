"""Table of the changes of documents, in the order in which the ledger noted them."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.base import BIG, Utc, metadata

changes = sa.Table(
    "changes",
    metadata,
    sa.Column("n", BIG, primary_key=True, autoincrement=True),  # given when it is noted, seen when that is committed
    sa.Column("position", sa.BigInteger),  # in the feed; NULL until what was committed is numbered
    sa.Column("id", sa.Text, nullable=False),  # of the article
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),  # of the document, and what it stood in then
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("copy_group", sa.Text),
    sa.Column("story", sa.Text),
)
sa.Index("ix_changes_position", changes.c.position, unique=True)
sa.Index("ix_changes_id", changes.c.id, changes.c.n)
_UNNUMBERED = sa.text("position IS NULL")
sa.Index("ix_changes_unnumbered", changes.c.n, sqlite_where=_UNNUMBERED, postgresql_where=_UNNUMBERED)
