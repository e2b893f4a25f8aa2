"""changes, api_keys: what became of documents, in order, and who may use the API."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pipeline.store.schema import BIG, Utc

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# What the index has already begins the feed, in order of arrival: whoever reads it from its beginning misses nothing.
_PRESENT = """
INSERT INTO changes (n, position, id, kind, at, revision, version, copy_group, story)
SELECT row_number() OVER (ORDER BY seq), row_number() OVER (ORDER BY seq), id, 'created', first_seen, indexed, version,
       copy_group, story
FROM items WHERE state = 'pending' AND story IS NOT NULL AND indexed <> 0
"""


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "changes",
        sa.Column("n", BIG, autoincrement=True, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("copy_group", sa.Text(), nullable=True),
        sa.Column("story", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_changes")),
    )
    op.create_index("ix_changes_position", "changes", ["position"], unique=True)
    op.create_index("ix_changes_id", "changes", ["id", "n"])
    unnumbered = sa.text("position IS NULL")
    op.create_index("ix_changes_unnumbered", "changes", ["n"], sqlite_where=unnumbered, postgresql_where=unnumbered)
    op.execute(_PRESENT)
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            "SELECT setval(pg_get_serial_sequence('changes', 'n'), max(n)) FROM changes HAVING max(n) IS NOT NULL"
        )
    op.create_table(
        "api_keys",
        sa.Column("n", BIG, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created", Utc(), nullable=False),
        sa.Column("expires", Utc(), nullable=True),
        sa.Column("revoked", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_api_keys")),
    )
    op.create_index("ix_api_keys_hash", "api_keys", ["hash"], unique=True)


def downgrade() -> None:
    """Change it back."""
    op.drop_table("api_keys")
    op.drop_table("changes")
