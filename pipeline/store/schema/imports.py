"""Table of the files that were imported, wholly or in part."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.schema.base import Utc, metadata

imports = sa.Table(
    "imports",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # of path and source: paths may be too long for a key
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),  # of the file, in bytes
    sa.Column("changed", sa.BigInteger, nullable=False),  # when the file was, in nanoseconds since 1970
    sa.Column("mark", sa.Text, nullable=False),  # hash of bytes before ``at``, by which a file that grew is recognised
    sa.Column("at", sa.BigInteger, nullable=False),  # where reading goes on: see intake.packed_stream.FilePosition
    sa.Column("within", sa.BigInteger, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("counts", sa.Text, nullable=False),  # what became of all that was read, as JSON
    sa.Column("updated", Utc, nullable=False),
    sa.Column("finished", Utc),
)
