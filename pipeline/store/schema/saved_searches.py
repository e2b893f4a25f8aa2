"""Tables of saved searches, and of what they have told."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.base import BIG, Utc, metadata

saved_searches = sa.Table(
    "saved_searches",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("search", sa.Text, nullable=False),  # a search_records.SavedSearch as JSON
    sa.Column("mailed", sa.BigInteger, nullable=False),  # up to which number its matches are in mails
    sa.Column("due", Utc),  # when the next digest is
    sa.Column("fault", sa.Text),  # why it can't be answered
)

search_matches = sa.Table(
    "search_matches",
    metadata,
    sa.Column("n", BIG, primary_key=True, autoincrement=True),
    sa.Column("search", sa.Text, nullable=False),
    sa.Column("article", sa.Text, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.UniqueConstraint("search", "article"),  # however often it is looked at, it is told once
)
sa.Index("ix_search_matches_search_n", search_matches.c.search, search_matches.c.n)
sa.Index("ix_search_matches_at", search_matches.c.at)
