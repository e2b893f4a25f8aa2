"""What dedupe remembers: the sketches of articles, found by shared terms, and the groups that editors chose."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.base import SQLITE_ALONE, Utc, blob_table, metadata, postings_table

copy_sketches = blob_table("copy_sketches")  # data: a dedupe.sketch.Sketch; day: of the article's first sight

copy_terms = postings_table("copy_terms")

copy_terms_new = postings_table("copy_terms_new", info=SQLITE_ALONE)

copy_pins = sa.Table(
    "copy_pins",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),  # the article's, see items
    sa.Column("copy_group", sa.Text, nullable=False),  # the group that an editor put it in
    sa.Column("at", Utc, nullable=False),
    sa.Column("made_by", sa.Text),
    sa.Column("reason", sa.Text),
)
