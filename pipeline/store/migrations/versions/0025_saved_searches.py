"""saved searches: what readers want to be told of, and what they were told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pipeline.store.schema import BIG, Utc

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change the schema."""
    op.create_table(
        "saved_searches",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("mailed", sa.BigInteger(), nullable=False),
        sa.Column("due", Utc(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_searches")),
        sa.UniqueConstraint("name", name=op.f("uq_saved_searches_name")),
    )
    op.create_table(
        "search_matches",
        sa.Column("n", BIG, autoincrement=True, nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("article", sa.Text(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_search_matches")),
        sa.UniqueConstraint("search", "article", name=op.f("uq_search_matches_search_article")),
    )
    op.create_index("ix_search_matches_search_n", "search_matches", ["search", "n"])
    op.create_index("ix_search_matches_at", "search_matches", ["at"])


def downgrade() -> None:
    """Change it back."""
    op.drop_table("search_matches")
    op.drop_table("saved_searches")
